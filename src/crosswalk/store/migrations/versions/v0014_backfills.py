"""Back-fills: their chunks with their state, and what the report says about whom."""

from alembic import op

revision = "0014"
down_revision = "0013"

BACKFILLS = """
-- One row for each back-fill; of a sync, one at a time. It goes on wherever its stage and its chunks say that it is.
CREATE TABLE backfills (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sync        text NOT NULL,
    direction   text NOT NULL,
    stage       text NOT NULL DEFAULT 'reading',
    paused      boolean NOT NULL DEFAULT false,
    write       boolean NOT NULL,
    ordered_by  text NOT NULL,
    approved_by text,
    lanes       integer NOT NULL,
    definition  text NOT NULL,
    started_at  timestamptz NOT NULL DEFAULT now(),
    moved_at    timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    read_at     timestamptz,
    users       integer NOT NULL DEFAULT 0,
    records     integer NOT NULL DEFAULT 0,
    report      json,
    outcomes    json NOT NULL DEFAULT '{}',
    error       text NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX backfills_open ON backfills (sync) WHERE finished_at IS NULL;

-- Users of one lane as they were read; a chunk's state moves in the transaction that stores what came of it.
CREATE TABLE backfill_chunks (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    backfill   bigint NOT NULL REFERENCES backfills,
    lane       smallint NOT NULL,
    users      integer NOT NULL,
    profiles   bytea,
    state      text NOT NULL DEFAULT 'read',
    tally      json NOT NULL DEFAULT '{}',
    changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX backfill_chunks_by_state ON backfill_chunks (backfill, state, lane, id);
-- They are compressed already.
ALTER TABLE backfill_chunks ALTER COLUMN profiles SET STORAGE EXTERNAL;

CREATE TABLE backfill_findings (
    backfill   bigint NOT NULL REFERENCES backfills,
    user_id    text NOT NULL,
    outlook    text NOT NULL,
    situation  text NOT NULL,
    rule       text NOT NULL,
    object     text NOT NULL,
    record_ids text NOT NULL,
    words      text NOT NULL
);
CREATE INDEX backfill_findings_by_outlook ON backfill_findings (backfill, outlook, user_id);
"""


def upgrade() -> None:
    op.get_bind().connection.cursor().execute(BACKFILLS)
