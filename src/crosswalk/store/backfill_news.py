"""Of whom the hub came to know something since a back-fill planned for them."""

from collections.abc import Sequence
from datetime import datetime

from crosswalk.domain.identity import StateVersion
from crosswalk.domain.ids import SyncName, TenantName, UserId
from crosswalk.store.database import Connection
from crosswalk.store.due import NOBODY, Lane

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

# Events about records that were nobody's when they came, and are somebody's now. Relies on the primary keys.
TOLD_MEANWHILE = """
INSERT INTO due (sync, seq, lane, user_id, received_at, rank)
SELECT d.sync, d.seq, (hashtextextended(l.user_id, 0) & 2147483647) %% %s, l.user_id, d.received_at, d.rank
FROM due AS d
CROSS JOIN LATERAL (SELECT record_id FROM inbox WHERE seq = d.seq LIMIT 1) AS i
JOIN links AS l ON l.sync = d.sync AND l.record_id = i.record_id
WHERE d.sync = %s AND d.user_id = %s AND d.received_at >= %s
ON CONFLICT (sync, seq, user_id) DO NOTHING
RETURNING lane
"""


async def with_news(connection: Connection, tenant: TenantName, sync: SyncName, users: Sequence[UserId]) -> set[UserId]:
    """The users, of these without a link, to whom any came, or a decision, or who became an account of another."""
    rows = await connection.execute(NEWS, {"users": list(users), "sync": sync, "tenant": tenant})
    return {UserId(row[0]) for row in await rows.fetchall()}


async def states(connection: Connection, tenant: TenantName, users: Sequence[UserId]) -> dict[UserId, StateVersion]:
    """Which state of these users is stored; those never heard of are absent."""
    rows = await (await connection.execute(STATES, (tenant, list(users)))).fetchall()
    return {UserId(user_id): StateVersion(*version) for user_id, *version in rows}


async def told_meanwhile(connection: Connection, sync: SyncName, lanes: int, since: datetime) -> list[Lane]:
    """Hand what was told of records since then to those who were given these records; returns whose lanes have work."""
    await connection.execute("SET LOCAL statement_timeout = 0")
    cursor = await connection.execute(TOLD_MEANWHILE, (lanes, sync, NOBODY, since))
    return [Lane(sync, number) for number in sorted({row[0] for row in await cursor.fetchall()})]


async def linked(connection: Connection, sync: SyncName, users: Sequence[UserId]) -> set[UserId]:
    """Which of these users have a link."""
    return {UserId(row[0]) for row in await (await connection.execute(LINKED, (sync, list(users)))).fetchall()}
