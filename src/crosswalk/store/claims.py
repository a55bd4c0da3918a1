"""Short-lived claims on a match key or a record, so that two workers never make or take one record twice."""

from collections.abc import Sequence

from msgspec import Struct

from crosswalk.domain.ids import SyncName, UserId
from crosswalk.store.database import Connection


class Claim(Struct, frozen=True):
    """`user_id` is about to write the record of this object whose `field` has this value."""

    user_id: UserId
    object: str
    field: str
    value: str


# The first to claim gets it; claiming one's own again is fine. Sorted, so that two workers cannot deadlock.
CLAIM = """
INSERT INTO claims AS held (sync, user_id, object, field, value)
SELECT %s, *
FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[]) AS wanted (user_id, object, field, value)
ORDER BY wanted.object, wanted.field, wanted.value, wanted.user_id
ON CONFLICT (sync, object, field, value) DO NOTHING
"""

# Whose wanted claims somebody else holds.
HELD_BY_OTHERS = """
SELECT DISTINCT wanted.user_id
FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[]) AS wanted (user_id, object, field, value)
JOIN claims AS held USING (object, field, value)
WHERE held.sync = %s AND held.user_id <> wanted.user_id
"""

# Relies on claims_by_user.
RELEASE = """
DELETE FROM claims
WHERE sync = %s AND user_id = ANY(%b::text[])
"""


async def claim(connection: Connection, sync: SyncName, wanted: Sequence[Claim]) -> set[UserId]:
    """Claim what is free; returns the identities that have to wait because another holds something they want."""
    columns = (
        [c.user_id for c in wanted],
        [c.object for c in wanted],
        [c.field for c in wanted],
        [c.value for c in wanted],
    )
    await connection.execute(CLAIM, (sync, *columns))
    rows = await (await connection.execute(HELD_BY_OTHERS, (*columns, sync))).fetchall()
    return {UserId(row[0]) for row in rows}


async def release(connection: Connection, sync: SyncName, user_ids: Sequence[UserId]) -> None:
    """Give up everything that these identities claimed."""
    await connection.execute(RELEASE, (sync, list(user_ids)))
