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
-- The users (their former ids) that were linked to a user, and so are no users of their own, as its newest state says.
CREATE TABLE accounts (
    tenant  text NOT NULL,
    account text NOT NULL,
    user_id text NOT NULL,
    PRIMARY KEY (tenant, account, user_id)
);
CREATE INDEX accounts_by_user ON accounts (tenant, user_id);
INSERT INTO accounts (tenant, account, user_id)
SELECT DISTINCT i.tenant, (each ->> 'provider') || '|' || (each ->> 'user_id'), i.user_id
FROM identities AS i
CROSS JOIN json_array_elements(
    -- A CASE, because the order of conditions is not, and not every profile can be read.
    CASE
        WHEN position('\u0000' IN convert_from(i.profile, 'UTF8')) = 0
            AND json_typeof(convert_from(i.profile, 'UTF8')::json -> 'identities') = 'array'
        THEN convert_from(i.profile, 'UTF8')::json -> 'identities'
        ELSE '[]'::json
    END
) AS each
WHERE (each ->> 'provider') || '|' || (each ->> 'user_id') <> i.user_id;
"""


def upgrade() -> None:
    for statements in (LINKS, ACCOUNTS):
        op.get_bind().connection.cursor().execute(statements)
