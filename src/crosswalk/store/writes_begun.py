"""What is about to be written for identities, noted before it is sent and forgotten once it is booked.

Where an answer is lost, or the process dies, whoever looks at the identity next knows what may have been written.
"""

from collections.abc import Collection, Mapping

import msgspec

from crosswalk.domain.begun import BegunWrites
from crosswalk.domain.ids import SyncName, UserId
from crosswalk.store.database import Connection, fetch_row
from crosswalk.store.new_rows import MANY, a_few, add_rows, blobs, rows_of, same, texts

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(BegunWrites).decode

# All rely on the primary key.
READ = """
SELECT user_id, begun::text
FROM writes_begun
WHERE sync = %s AND user_id = ANY(%b::text[])
"""

FORGET = """
DELETE FROM writes_begun
WHERE sync = %s AND user_id = ANY(%b::text[])
"""

NOTE = """
INSERT INTO writes_begun (sync, user_id, begun)
SELECT %s, given.user_id, given.begun::json
FROM unnest(%b::text[], %b::text[]) AS given (user_id, begun)
ORDER BY given.user_id
ON CONFLICT (sync, user_id) DO UPDATE
SET begun = excluded.begun, begun_at = now()
"""

ANY_KNOWN = "SELECT EXISTS (SELECT FROM writes_begun WHERE sync = %s AND user_id = ANY(%b::text[]))"
ADD = "COPY writes_begun (sync, user_id, begun) FROM STDIN (FORMAT binary)"


async def read(connection: Connection, sync: SyncName, user_ids: Collection[UserId]) -> dict[UserId, BegunWrites]:
    """What was begun for these identities, of which nobody knows what became of it."""
    rows = await (await connection.execute(READ, (sync, list(user_ids)))).fetchall()
    return {UserId(user_id): _decode(begun) for user_id, begun in rows}


async def note(connection: Connection, sync: SyncName, begun: Mapping[UserId, BegunWrites]) -> None:
    """Note what is about to be written, in a transaction that ends before it is sent."""
    if begun and not (len(begun) >= MANY and await _add(connection, sync, begun)):
        values = [_encode(each).decode() for each in begun.values()]
        await connection.execute(NOTE, (sync, list(begun), values))


async def _add(connection: Connection, sync: SyncName, begun: Mapping[UserId, BegunWrites]) -> bool:
    """Note what is about to be written, where nothing is noted of any of these; `False` where something is."""
    users = sorted(begun)
    if (await fetch_row(connection, ANY_KNOWN, (sync, a_few(users))))[0]:
        return False
    rows = rows_of(same(sync, len(users)), texts(users), blobs(_encode(begun[user_id]) for user_id in users))
    return await add_rows(connection, (ADD, rows))


async def settle(connection: Connection, sync: SyncName, left: Mapping[UserId, BegunWrites | None]) -> None:
    """Forget what was begun for these identities, but for what is still not known of some."""
    known = [user_id for user_id, begun in left.items() if begun is None]
    if known:
        await connection.execute(FORGET, (sync, known))
    await note(connection, sync, {user_id: begun for user_id, begun in left.items() if begun is not None})
