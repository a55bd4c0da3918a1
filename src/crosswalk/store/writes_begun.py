"""What is about to be written for identities, noted before it is sent and forgotten once it is booked.

Where an answer is lost, or the process dies, whoever looks at the identity next knows what may have been written.
"""

from collections.abc import Collection, Mapping

import msgspec

from crosswalk.domain.begun import BegunWrites
from crosswalk.domain.ids import SyncName, UserId
from crosswalk.store.database import Connection

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(BegunWrites).decode

# Both rely on the primary key.
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
ON CONFLICT (sync, user_id) DO UPDATE
SET begun = excluded.begun, begun_at = now()
"""


async def read(connection: Connection, sync: SyncName, user_ids: Collection[UserId]) -> dict[UserId, BegunWrites]:
    """What was begun for these identities, of which nobody knows what became of it."""
    rows = await (await connection.execute(READ, (sync, list(user_ids)))).fetchall()
    return {UserId(user_id): _decode(begun) for user_id, begun in rows}


async def note(connection: Connection, sync: SyncName, begun: Mapping[UserId, BegunWrites]) -> None:
    """Note what is about to be written, in a transaction that ends before it is sent."""
    if begun:
        texts = [_encode(each).decode() for each in begun.values()]
        await connection.execute(NOTE, (sync, list(begun), texts))


async def settle(connection: Connection, sync: SyncName, left: Mapping[UserId, BegunWrites | None]) -> None:
    """Forget what was begun for these identities, but for what is still not known of some."""
    known = [user_id for user_id, begun in left.items() if begun is None]
    if known:
        await connection.execute(FORGET, (sync, known))
    await note(connection, sync, {user_id: begun for user_id, begun in left.items() if begun is not None})
