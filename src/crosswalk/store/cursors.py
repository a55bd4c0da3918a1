"""How far each pull source of each tenant was read."""

from datetime import datetime

from msgspec import Struct

from crosswalk.domain.ids import TenantName
from crosswalk.store.database import Connection

READ = """
SELECT position, moved_at
FROM cursors
WHERE tenant = %s AND source = %s
"""

MOVE = """
INSERT INTO cursors (tenant, source, position)
VALUES (%s, %s, %s)
ON CONFLICT (tenant, source) DO UPDATE
SET position = excluded.position, moved_at = now()
"""


class Cursor(Struct, frozen=True):
    """A position in the vendor's own terms, opaque to us, and when we got there."""

    position: str
    moved_at: datetime


async def read(connection: Connection, tenant: TenantName, source: str) -> Cursor | None:
    """The stored cursor; `None` before the first."""
    row = await (await connection.execute(READ, (tenant, source))).fetchone()
    return None if row is None else Cursor(row[0], row[1])


async def move(connection: Connection, tenant: TenantName, source: str, position: str) -> None:
    """Store the position; in the same transaction as the events before it, so that none is skipped or lost."""
    await connection.execute(MOVE, (tenant, source, position))
