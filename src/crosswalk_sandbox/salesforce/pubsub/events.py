"""All that an org knows of events: what it captures, what it has defined, the bus, and who is listening."""

from typing import TYPE_CHECKING, Protocol

from crosswalk_sandbox.salesforce.pubsub.bus import EventBus
from crosswalk_sandbox.salesforce.pubsub.capture import NOT_OFFERED, OVERFLOW_AFTER, ChangeCapture
from crosswalk_sandbox.salesforce.pubsub.change_event import ChangeSchemas
from crosswalk_sandbox.salesforce.pubsub.faults import EventFaultOrder, EventFaults
from crosswalk_sandbox.salesforce.pubsub.platform_events import PlatformEvent, PlatformEvents

if TYPE_CHECKING:
    from crosswalk_sandbox.salesforce.org import Org

KEEPALIVE_SECONDS = 270.0
"""Longest silence of a subscription, as the vendor documents it."""


class Stream(Protocol):
    """An open stream."""

    def break_off(self) -> None:
        """End it as unavailable."""


class OrgEvents:
    """The events of one org.

    Parameters
    ----------
    org
        The org.

    Attributes
    ----------
    bus
        The events that are kept.
    capture
        What makes events of changes.
    change_schemas
        The schemas of change events.
    platform
        The platform events.
    faults
        The troubles in force.
    streams
        The open streams.
    keepalive_seconds
        Longest silence of a subscription.
    """

    def __init__(self, org: "Org") -> None:
        self._org = org
        self.bus = EventBus(org.clock)
        self.faults = EventFaults(self.bus.append)
        self.change_schemas = ChangeSchemas()
        self.capture = ChangeCapture(org.clock, lambda: org.acting_user_id, self.faults.pass_on, self.change_schemas)
        self.platform = PlatformEvents(org.clock, self.faults.pass_on)
        self.streams: set[Stream] = set()
        self.keepalive_seconds = KEEPALIVE_SECONDS

    def reset(self) -> None:
        """Back to a new org: no events, no definitions, no troubles, every object captured; streams stay open."""
        self.faults.clear()
        self.capture.cut(0)
        self.capture.selected = None
        self.capture.overflow_after = OVERFLOW_AFTER
        self.platform.clear()
        self.bus.clear()
        self.keepalive_seconds = KEEPALIVE_SECONDS

    def select(self, objects: list[str] | None) -> None:
        """Capture the changes of these objects alone, or of all for None.

        Raises
        ------
        ValueError
            For an object that the org lacks, or whose changes the vendor does not capture.
        """
        wrong = sorted(set(objects or ()) - (set(self._org.schema) - NOT_OFFERED))
        if wrong:
            raise ValueError(f"expected objects of the org whose changes can be captured, found {', '.join(wrong)}")
        self.capture.selected = None if objects is None else set(objects)

    def define(self, order: PlatformEvent) -> None:
        """Define a platform event."""
        self.platform.define(order, self._org.schema["DataUsePurpose"])

    def schema_json(self, schema_id: str) -> str | None:
        """The schema of this id, of change events or platform events, also of earlier ones."""
        definition = self.platform.of_schema(schema_id)
        return definition.json if definition is not None else self.change_schemas.json_of(schema_id)

    def trouble(self, order: EventFaultOrder) -> None:
        """Start or end troubles of the events."""
        if order.clear:
            self.faults.clear()
            self.capture.overflow_after = OVERFLOW_AFTER
            self.keepalive_seconds = KEEPALIVE_SECONDS
        self.faults.order(order)
        if order.overflow_after is not None:
            self.capture.overflow_after = order.overflow_after
        if order.keepalive_s is not None:
            self.keepalive_seconds = order.keepalive_s
            self.bus.wake()
        if order.expire:
            self.bus.clear()
        if order.disconnect:
            for stream in list(self.streams):
                stream.break_off()
