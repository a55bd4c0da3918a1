"""Who changed a record last, by the fields that every object of an org keeps about it."""

from crosswalk.connectors.salesforce.query import query
from crosswalk.connectors.salesforce.soql import quote
from crosswalk.connectors.salesforce.transport import Transport
from crosswalk.domain.ids import RecordId
from crosswalk.domain.quarantine import LastWriter


async def last_writer(transport: Transport, object_name: str, record_id: RecordId) -> LastWriter | None:
    """Return who changed a record last; `None` where the record is gone. Raises what `query` raises.

    Automation that runs when the hub saves a record (a record-triggered flow, an Apex trigger) changes it as the hub's
    own user.
    """
    soql = (
        "SELECT LastModifiedById, LastModifiedBy.Name, LastModifiedDate "  # noqa: S608  the name of a mapped object
        f"FROM {object_name} WHERE Id = {quote(record_id)}"
    )
    rows = await query(transport, soql)
    if not rows:
        return None
    user_id, user = str(rows[0].get("LastModifiedById") or ""), rows[0].get("LastModifiedBy")
    name = str(user.get("Name") or "") if isinstance(user, dict) else ""
    own = await transport.own_user()
    return LastWriter(
        name or user_id, str(rows[0].get("LastModifiedDate") or ""), bool(own) and own[:15] == user_id[:15]
    )
