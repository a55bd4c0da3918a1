"""What the control API can set about one org's events.

POST /salesforce/change-data-capture   `Selection`: the objects whose changes have events
POST /salesforce/platform-events       `PlatformEvent`: define a platform event, or give it other fields
POST /salesforce/event-faults          `EventFaultOrder`: trouble the events
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from crosswalk_sandbox.salesforce.pubsub.faults import EventFaultOrder
from crosswalk_sandbox.salesforce.pubsub.platform_events import PlatformEvent

if TYPE_CHECKING:
    from crosswalk_sandbox.salesforce.pubsub.events import OrgEvents


class Selection(msgspec.Struct, forbid_unknown_fields=True):
    """Names of objects; None for all that the vendor offers, as in a new org of the sandbox."""

    objects: list[str] | None = None


class Order(NamedTuple):
    """One call: its method and path, the type of its body, and what it does with it."""

    method: str
    path: str
    type: Any
    act: Callable[[Any], Any]


def event_orders(events: "OrgEvents") -> list[Order]:
    """The calls about one org's events."""

    def select(order: Selection) -> None:
        events.select(order.objects)

    return [
        Order("POST", "/salesforce/change-data-capture", Selection, select),
        Order("POST", "/salesforce/platform-events", PlatformEvent, events.define),
        Order("POST", "/salesforce/event-faults", EventFaultOrder, events.trouble),
    ]
