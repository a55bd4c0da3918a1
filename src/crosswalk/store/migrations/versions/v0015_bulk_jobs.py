"""Jobs of an org that write a lane's batch, remembered until what came of them is booked."""

from alembic import op

revision = "0015"
down_revision = "0014"

BULK_JOBS = """
CREATE TABLE bulk_jobs (
    org        text NOT NULL,
    job_id     text NOT NULL,
    sync       text NOT NULL,
    lane       smallint NOT NULL,
    object     text NOT NULL,
    key        text NOT NULL,
    seqs       bigint[] NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org, job_id)
);
CREATE INDEX bulk_jobs_by_lane ON bulk_jobs (sync, lane);
"""


def upgrade() -> None:
    op.get_bind().connection.cursor().execute(BULK_JOBS)
