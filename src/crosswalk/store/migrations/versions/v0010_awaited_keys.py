"""What identities without a record wait for, so that a record that comes to have it finds them."""

from alembic import op

revision = "0010"
down_revision = "0009"

AWAITED_KEYS = """
-- One row for each match key of an identity without a record, and for each record that stands in its way. A key is a
-- digest of object, fields and normalised value: it is only ever compared. Rows go when the identity gets a record.
CREATE TABLE awaited_keys (
    sync    text NOT NULL,
    key     bytea NOT NULL,
    user_id text NOT NULL,
    PRIMARY KEY (sync, key, user_id)
);
CREATE INDEX awaited_keys_by_user ON awaited_keys (sync, user_id);
"""


def upgrade() -> None:
    op.get_bind().connection.cursor().execute(AWAITED_KEYS)
