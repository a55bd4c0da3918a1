"""Records that go to the recycle bin, by the external id that the hub made them with."""

from urllib.parse import quote

from crosswalk.connectors.base import Done, Failure
from crosswalk.connectors.errors import CallRefused, ConnectorError
from crosswalk.connectors.salesforce.errors import result_of_failed_call
from crosswalk.connectors.salesforce.transport import Transport
from crosswalk.domain.record_writes import RecordDelete


async def delete_record(transport: Transport, write: RecordDelete) -> Done | Failure:
    """Delete a record by its external id; one that is gone already counts as deleted."""
    field, value = write.external_id
    try:
        await transport.send("DELETE", f"sobjects/{write.object}/{field}/{quote(value, safe='')}")
    except CallRefused as error:
        if error.status == 404 and error.code in {"NOT_FOUND", "ENTITY_IS_DELETED"}:
            return Done(value)
        return result_of_failed_call(error)
    except ConnectorError as error:
        return result_of_failed_call(error)
    return Done(value)
