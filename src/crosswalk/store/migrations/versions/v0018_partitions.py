"""Inbox and audit trail in parts by time, so that what is old is dropped whole; each event once by a table of ids."""

from alembic import op

revision = "0018"
down_revision = "0017"

# A row's number begins with the day on which it was stored (days since 1970), so that the parts are cut by numbers:
# whoever looks for a number looks into one part, and unique numbers stay unique over all of them.
INBOX = """
LOCK TABLE inbox, due IN ACCESS EXCLUSIVE MODE;
ALTER TABLE due DROP CONSTRAINT due_seq_fkey;
ALTER TABLE inbox ALTER seq DROP IDENTITY;
ALTER TABLE inbox RENAME TO inbox_before;
ALTER TABLE inbox_before DROP CONSTRAINT inbox_tenant_org_event_id_key;
ALTER INDEX inbox_pkey RENAME TO inbox_before_pkey;
ALTER INDEX inbox_by_user RENAME TO inbox_before_by_user;

CREATE SEQUENCE inbox_number;
SELECT setval('inbox_number', coalesce(max(seq), 0) + 1, false) FROM inbox_before;
CREATE TABLE inbox (LIKE inbox_before INCLUDING DEFAULTS) PARTITION BY RANGE (seq);
ALTER TABLE inbox
    ALTER seq SET DEFAULT extract(epoch FROM now())::bigint / 86400 * 10000000000
        + nextval('inbox_number') % 10000000000,
    ADD CONSTRAINT inbox_pkey PRIMARY KEY (seq);
CREATE INDEX inbox_by_user ON inbox (tenant, user_id, seq);
"""

AUDIT = """
LOCK TABLE audit IN ACCESS EXCLUSIVE MODE;
ALTER TABLE audit ALTER id DROP IDENTITY;
ALTER TABLE audit RENAME TO audit_before;
ALTER INDEX audit_pkey RENAME TO audit_before_pkey;
ALTER INDEX audit_by_user RENAME TO audit_before_by_user;
ALTER INDEX audit_by_record RENAME TO audit_before_by_record;

CREATE SEQUENCE audit_number;
SELECT setval('audit_number', coalesce(max(id), 0) + 1, false) FROM audit_before;
CREATE TABLE audit (LIKE audit_before INCLUDING DEFAULTS) PARTITION BY RANGE (id);
ALTER TABLE audit
    ALTER id SET DEFAULT extract(epoch FROM now())::bigint / 86400 * 10000000000
        + nextval('audit_number') % 10000000000,
    ADD CONSTRAINT audit_pkey PRIMARY KEY (id);
CREATE INDEX audit_by_user ON audit (sync, user_id, id);
CREATE INDEX audit_by_record ON audit (record_id, field, id);
"""

# What there was becomes the first part of each; what no part is there for goes to the rest, so that a forgotten part
# stops nobody. `crosswalk.store.partitions` makes and drops the others.
PARTS = """
DO $$
DECLARE
    today CONSTANT bigint := extract(epoch FROM now())::bigint / 86400 * 10000000000;
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['inbox', 'audit'] LOOP
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (MINVALUE) TO (%s)',
                       name, name || '_before', today);
        EXECUTE format('CREATE TABLE %I PARTITION OF %I DEFAULT', name || '_rest', name);
        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%s) TO (%s)',
                       name || to_char(now() AT TIME ZONE 'UTC', '_YYYYMMDD'), name, today, today + 7 * 10000000000);
    END LOOP;
END
$$;
"""

# Unique ids over all parts need a table of their own: a digest of whose event it is and of its id, and the day on which
# it was stored. The trigger does what ON CONFLICT DO NOTHING did, for whoever inserts, older processes included.
EVENT_IDS = """
CREATE TABLE event_ids (
    id  uuid NOT NULL,
    day integer NOT NULL
);

CREATE FUNCTION event_digest(tenant text, org text, event_id text) RETURNS uuid
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN left(encode(sha256(convert_to(
    length(tenant) || ':' || tenant || length(org) || ':' || org || event_id, 'UTF8'
)), 'hex'), 32)::uuid;

INSERT INTO event_ids (id, day)
SELECT event_digest(tenant, org, event_id), extract(epoch FROM received_at)::bigint / 86400
FROM inbox_before;
ALTER TABLE event_ids ADD PRIMARY KEY (id);
CREATE INDEX event_ids_by_day ON event_ids USING brin (day) WITH (pages_per_range = 32, autosummarize = on);

CREATE FUNCTION take_event_once() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO event_ids (id, day)
    VALUES (event_digest(NEW.tenant, NEW.org, NEW.event_id), NEW.seq / 10000000000)
    ON CONFLICT DO NOTHING;
    IF FOUND THEN
        RETURN NEW;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER inbox_once BEFORE INSERT ON inbox FOR EACH ROW EXECUTE FUNCTION take_event_once();
"""

RESOLVED = """
CREATE INDEX problems_resolved ON problems (resolved_at) WHERE resolved_at IS NOT NULL;
"""


def upgrade() -> None:
    for statements in (INBOX, AUDIT, PARTS, EVENT_IDS, RESOLVED):
        op.get_bind().connection.cursor().execute(statements)
