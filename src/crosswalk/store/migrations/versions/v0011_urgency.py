"""Due work has a rank: what is urgent goes first. Workers from before go on by age alone."""

from alembic import op

revision = "0011"
down_revision = "0010"

URGENCY = """
ALTER TABLE due ADD COLUMN rank smallint NOT NULL DEFAULT 2;
CREATE INDEX due_by_rank ON due (sync, lane, rank, seq) WHERE outcome IS NULL;
"""


def upgrade() -> None:
    op.get_bind().connection.cursor().execute(URGENCY)
