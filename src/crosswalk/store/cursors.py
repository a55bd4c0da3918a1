"""How far each pull source of each tenant was read."""

from crosswalk.domain.ids import TenantName
from crosswalk.store.database import Connection

READ = """
SELECT position
FROM cursors
WHERE tenant = %s AND source = %s
"""

MOVE = """
INSERT INTO cursors (tenant, source, position)
VALUES (%s, %s, %s)
ON CONFLICT (tenant, source) DO UPDATE
SET position = excluded.position, moved_at = now()
"""


async def read(connection: Connection, tenant: TenantName, source: str) -> str | None:
    """The stored position, opaque to us; `None` before the first."""
    row = await (await connection.execute(READ, (tenant, source))).fetchone()
    return None if row is None else str(row[0])


async def move(connection: Connection, tenant: TenantName, source: str, position: str) -> None:
    """Store the position; in the same transaction as the events before it, so that none is skipped or lost."""
    await connection.execute(MOVE, (tenant, source, position))
