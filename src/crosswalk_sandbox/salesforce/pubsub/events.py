"""All that an org knows of events: what it captures, what it has defined, the bus, and who is listening."""

from typing import TYPE_CHECKING, Protocol

from crosswalk_pubsub import EventSchema
from crosswalk_sandbox.salesforce.pubsub.bus import EventBus
from crosswalk_sandbox.salesforce.pubsub.capture import NOT_OFFERED, OVERFLOW_AFTER, ChangeCapture
from crosswalk_sandbox.salesforce.pubsub.change_event import ChangeSchemas
from crosswalk_sandbox.salesforce.pubsub.faults import EventFaultOrder, EventFaults
from crosswalk_sandbox.salesforce.pubsub.platform_events import PlatformEvent, PlatformEvents
from crosswalk_sandbox.salesforce.streaming.clients import StreamingClients

if TYPE_CHECKING:
    from crosswalk_sandbox.salesforce.org import Org

KEEPALIVE_SECONDS = 270.0
"""Longest silence of a subscription, as the vendor documents it."""

POLL_SECONDS = 110.0
"""Longest poll of the Streaming API, as the vendor documents it."""


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
    clients
        The clients of the Streaming API.
    poll_seconds
        Longest poll of the Streaming API.
    """

    def __init__(self, org: "Org") -> None:
        self._org = org
        self.bus = EventBus(org.clock)
        self.faults = EventFaults(self.bus.append, org.faults, org.time)
        self.change_schemas = ChangeSchemas()
        self.capture = ChangeCapture(org.clock, lambda: org.acting_user_id, self.faults.pass_on, self.change_schemas)
        self.platform = PlatformEvents(org.clock, self.faults.pass_on)
        self.streams: set[Stream] = set()
        self.keepalive_seconds = KEEPALIVE_SECONDS
        self.clients = StreamingClients(org.time.monotonic)
        self.poll_seconds = POLL_SECONDS

    def reset(self) -> None:
        """Back to a new org: no events, no definitions, no troubles, every object captured; streams stay open."""
        self.faults.clear()
        self.capture.cut(0)
        self.capture.selected = None
        self.capture.overflow_after = OVERFLOW_AFTER
        self.platform.clear()
        self.bus.clear()
        self.keepalive_seconds, self.poll_seconds = KEEPALIVE_SECONDS, POLL_SECONDS

    def close(self) -> None:
        """End all streams and hold no more polls, because the org is no longer served."""
        self.poll_seconds = 0.0
        self._break_off()

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
        found = self.platform.of_schema(schema_id) or self.change_schemas.of_id(schema_id)
        return found.json if found is not None else None

    def schema(self, schema_id: str) -> EventSchema:
        """The schema of this id of an event on the bus; KeyError for an id that none has."""
        found = self.platform.of_schema(schema_id) or self.change_schemas.of_id(schema_id)
        if found is None:
            raise KeyError(f"no event has had the schema {schema_id!r} since the org was emptied")
        return found.schema

    def trouble(self, order: EventFaultOrder) -> None:
        """Start or end troubles of the events."""
        if order.clear:
            self.faults.clear()
            self.capture.overflow_after = OVERFLOW_AFTER
            self.keepalive_seconds, self.poll_seconds = KEEPALIVE_SECONDS, POLL_SECONDS
        self.faults.order(order)
        if order.overflow_after is not None:
            self.capture.overflow_after = order.overflow_after
        if order.keepalive_s is not None:
            self.keepalive_seconds = order.keepalive_s
            self.bus.wake()
        if order.poll_s is not None:
            self.poll_seconds = order.poll_s
        if order.expire:
            self.bus.clear()
        if order.forget_clients:
            self.clients.forget()
        if order.disconnect:
            self._break_off()

    def _break_off(self) -> None:
        for stream in list(self.streams):
            stream.break_off()
