"""Fields that are left alone because somebody else keeps writing them back, and the writes that show it."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from crosswalk.domain.ids import SyncName, UserId
from crosswalk.domain.quarantine import Quarantine
from crosswalk.domain.values import FieldValue
from crosswalk.store.batches import worth_asking
from crosswalk.store.database import Connection

BY_TIME = "time"
"""Who released a field that nobody released."""

# Relies on quarantines_standing.
STANDING = """
SELECT user_id, quarantine::text
FROM quarantines
WHERE sync = %s AND user_id = ANY(%b::text[]) AND released_at IS NULL
ORDER BY user_id, field
"""

# Mostly none is. Relies on quarantines_standing.
ANY_STANDS = "SELECT EXISTS (SELECT FROM quarantines WHERE sync = %s AND released_at IS NULL)"

PUT = """
INSERT INTO quarantines (sync, user_id, field, quarantine, ends_at)
SELECT %s, *
FROM unnest(%b::text[], %b::text[], %b::json[], %b::timestamptz[])
     AS q (user_id, field, quarantine, ends_at)
ON CONFLICT (sync, user_id, field) WHERE released_at IS NULL DO NOTHING
"""

# What became known later.
AMEND = """
UPDATE quarantines AS q
SET quarantine = a.quarantine
FROM unnest(%b::text[], %b::text[], %b::json[]) AS a (user_id, field, quarantine)
WHERE q.sync = %s AND q.user_id = a.user_id AND q.field = a.field AND q.released_at IS NULL
"""

RELEASE = """
UPDATE quarantines
SET released_at = clock_timestamp(), released_by = %s
WHERE sync = %s AND user_id = %s AND field = %s AND released_at IS NULL
"""

# Fields whose time is over. Relies on quarantines_ending.
RELEASE_ENDED = """
UPDATE quarantines
SET released_at = clock_timestamp(), released_by = %s
WHERE released_at IS NULL AND ends_at <= now()
RETURNING id, sync, user_id, field
"""

# The hub's own writes of fields in the last hour, and since the identity's last release: what was before is forgiven.
# At most so many rows are read for each identity, the newest. Relies on audit_by_user and quarantines_by_user.
RECENT_WRITES = """
SELECT u.user_id, a.object, a.field, a.old, a.new, a.reason
FROM unnest(%b::text[]) AS u (user_id)
CROSS JOIN LATERAL (
    SELECT max(released_at) AS at FROM quarantines WHERE sync = %b AND user_id = u.user_id
) AS released
CROSS JOIN LATERAL (
    SELECT id, at, object, action, field, old, new, reason
    FROM audit
    WHERE sync = %b AND user_id = u.user_id
    ORDER BY id DESC
    LIMIT 300
) AS a
WHERE a.action = 'update' AND a.reason IN ('restored', 'changed', 'newer', 'filled')
    AND a.at > greatest(now() - interval '1 hour', released.at)
ORDER BY u.user_id, a.id
"""

# What the tenant's log told of a user in the last hour, newest first. Relies on inbox_by_user.
LOGGED = """
SELECT raw
FROM inbox
WHERE tenant = %s AND user_id = %s AND source IN ('log_stream', 'log_poll')
    AND received_at > now() - interval '1 hour'
ORDER BY seq DESC
LIMIT 200
"""

_decode = msgspec.json.Decoder(Quarantine).decode


class RecentWrite(Struct, frozen=True):
    """A field that the hub wrote, as the audit trail has it."""

    user_id: UserId
    object: str
    field: str
    old: FieldValue
    new: FieldValue
    reason: str


async def standing(
    connection: Connection, sync: SyncName, user_ids: Sequence[UserId]
) -> dict[UserId, tuple[Quarantine, ...]]:
    """The fields of these identities that are left alone."""
    if not await worth_asking(connection, ANY_STANDS, sync, user_ids):
        return {}
    found: dict[UserId, tuple[Quarantine, ...]] = {}
    for user_id, text in await (await connection.execute(STANDING, (sync, list(user_ids)))).fetchall():
        found[UserId(user_id)] = (*found.get(UserId(user_id), ()), _decode(text))
    return found


async def put(connection: Connection, sync: SyncName, found: Sequence[tuple[UserId, Quarantine]]) -> None:
    """Leave fields alone from now on."""
    encode = msgspec.json.encode
    columns = (
        [user_id for user_id, _ in found],
        [each.field for _, each in found],
        [encode(each).decode() for _, each in found],
        [each.until for _, each in found],
    )
    await connection.execute(PUT, (sync, *columns))


async def amend(connection: Connection, sync: SyncName, known: Sequence[tuple[UserId, Quarantine]]) -> None:
    """Store what became known about fields that are left alone already."""
    encode = msgspec.json.encode
    columns = (
        [user_id for user_id, _ in known],
        [each.field for _, each in known],
        [encode(each).decode() for _, each in known],
    )
    await connection.execute(AMEND, (*columns, sync))


async def release(connection: Connection, sync: SyncName, user_id: UserId, field: str, by: str) -> bool:
    """Take a field out of quarantine; returns whether it was in it."""
    return (await connection.execute(RELEASE, (by, sync, user_id, field))).rowcount > 0


async def release_ended(connection: Connection) -> list[tuple[int, SyncName, UserId, str]]:
    """Take out every field whose time is over, and return which those are, with the quarantine's number."""
    rows = await (await connection.execute(RELEASE_ENDED, (BY_TIME,))).fetchall()
    return [(number, SyncName(sync), UserId(user_id), field) for number, sync, user_id, field in rows]


async def recent_writes(connection: Connection, sync: SyncName, user_ids: Sequence[UserId]) -> list[RecentWrite]:
    """What the hub wrote about these identities in the last hour and since their last release, oldest first."""
    rows = await (await connection.execute(RECENT_WRITES, (list(user_ids), sync, sync))).fetchall()
    return [RecentWrite(*row) for row in rows]


async def logged(connection: Connection, tenant: str, user_id: UserId) -> list[bytes]:
    """The entries of the tenant's log about a user in the last hour, as they came, newest first."""
    return [bytes(row[0]) for row in await (await connection.execute(LOGGED, (tenant, user_id))).fetchall()]
