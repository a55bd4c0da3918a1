"""Forgetting a person: everything that the hub keeps about a user, but for what was done and when.

The audit trail and the inbox keep their rows, without any value: that something was written, by whom and because of
which event stays provable. Ids stay too; they name nobody once both sides have erased the person.
"""

from collections.abc import Mapping, Sequence
from typing import LiteralString

from crosswalk.domain.ids import SyncName, TenantName, UserId
from crosswalk.store.database import Connection

# The records that the user was ever linked to: events about them are about the person.
RECORDS = """
SELECT record_id FROM links WHERE sync = ANY(%s) AND user_id = %s
UNION
SELECT record_id FROM former_links WHERE sync = ANY(%s) AND user_id = %s
UNION
SELECT record_id FROM audit WHERE sync = ANY(%s) AND user_id = %s AND record_id <> %s
"""

OF_SYNCS: Mapping[str, LiteralString] = {
    "links": "DELETE FROM links WHERE sync = ANY(%s) AND user_id = %s",
    "former_links": "DELETE FROM former_links WHERE sync = ANY(%s) AND user_id = %s",
    "effects": "DELETE FROM effects WHERE sync = ANY(%s) AND subject = %s",
    "effects_begun": "DELETE FROM effects_begun WHERE sync = ANY(%s) AND subject = %s",
    "decisions": "DELETE FROM decisions WHERE sync = ANY(%s) AND user_id = %s",
    "quarantines": "DELETE FROM quarantines WHERE sync = ANY(%s) AND user_id = %s",
    "held_plans": "DELETE FROM held_plans WHERE sync = ANY(%s) AND user_id = %s",
    "claims": "DELETE FROM claims WHERE sync = ANY(%s) AND user_id = %s",
    "problems": "DELETE FROM problems WHERE sync = ANY(%s) AND user_id = %s",
    "audit": "UPDATE audit SET old = NULL, new = NULL WHERE sync = ANY(%s) AND user_id = %s",
}
"""What is done in each table that belongs to a sync."""

IDENTITY = "DELETE FROM identities WHERE tenant = %s AND user_id = %s"
ACCOUNTS = "DELETE FROM accounts WHERE tenant = %s AND user_id = %s"

# Relies on inbox_by_user. What is still to be dealt with keeps its content until then.
EVENTS = """
UPDATE inbox AS i
SET raw = '{}'
WHERE ((i.tenant = %s AND i.user_id = %s) OR i.record_id = ANY(%s))
    AND NOT EXISTS (SELECT FROM due AS d WHERE d.seq = i.seq AND d.outcome IS NULL)
"""

# A conflict of another identity may show the person's record as a candidate.
OTHERS_EVIDENCE = """
UPDATE problems AS p
SET detail = '{}'
WHERE p.sync = ANY(%s) AND p.resolved_at IS NOT NULL AND position(%s IN p.detail::text) > 0
"""


async def erase_user(
    connection: Connection, tenant: TenantName, syncs: Sequence[SyncName], user_id: UserId
) -> dict[str, int]:
    """Forget a user of a tenant in these syncs, all of the tenant's; returns how many rows of each table it took."""
    names = list(syncs)
    pair = (names, user_id)
    rows = await (await connection.execute(RECORDS, (*pair, *pair, *pair, user_id))).fetchall()
    records = [row[0] for row in rows]
    counts = {table: (await connection.execute(sql, pair)).rowcount for table, sql in OF_SYNCS.items()}
    counts["problems"] += (await connection.execute(OTHERS_EVIDENCE, pair)).rowcount
    counts["accounts"] = (await connection.execute(ACCOUNTS, (tenant, user_id))).rowcount
    counts["identities"] = (await connection.execute(IDENTITY, (tenant, user_id))).rowcount
    counts["inbox"] = (await connection.execute(EVENTS, (tenant, user_id, records))).rowcount
    return counts
