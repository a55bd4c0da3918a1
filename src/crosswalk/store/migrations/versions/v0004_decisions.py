"""What people decided, and fields that are left alone because somebody else keeps writing them back."""

from alembic import op

revision = "0004"
down_revision = "0003"

DECISIONS = """
-- One row for each decision; it stands while ended_at is null. The field is empty where it is about which record is the
-- identity's. Rows are kept when they end: they say who decided what.
CREATE TABLE decisions (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sync       text NOT NULL,
    user_id    text NOT NULL,
    field      text NOT NULL,
    decision   json NOT NULL,
    decided_by text NOT NULL,
    decided_at timestamptz NOT NULL,
    ended_at   timestamptz,
    ended_as   text
);
CREATE UNIQUE INDEX decisions_standing ON decisions (sync, user_id, field) WHERE ended_at IS NULL;
CREATE INDEX decisions_by_user ON decisions (sync, user_id, id);
"""

QUARANTINES = """
-- One row for each time that a field was found to flip; it is left alone while released_at is null.
CREATE TABLE quarantines (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sync        text NOT NULL,
    user_id     text NOT NULL,
    field       text NOT NULL,
    quarantine  json NOT NULL,
    ends_at     timestamptz NOT NULL,
    released_at timestamptz,
    released_by text
);
CREATE UNIQUE INDEX quarantines_standing ON quarantines (sync, user_id, field) WHERE released_at IS NULL;
CREATE INDEX quarantines_ending ON quarantines (ends_at) WHERE released_at IS NULL;
CREATE INDEX quarantines_by_user ON quarantines (sync, user_id, id);
"""


def upgrade() -> None:
    for statements in (DECISIONS, QUARANTINES):
        op.get_bind().connection.cursor().execute(statements)
