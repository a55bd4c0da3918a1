"""What somebody is to be told of by webhook, and which parts of the hub fail."""

from alembic import op

revision = "0019"
down_revision = "0018"

ALERTS = """
-- One row for each trouble, from its beginning to its end; `told` is what the receiver has heard of it last.
CREATE TABLE alerts (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key       text NOT NULL,
    condition json NOT NULL,
    since     timestamptz NOT NULL DEFAULT now(),
    seen_at   timestamptz NOT NULL DEFAULT now(),
    ended_at  timestamptz,
    told      text,
    attempts  integer NOT NULL DEFAULT 0,
    try_at    timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX alerts_standing ON alerts (key) WHERE ended_at IS NULL;

-- What each process says of its own parts, sources among them, while they fail.
CREATE TABLE failing_parts (
    part    text PRIMARY KEY,
    error   text NOT NULL,
    since   timestamptz NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now()
);
"""


def upgrade() -> None:
    op.get_bind().connection.cursor().execute(ALERTS)
