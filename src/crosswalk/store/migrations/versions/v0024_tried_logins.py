"""Pauses know which credentials were refused: others are tried at once, the same ones only from time to time."""

from alembic import op

revision = "0024"
down_revision = "0023"

TRIED_WITH = "ALTER TABLE pauses ADD COLUMN tried_with text[] NOT NULL DEFAULT '{}'"


def upgrade() -> None:
    op.execute(TRIED_WITH)
