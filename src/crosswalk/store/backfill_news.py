"""Of whom the hub came to know something since a back-fill planned for them."""

from collections.abc import Sequence

from crosswalk.domain.identity import StateVersion
from crosswalk.domain.ids import SyncName, TenantName, UserId
from crosswalk.store.database import Connection

# Everything that a plan of somebody without a link is made from, but for the user and the records. Each part relies on
# an index that begins with the user.
NEWS = """
WITH given AS MATERIALIZED (SELECT %(users)b::text[] AS users)
SELECT user_id FROM links WHERE sync = %(sync)s AND user_id = ANY((SELECT users FROM given)::text[])
UNION ALL
SELECT user_id FROM former_links WHERE sync = %(sync)s AND user_id = ANY((SELECT users FROM given)::text[])
UNION ALL
SELECT user_id FROM writes_begun WHERE sync = %(sync)s AND user_id = ANY((SELECT users FROM given)::text[])
UNION ALL
SELECT user_id
FROM decisions
WHERE sync = %(sync)s AND user_id = ANY((SELECT users FROM given)::text[]) AND ended_at IS NULL
UNION ALL
SELECT user_id
FROM quarantines
WHERE sync = %(sync)s AND user_id = ANY((SELECT users FROM given)::text[]) AND released_at IS NULL
UNION ALL
SELECT account FROM accounts WHERE tenant = %(tenant)s AND account = ANY((SELECT users FROM given)::text[])
"""

# Relies on the primary key (tenant, user_id).
STATES = """
SELECT user_id, updated_at, observed_at, carrier
FROM identities
WHERE tenant = %s AND user_id = ANY(%b::text[])
"""

# Relies on the primary key (sync, user_id).
LINKED = "SELECT user_id FROM links WHERE sync = %s AND user_id = ANY(%b::text[])"


async def with_news(connection: Connection, tenant: TenantName, sync: SyncName, users: Sequence[UserId]) -> set[UserId]:
    """The users, of these without a link, to whom any came, or a decision, or who became an account of another."""
    rows = await connection.execute(NEWS, {"users": list(users), "sync": sync, "tenant": tenant})
    return {UserId(row[0]) for row in await rows.fetchall()}


async def states(connection: Connection, tenant: TenantName, users: Sequence[UserId]) -> dict[UserId, StateVersion]:
    """Which state of these users is stored; those never heard of are absent."""
    rows = await (await connection.execute(STATES, (tenant, list(users)))).fetchall()
    return {UserId(user_id): StateVersion(*version) for user_id, *version in rows}


async def linked(connection: Connection, sync: SyncName, users: Sequence[UserId]) -> set[UserId]:
    """Which of these users have a link."""
    return {UserId(row[0]) for row in await (await connection.execute(LINKED, (sync, list(users)))).fetchall()}
