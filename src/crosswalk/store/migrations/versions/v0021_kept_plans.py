"""What a back-fill found out about a chunk is kept until the chunk is written."""

from alembic import op

revision = "0021"
down_revision = "0020"

KEPT = """
ALTER TABLE backfill_chunks ADD COLUMN plans bytea;
-- They are compressed already.
ALTER TABLE backfill_chunks ALTER COLUMN plans SET STORAGE EXTERNAL;
"""


def upgrade() -> None:
    op.get_bind().connection.cursor().execute(KEPT)
