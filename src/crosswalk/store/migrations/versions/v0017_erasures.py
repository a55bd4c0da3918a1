"""People who were erased: receipts, and digests of their ids."""

from alembic import op

revision = "0017"
down_revision = "0016"

ERASURES = """
-- One row for each erasure: who ordered it, when, and what was done; the person stands there by a pseudonym.
CREATE TABLE erasures (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT now(),
    by         text NOT NULL,
    tenant     text NOT NULL,
    subject    text NOT NULL,
    rows       json NOT NULL DEFAULT '{}',
    salesforce json NOT NULL DEFAULT '[]'
);

-- What comes about these is not kept, until they are made anew.
CREATE TABLE erased_ids (
    digest    bytea PRIMARY KEY,
    erasure   bigint NOT NULL REFERENCES erasures,
    erased_at timestamptz NOT NULL DEFAULT now()
);
"""


def upgrade() -> None:
    op.get_bind().connection.cursor().execute(ERASURES)
