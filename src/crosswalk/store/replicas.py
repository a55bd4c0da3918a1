"""The replicas of both sides, read in bulk: what can be planned from without asking anybody."""

from collections.abc import Sequence

import msgspec

from crosswalk.domain.identity import Identity, StateVersion
from crosswalk.domain.ids import RecordId, SyncName, TenantName, UserId
from crosswalk.domain.record import Record
from crosswalk.store.database import Connection

_values = msgspec.json.Decoder(dict[str, str | int | float | bool | None]).decode

# Relies on the primary key (tenant, user_id).
IDENTITIES = """
SELECT user_id, profile, updated_at, observed_at, carrier, deleted
FROM identities
WHERE tenant = %s AND user_id > %s AND NOT deleted
ORDER BY user_id
LIMIT %s
"""

# Relies on the unique index (sync, record_id).
RECORDS = """
SELECT object, record_id, record::text
FROM links
WHERE sync = %s AND record_id = ANY(%b::text[]) AND standing = 'live'
"""


async def identities_after(connection: Connection, tenant: TenantName, after: str, limit: int) -> list[Identity]:
    """The next users in the order of their ids, deleted ones left out."""
    rows = await (await connection.execute(IDENTITIES, (tenant, after, limit), binary=True)).fetchall()
    return [
        Identity(UserId(user_id), bytes(profile), StateVersion(updated_at, observed_at, carrier), deleted)
        for user_id, profile, updated_at, observed_at, carrier, deleted in rows
    ]


async def records(connection: Connection, sync: SyncName, ids: Sequence[RecordId]) -> dict[RecordId, Record]:
    """Linked records as the hub last knew them; those that are not linked, or not found lately, are absent."""
    rows = await (await connection.execute(RECORDS, (sync, list(ids)))).fetchall()
    return {
        RecordId(record_id): Record(object_, RecordId(record_id), _values(values))
        for object_, record_id, values in rows
    }
