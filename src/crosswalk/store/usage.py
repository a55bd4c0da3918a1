"""The org's own count of API calls, as its answers say."""

from crosswalk.domain.ids import OrgName
from crosswalk.store.database import Connection

SAVE = """
INSERT INTO api_usage (org, used, allowed)
VALUES (%s, %s, %s)
ON CONFLICT (org) DO UPDATE
SET used = excluded.used, allowed = excluded.allowed, seen_at = now()
"""


async def save(connection: Connection, org: OrgName, used: int, allowed: int) -> None:
    """Store the newest figures: calls used in the last 24 hours, and calls allowed."""
    await connection.execute(SAVE, (org, used, allowed))
