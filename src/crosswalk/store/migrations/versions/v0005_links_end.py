"""Links follow life: how a link's record was found, which links there were before, and which users became accounts."""

from alembic import op

revision = "0005"
down_revision = "0004"

LINKS = """
-- How the record was found when it was last looked at; unless it is 'live', it is looked for before any plan.
ALTER TABLE links ADD COLUMN standing text NOT NULL DEFAULT 'live';

-- Links that are no more: what a record or a user was linked to before, until when and why.
CREATE TABLE former_links (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sync      text NOT NULL,
    user_id   text NOT NULL,
    object    text NOT NULL,
    record_id text NOT NULL,
    reason    text NOT NULL,
    evidence  text NOT NULL,
    base      json NOT NULL,
    successor text,
    moved_to  text,
    linked_at timestamptz NOT NULL,
    ended_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX former_links_by_user ON former_links (sync, user_id, id);
CREATE INDEX former_links_by_short_record_id ON former_links (left(record_id, 15));
"""

ACCOUNTS = r"""
-- The users that were linked to a user and so are no users of their own any more.
ALTER TABLE identities ADD COLUMN accounts text[] NOT NULL DEFAULT '{}';
UPDATE identities AS i
SET accounts = array(
    SELECT (each ->> 'provider') || '|' || (each ->> 'user_id')
    FROM json_array_elements(convert_from(i.profile, 'UTF8')::json -> 'identities') AS each
    WHERE (each ->> 'provider') || '|' || (each ->> 'user_id') <> i.user_id
)
WHERE position('\u0000' IN convert_from(i.profile, 'UTF8')) = 0
    AND json_typeof(convert_from(i.profile, 'UTF8')::json -> 'identities') = 'array'
    AND json_array_length(convert_from(i.profile, 'UTF8')::json -> 'identities') > 1;
CREATE INDEX identities_by_account ON identities USING gin (accounts) WHERE accounts <> '{}';
"""


def upgrade() -> None:
    for statements in (LINKS, ACCOUNTS):
        op.get_bind().connection.cursor().execute(statements)
