"""With which state of the identity nothing was left to do, so that events that change nothing cost no evaluation."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.get_bind().connection.cursor().execute("ALTER TABLE links ADD COLUMN settled text NOT NULL DEFAULT ''")
