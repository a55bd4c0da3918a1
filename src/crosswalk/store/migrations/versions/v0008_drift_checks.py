"""When both sides were compared, and what came of it."""

from alembic import op

revision = "0008"
down_revision = "0007"

CHECKS = """
-- One row for each drift check that came to its end, well or badly (then with the error). Only figures, no values.
CREATE TABLE drift_checks (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sync        text NOT NULL,
    asked_by    text NOT NULL,
    started_at  timestamptz NOT NULL,
    finished_at timestamptz NOT NULL DEFAULT now(),
    report      json NOT NULL,
    error       text
);
CREATE INDEX drift_checks_by_sync ON drift_checks (sync, asked_by, id);
"""


def upgrade() -> None:
    op.get_bind().connection.cursor().execute(CHECKS)
