"""A back-fill may take in the deals that were won before the hub came."""

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.get_bind().connection.cursor().execute("ALTER TABLE backfills ADD COLUMN deals boolean NOT NULL DEFAULT false")
