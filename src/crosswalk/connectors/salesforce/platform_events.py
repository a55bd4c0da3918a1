"""Platform events: what the org's own flows and integrations wait for."""

import msgspec

from crosswalk.connectors.base import Done, Failure, Rejected
from crosswalk.connectors.errors import ConnectorError, Unreachable
from crosswalk.connectors.salesforce.errors import result_of_failed_call
from crosswalk.connectors.salesforce.transport import Transport
from crosswalk.domain.record_writes import EventPublish


async def publish_event(transport: Transport, write: EventPublish) -> Done | Failure:
    """Publish a platform event.

    It has no key by which to repeat it, and cannot be queried: where the answer was lost, a person has to see whether
    it was published.
    """
    try:
        await transport.send("POST", f"sobjects/{write.event}", content=msgspec.json.encode(write.fields))
    except Unreachable as error:
        if error.may_be_done:
            return Rejected("OUTCOME_UNKNOWN", f"{write.event} may have been published, or not: {error}")
        return result_of_failed_call(error)
    except ConnectorError as error:
        return result_of_failed_call(error)
    return Done(write.event)
