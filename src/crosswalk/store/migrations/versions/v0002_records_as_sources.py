"""Salesforce as a source: events about records, their way to an identity, and who has which e-mail address."""

from alembic import op

revision = "0002"
down_revision = "0001"

INBOX = """
-- An event comes from a tenant (and is about a user) or from an org (and is about a record); the other name is empty.
ALTER TABLE inbox
    ADD COLUMN org text NOT NULL DEFAULT '',
    ADD COLUMN object text,
    ADD COLUMN record_id text;
ALTER TABLE inbox DROP CONSTRAINT inbox_tenant_event_id_key;
ALTER TABLE inbox ADD UNIQUE (tenant, org, event_id);

-- What happened to a record may concern several identities.
ALTER TABLE due DROP CONSTRAINT due_pkey;
ALTER TABLE due ADD PRIMARY KEY (sync, seq, user_id);
CREATE INDEX due_by_user ON due (sync, user_id, seq);

ALTER TABLE cursors ADD COLUMN org text NOT NULL DEFAULT '';
ALTER TABLE cursors DROP CONSTRAINT cursors_pkey;
ALTER TABLE cursors ADD PRIMARY KEY (tenant, org, source);
"""

EMAILS = r"""
-- A record that appears in Salesforce finds the identities that wait for it by their e-mail address, in lower case.
ALTER TABLE identities ADD COLUMN email text;
UPDATE identities
SET email = lower(convert_from(profile, 'UTF8')::json ->> 'email')
WHERE position('\u0000' IN convert_from(profile, 'UTF8')) = 0;
CREATE INDEX identities_by_email ON identities (tenant, email) WHERE email IS NOT NULL;
"""


def upgrade() -> None:
    for statements in (INBOX, EMAILS):
        op.get_bind().connection.cursor().execute(statements)
