"""What flows did, for as long as it holds and afterwards."""

from alembic import op

revision = "0003"
down_revision = "0002"

EFFECTS = """
-- One row for each thing that a flow did for a subject (an identity, or a record such as a deal).
-- Held while undone_at is null. An episode ends when the flow wants something no more: what is made anew in the next
-- one needs another name.
CREATE TABLE effects (
    sync      text NOT NULL,
    flow      text NOT NULL,
    subject   text NOT NULL,
    key       text NOT NULL,
    episode   integer NOT NULL,
    effect    json NOT NULL,
    number    bigint GENERATED ALWAYS AS IDENTITY,
    event_seq bigint,
    done_at   timestamptz NOT NULL DEFAULT now(),
    undone_at timestamptz,
    PRIMARY KEY (sync, flow, subject, key)
);
CREATE INDEX effects_held_by_key ON effects (sync, key) WHERE undone_at IS NULL;
"""


def upgrade() -> None:
    op.get_bind().connection.cursor().execute(EFFECTS)
