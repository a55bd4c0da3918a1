"""Claims are given up without a row in any index, and addresses, which nobody looks for any more, have none."""

from alembic import op

revision = "0025"
down_revision = "0024"

CLAIMS = """
-- A claim is given up within seconds: its row is written again in the half of the page that is left for that, which
-- PostgreSQL only does where no B-tree holds what changes. What is old lies together, as this index needs it.
DROP INDEX claims_released;
CREATE INDEX claims_released ON claims USING brin (released_at) WITH (pages_per_range = 32, autosummarize = on);
ALTER TABLE claims SET (fillfactor = 45);
"""

ADDRESSES = """
-- Whoever waits for a record is found by the keys that are awaited.
DROP INDEX identities_by_email;
"""


def upgrade() -> None:
    for statements in (CLAIMS, ADDRESSES):
        op.get_bind().connection.cursor().execute(statements)
