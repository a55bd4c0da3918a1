"""What is about to be written to a record or a user is noted before it is sent."""

from alembic import op

revision = "0020"
down_revision = "0019"

BEGUN = """
-- One row for each identity whose record is about to be made or marked as its own, or to which a side's newer value is
-- about to be written, until it is known what became of it: a change that is seen afterwards is then told from the
-- hub's own unbooked write, and a record is found of which nobody lived to book whose it is.
CREATE TABLE writes_begun (
    sync     text NOT NULL,
    user_id  text NOT NULL,
    begun    json NOT NULL,
    begun_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (sync, user_id)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
"""


def upgrade() -> None:
    op.get_bind().connection.cursor().execute(BEGUN)
