"""Dead letters are told by their cause; what people do by hand is noted; tenants, orgs, syncs and flows may pause."""

from alembic import op

revision = "0012"
down_revision = "0011"

DEAD_LETTERS = """
-- The name that all dead letters have which failed for one reason; empty for other kinds, and for an older worker's.
ALTER TABLE problems ADD COLUMN cause text NOT NULL DEFAULT '';
-- How a dead letter ended that did not go away by itself: discarded or expired.
ALTER TABLE problems ADD COLUMN resolution text;
CREATE INDEX problems_dead ON problems (sync, id) WHERE kind = 'dead_letter' AND resolved_at IS NULL;
"""

INTERVENTIONS = """
-- What people did by hand; append-only.
CREATE TABLE interventions (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at     timestamptz NOT NULL DEFAULT now(),
    by     text NOT NULL,
    deed   text NOT NULL,
    sync   text NOT NULL,
    about  text NOT NULL,
    reason text NOT NULL,
    number integer NOT NULL
);
"""

PAUSES = """
-- One row for each time that a tenant, an org, a sync or a flow paused; it stands while ended_at is null.
CREATE TABLE pauses (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind     text NOT NULL,
    name     text NOT NULL,
    code     text NOT NULL,
    object   text NOT NULL,
    message  text NOT NULL,
    since    timestamptz NOT NULL DEFAULT now(),
    probe_at timestamptz NOT NULL,
    probes   integer NOT NULL DEFAULT 0,
    ended_at timestamptz,
    ended_by text
);
CREATE UNIQUE INDEX pauses_standing ON pauses (kind, name) WHERE ended_at IS NULL;
CREATE INDEX pauses_ended ON pauses (kind, name, ended_at) WHERE ended_at IS NOT NULL;

-- Work that waits for a flow to go on is due at no time until then.
CREATE INDEX due_parked ON due (sync, user_id) WHERE outcome IS NULL AND not_before = 'infinity';
"""


def upgrade() -> None:
    for statements in (DEAD_LETTERS, INTERVENTIONS, PAUSES):
        op.get_bind().connection.cursor().execute(statements)
