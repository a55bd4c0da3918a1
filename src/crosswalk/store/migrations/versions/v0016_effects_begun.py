"""What flows are about to do is noted before it is done."""

from alembic import op

revision = "0016"
down_revision = "0015"

BEGUN = """
-- One row for each thing that a flow is about to do for a subject, until it is known to be done: whoever finds it there
-- later, after a crash or without an answer, knows what may be there.
CREATE TABLE effects_begun (
    sync     text NOT NULL,
    flow     text NOT NULL,
    subject  text NOT NULL,
    key      text NOT NULL,
    episode  integer NOT NULL,
    effect   json NOT NULL,
    number   bigint GENERATED ALWAYS AS IDENTITY,
    begun_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (sync, flow, subject, key)
);
"""


def upgrade() -> None:
    op.get_bind().connection.cursor().execute(BEGUN)
