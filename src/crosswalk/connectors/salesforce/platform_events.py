"""Platform events: what the org's own flows and integrations wait for."""

import msgspec

from crosswalk.connectors.base import Done, Failure
from crosswalk.connectors.errors import ConnectorError
from crosswalk.connectors.salesforce.errors import result_of_failed_call
from crosswalk.connectors.salesforce.transport import Transport
from crosswalk.domain.record_writes import EventPublish


async def publish_event(transport: Transport, write: EventPublish) -> Done | Failure:
    """Publish a platform event."""
    try:
        await transport.send("POST", f"sobjects/{write.event}", content=msgspec.json.encode(write.fields))
    except ConnectorError as error:
        return result_of_failed_call(error)
    return Done(write.event)
