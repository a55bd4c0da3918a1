"""How far each pull source of each tenant and org was read."""

from datetime import datetime

from msgspec import Struct

from crosswalk.domain.ids import Origin
from crosswalk.store.database import Connection

READ = """
SELECT position, moved_at
FROM cursors
WHERE tenant = %s AND org = %s AND source = %s
"""

MOVE = """
INSERT INTO cursors (tenant, org, source, position)
VALUES (%s, %s, %s, %s)
ON CONFLICT (tenant, org, source) DO UPDATE
SET position = excluded.position, moved_at = now()
"""


class Cursor(Struct, frozen=True):
    """A position in the vendor's own terms, opaque to us, and when we got there."""

    position: str
    moved_at: datetime


async def read(connection: Connection, origin: Origin, source: str) -> Cursor | None:
    """The stored cursor; `None` before the first."""
    row = await (await connection.execute(READ, (*origin, source))).fetchone()
    return None if row is None else Cursor(row[0], row[1])


async def move(connection: Connection, origin: Origin, source: str, position: str) -> None:
    """Store the position; in the same transaction as the events before it, so that none is skipped or lost."""
    await connection.execute(MOVE, (*origin, source, position))
