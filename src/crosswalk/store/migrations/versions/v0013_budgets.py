"""Budgets of API calls that all processes share, and what calls were made for."""

from alembic import op

revision = "0013"
down_revision = "0012"

BUDGETS = """
-- One row per tenant and org; `state` is what crosswalk.domain.budget describes. Written about once a second by each
-- process that makes calls, only ever as the next version of what it read.
CREATE TABLE budgets (
    name       text PRIMARY KEY,
    version    bigint NOT NULL,
    state      jsonb NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

-- Calls by the hour they were told in, what they were made for, and the sync (empty for none).
CREATE TABLE budget_spending (
    name    text NOT NULL,
    hour    timestamptz NOT NULL,
    purpose text NOT NULL,
    sync    text NOT NULL,
    calls   bigint NOT NULL,
    PRIMARY KEY (name, hour, purpose, sync)
);
"""


def upgrade() -> None:
    op.get_bind().connection.cursor().execute(BUDGETS)
