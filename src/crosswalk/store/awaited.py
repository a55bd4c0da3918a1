"""What identities without a record wait for: digests of their match keys and of the records in their way."""

from collections.abc import Collection, Mapping, Sequence

from crosswalk.domain.ids import SyncName, UserId
from crosswalk.store.batches import worth_asking
from crosswalk.store.database import Connection, fetch_row

REGISTER = """
INSERT INTO awaited_keys (sync, key, user_id)
SELECT %s, *
FROM unnest(%b::bytea[], %b::text[]) AS given (key, user_id)
ORDER BY 2, 3
ON CONFLICT DO NOTHING
"""

# Relies on awaited_keys_by_user.
FORGET = """
WITH kept AS (
    SELECT given.key, given.user_id
    FROM unnest(%b::bytea[], %b::text[]) AS given (key, user_id)
    WHERE NOT EXISTS (SELECT FROM links AS l WHERE l.sync = %b AND l.user_id = given.user_id)
)
DELETE FROM awaited_keys AS a
WHERE a.sync = %b AND a.user_id = ANY(%b::text[])
    AND NOT EXISTS (SELECT FROM kept AS k WHERE k.key = a.key AND k.user_id = a.user_id)
"""

# Relies on the primary key (sync, key, user_id).
ANY_WAITS = "SELECT EXISTS (SELECT FROM awaited_keys WHERE sync = %s)"

# Relies on the primary key (sync, key, user_id).
WAITING_FOR = """
SELECT key, user_id
FROM awaited_keys
WHERE sync = %s AND key = ANY(%b::bytea[])
ORDER BY key, user_id
"""


async def any_waits(connection: Connection, sync: SyncName) -> bool:
    """Whether anybody of a sync waits for anything."""
    return bool((await fetch_row(connection, ANY_WAITS, (sync,)))[0])


async def register(connection: Connection, sync: SyncName, awaited: Mapping[UserId, Collection[bytes]]) -> None:
    """Note what these identities wait for, beside what they waited for already."""
    keys, users = _columns(awaited)
    if keys:
        await connection.execute(REGISTER, (sync, keys, users))


async def settle(connection: Connection, sync: SyncName, awaited: Mapping[UserId, Collection[bytes]]) -> None:
    """Note that these identities wait for exactly this; those that are linked by now wait for nothing."""
    if not awaited:
        return
    await register(connection, sync, awaited)
    if not await worth_asking(connection, ANY_WAITS, sync, awaited):
        return
    keys, users = _columns(awaited)
    await connection.execute(FORGET, (keys, users, sync, sync, list(awaited)))


async def waiting_for(
    connection: Connection, sync: SyncName, keys: Collection[bytes]
) -> dict[bytes, tuple[UserId, ...]]:
    """Who waits for each of these keys; those for which nobody waits are absent."""
    if not keys:
        return {}
    found: dict[bytes, tuple[UserId, ...]] = {}
    for key, user_id in await (await connection.execute(WAITING_FOR, (sync, list(keys)))).fetchall():
        found[key] = (*found.get(key, ()), UserId(user_id))
    return found


def _columns(awaited: Mapping[UserId, Collection[bytes]]) -> tuple[Sequence[bytes], Sequence[UserId]]:
    pairs = [(key, user_id) for user_id, keys in awaited.items() for key in keys]
    return [key for key, _ in pairs], [user_id for _, user_id in pairs]
