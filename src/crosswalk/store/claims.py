"""Short-lived claims on a match key or a record, so that two workers never make or take one record twice."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from crosswalk.domain.ids import SyncName, UserId
from crosswalk.store.database import Connection, fetch_row
from crosswalk.store.new_rows import MANY, a_few, add_rows, rows_of, same, texts, words


class Claim(Struct, frozen=True):
    """`user_id` is about to write the record of this object whose `field` has this value."""

    user_id: UserId
    object: str
    field: str
    value: str


MOMENT = "SELECT clock_timestamp()"

# The first to claim gets it; claiming one's own again is fine. What another gave up is free only for those who began to
# plan after that: whoever looked before may have looked past the record that the other made. Of two users of one batch
# the first gets it. Sorted, so that two workers cannot deadlock.
CLAIM = """
INSERT INTO claims AS held (sync, user_id, object, field, value)
SELECT %s, user_id, object, field, value
FROM (
    SELECT DISTINCT ON (object, field, value) user_id, object, field, value
    FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[]) AS wanted (user_id, object, field, value)
    ORDER BY object, field, value, user_id
) AS first
ON CONFLICT (sync, object, field, value) DO UPDATE
SET user_id = excluded.user_id, claimed_at = now(), released_at = NULL
WHERE held.user_id = excluded.user_id OR held.released_at < %s
"""

# Whose wanted claims somebody else holds, or gave up too late.
HELD_BY_OTHERS = """
SELECT DISTINCT wanted.user_id
FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[]) AS wanted (user_id, object, field, value)
JOIN claims AS held USING (object, field, value)
WHERE held.sync = %s AND held.user_id <> wanted.user_id
"""

# Whether anybody holds, or gave up, any of these, or something that looks like one. Relies on the primary key.
ANY_TAKEN = """
SELECT EXISTS (
    SELECT
    FROM claims
    WHERE sync = %s AND object = ANY(%b::text[]) AND field = ANY(%b::text[]) AND value = ANY(%b::text[])
)
"""
ADD = "COPY claims (sync, user_id, object, field, value) FROM STDIN (FORMAT binary)"

# The row stays in its page and in its indexes, for which pages are left half empty. Relies on claims_by_user.
RELEASE = """
UPDATE claims
SET released_at = clock_timestamp()
WHERE sync = %s AND user_id = ANY(%b::text[]) AND released_at IS NULL
"""

# No plan is in the making for so long. Relies on claims_released.
FORGET = "DELETE FROM claims WHERE released_at < now() - interval '10 minutes'"


async def moment(connection: Connection) -> datetime:
    """The time by the database's clock, to be taken before a plan looks at anything."""
    row = await fetch_row(connection, MOMENT, ())
    now: datetime = row[0]
    return now


async def claim(connection: Connection, sync: SyncName, wanted: Sequence[Claim], since: datetime) -> set[UserId]:
    """Claim what is free; returns the identities that have to wait, and to be planned anew.

    `since` is the `moment` before anything was looked up for these claims.
    """
    if len(wanted) >= MANY and await _add(connection, sync, wanted):
        return set()
    columns = (
        [c.user_id for c in wanted],
        [c.object for c in wanted],
        [c.field for c in wanted],
        [c.value for c in wanted],
    )
    taken = (await connection.execute(CLAIM, (sync, *columns, since))).rowcount
    if taken == len(wanted):
        return set()  # each of them was free
    rows = await (await connection.execute(HELD_BY_OTHERS, (*columns, sync))).fetchall()
    return {UserId(row[0]) for row in rows}


async def _add(connection: Connection, sync: SyncName, wanted: Sequence[Claim]) -> bool:
    """Claim what nobody ever claimed; `False` where somebody did, and nothing was claimed."""
    some = a_few(wanted)
    objects, fields, values = {c.object for c in some}, {c.field for c in some}, [c.value for c in some]
    if (await fetch_row(connection, ANY_TAKEN, (sync, list(objects), list(fields), values)))[0]:
        return False
    ordered = sorted(wanted, key=lambda c: (c.object, c.field, c.value))
    rows = rows_of(
        same(sync, len(ordered)),
        texts([c.user_id for c in ordered]),
        words([c.object for c in ordered]),
        words([c.field for c in ordered]),
        texts([c.value for c in ordered]),
    )
    return await add_rows(connection, (ADD, rows))


async def release(connection: Connection, sync: SyncName, user_ids: Sequence[UserId]) -> None:
    """Give up everything that these identities claimed."""
    await connection.execute(RELEASE, (sync, list(user_ids)))


async def forget(connection: Connection) -> None:
    """Delete claims that were given up so long ago that nobody can have looked before that."""
    await connection.execute(FORGET)
