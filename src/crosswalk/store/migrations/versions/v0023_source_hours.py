"""When each source gave events, hour by hour: how long it is usually silent."""

from alembic import op

revision = "0023"
down_revision = "0022"

HOURS = """
CREATE TABLE source_hours (
    tenant   text NOT NULL,
    org      text NOT NULL,
    source   text NOT NULL,
    hour     timestamptz NOT NULL,
    first_at timestamptz NOT NULL,
    last_at  timestamptz NOT NULL,
    events   bigint NOT NULL,
    PRIMARY KEY (tenant, org, source, hour)
);

-- Up to which number of the inbox the hours were counted; one row.
CREATE TABLE source_hours_counted (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    seq bigint NOT NULL
);
"""


def upgrade() -> None:
    op.get_bind().connection.cursor().execute(HOURS)
