"""Erasing a person from the hub, on request."""

from msgspec import Struct

from crosswalk.domain.ids import TenantName, UserId
from crosswalk.engine.hub import Hub
from crosswalk.store import erasure


class Erased(Struct, frozen=True):
    """What was erased about a user: how many rows of each table."""

    tenant: TenantName
    user_id: UserId
    rows: dict[str, int]


async def erase_user(hub: Hub, tenant: TenantName, user_id: UserId) -> Erased:
    """Forget everything about a user, but for what was done and when; writes to neither side.

    Ask Auth0 and Salesforce to erase the person first: as long as they tell of it, the hub learns of it again. Asking
    again is harmless, and takes what came in meanwhile.
    """
    syncs = [name for name, compiled in hub.compiled.items() if compiled.definition.tenant == tenant]
    async with hub.database.transaction() as connection:
        rows = await erasure.erase_user(connection, tenant, syncs, user_id)
    return Erased(tenant, user_id, {table: number for table, number in rows.items() if number})
