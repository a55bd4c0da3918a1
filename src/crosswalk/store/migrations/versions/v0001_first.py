"""The first schema: inbox, due work, replicas, links, ledger, cursors; and the job engine's own tables."""

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0001"
down_revision = None

INBOX = """
-- Every accepted event as it came. Append-only: rows are never updated, so intake and jobs cannot deadlock over them.
CREATE TABLE inbox (
    seq         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant      text NOT NULL,
    event_id    text NOT NULL,
    source      text NOT NULL,
    type        text NOT NULL,
    disposition text NOT NULL,
    note        text NOT NULL,
    user_id     text,
    updated_at  text,
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    raw         bytea NOT NULL,
    UNIQUE (tenant, event_id)
);
CREATE INDEX inbox_by_user ON inbox (tenant, user_id, seq);

-- What each sync still has to do about an event (outcome is null), and what came of it.
CREATE TABLE due (
    sync        text NOT NULL,
    seq         bigint NOT NULL REFERENCES inbox,
    lane        smallint NOT NULL,
    user_id     text NOT NULL,
    received_at timestamptz NOT NULL,
    not_before  timestamptz NOT NULL DEFAULT '-infinity',
    attempts    smallint NOT NULL DEFAULT 0,
    outcome     text,
    finished_at timestamptz,
    PRIMARY KEY (sync, seq)
);
CREATE INDEX due_waiting ON due (sync, lane, seq) WHERE outcome IS NULL;
CREATE INDEX due_waiting_by_user ON due (sync, user_id) WHERE outcome IS NULL;
"""

REPLICAS_AND_LINKS = """
-- The newest known state of each Auth0 user: the replica of the identity side.
CREATE TABLE identities (
    tenant      text NOT NULL,
    user_id     text NOT NULL,
    profile     bytea NOT NULL,
    updated_at  text NOT NULL,
    observed_at text NOT NULL,
    carrier     text NOT NULL,
    deleted     boolean NOT NULL,
    seen_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, user_id)
);

-- Identity to record, with the replica of the CRM side and the base of the three-way merge.
-- json, not jsonb: values are kept to the letter, and jsonb refuses some legal strings.
CREATE TABLE links (
    sync        text NOT NULL,
    user_id     text NOT NULL,
    object      text NOT NULL,
    record_id   text NOT NULL,
    evidence    text NOT NULL,
    record      json NOT NULL,
    base        json NOT NULL,
    linked_at   timestamptz NOT NULL DEFAULT now(),
    changed_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (sync, user_id),
    UNIQUE (sync, record_id)
);
-- People paste ids of 15 or of 18 characters; the first 15 name the record.
CREATE INDEX links_by_short_record_id ON links (left(record_id, 15));
"""

CLAIMS = """
-- Who is about to create or take which record: two identities of one person, reconciled at the same moment by two
-- workers, must not make two records. Rows live from just before the write until its result is in the ledger.
CREATE TABLE claims (
    sync       text NOT NULL,
    object     text NOT NULL,
    field      text NOT NULL,
    value      text NOT NULL,
    user_id    text NOT NULL,
    claimed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (sync, object, field, value)
);
CREATE INDEX claims_by_user ON claims (sync, user_id);
"""

LEDGER = """
-- One row for each field that was written: who, what, why, from which event, old and new value.
CREATE TABLE audit (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT now(),
    actor      text NOT NULL,
    sync       text NOT NULL,
    user_id    text NOT NULL,
    object     text NOT NULL,
    record_id  text NOT NULL,
    action     text NOT NULL,
    field      text NOT NULL,
    old        json,
    new        json,
    reason     text NOT NULL,
    place      text NOT NULL,
    event_seq  bigint
);
CREATE INDEX audit_by_user ON audit (sync, user_id, id);
CREATE INDEX audit_by_record ON audit (record_id, field, id);

-- What needs a person, or is being retried: open while resolved_at is null.
CREATE TABLE problems (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sync        text NOT NULL,
    user_id     text NOT NULL,
    kind        text NOT NULL,
    object      text NOT NULL,
    field       text NOT NULL,
    code        text NOT NULL,
    message     text NOT NULL,
    detail      json NOT NULL,
    event_seq   bigint,
    attempts    integer NOT NULL DEFAULT 1,
    first_seen  timestamptz NOT NULL DEFAULT now(),
    last_seen   timestamptz NOT NULL DEFAULT now(),
    resolved_at timestamptz
);
CREATE UNIQUE INDEX problems_open ON problems (sync, user_id, kind, field) WHERE resolved_at IS NULL;
"""

SOURCES = """
-- How far each pull source was read.
CREATE TABLE cursors (
    tenant     text NOT NULL,
    source     text NOT NULL,
    position   text NOT NULL,
    moved_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, source)
);

-- The org's own count of API calls, from the headers of its answers.
CREATE TABLE api_usage (
    org        text PRIMARY KEY,
    used       integer NOT NULL,
    allowed    integer NOT NULL,
    seen_at    timestamptz NOT NULL DEFAULT now()
);
"""


def upgrade() -> None:
    for statements in (INBOX, REPLICAS_AND_LINKS, CLAIMS, LEDGER, SOURCES, SchemaManager.get_schema()):
        # By the driver itself: Alembic's own execute would read colons as parameters and take one statement at a time.
        op.get_bind().connection.cursor().execute(statements)
