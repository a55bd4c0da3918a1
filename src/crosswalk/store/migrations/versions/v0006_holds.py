"""Mass-change thresholds: how much was written lately, and what waits for a person."""

from alembic import op

revision = "0006"
down_revision = "0005"

COUNTS = """
-- How many identities had a write of a limited kind, by minute; what is older than any window is deleted on the way.
CREATE TABLE write_counts (
    sync   text NOT NULL,
    kind   text NOT NULL,
    minute timestamptz NOT NULL,
    writes integer NOT NULL,
    PRIMARY KEY (sync, kind, minute)
);
"""

HOLDS = """
-- One row for each time that a kind of write was stopped; it waits for a person while decided_at is null.
CREATE TABLE holds (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sync       text NOT NULL,
    kind       text NOT NULL,
    opened_at  timestamptz NOT NULL DEFAULT now(),
    allowed    integer NOT NULL,
    would_be   integer NOT NULL,
    window_s   double precision NOT NULL,
    decided_at timestamptz,
    decision   text,
    decided_by text,
    identities integer,
    open_until timestamptz
);
CREATE UNIQUE INDEX holds_open ON holds (sync, kind) WHERE decided_at IS NULL;

-- The plans of a hold: what would be written. A row goes when its identity is dealt with.
CREATE TABLE held_plans (
    sync        text NOT NULL,
    user_id     text NOT NULL,
    hold_id     bigint NOT NULL REFERENCES holds,
    fingerprint text NOT NULL,
    plan        json NOT NULL,
    PRIMARY KEY (sync, user_id)
);
CREATE INDEX held_plans_by_hold ON held_plans (hold_id, user_id);

-- Events of held identities, which are looked for when somebody decides.
CREATE INDEX due_held ON due (sync, user_id) WHERE outcome = 'held';
"""


def upgrade() -> None:
    for statements in (COUNTS, HOLDS):
        op.get_bind().connection.cursor().execute(statements)
