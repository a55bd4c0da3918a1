"""Keys of short-lived rows begin with what tells rows apart: one comparison for each step instead of up to four."""

from alembic import op

revision = "0026"
down_revision = "0025"

KEYS = """
ALTER TABLE claims DROP CONSTRAINT claims_pkey, ADD PRIMARY KEY (value, field, object, sync);
DROP INDEX claims_by_user;
CREATE INDEX claims_by_user ON claims (user_id, sync);
ALTER TABLE writes_begun DROP CONSTRAINT writes_begun_pkey, ADD PRIMARY KEY (user_id, sync);
"""


def upgrade() -> None:
    op.get_bind().connection.cursor().execute(KEYS)
