"""Claims are remembered for a while after they were given up, for those who had looked before."""

from alembic import op

revision = "0009"
down_revision = "0008"

CLAIMS = """
ALTER TABLE claims ADD COLUMN released_at timestamptz;
CREATE INDEX claims_released ON claims (released_at) WHERE released_at IS NOT NULL;
"""


def upgrade() -> None:
    op.get_bind().connection.cursor().execute(CLAIMS)
