"""Troubles of the events that a test or a demo asks for: gaps, losses, repetitions, disorder, delay, broken streams."""

import asyncio
import random
from collections.abc import Callable

import msgspec

from crosswalk_sandbox.clock import SandboxClock
from crosswalk_sandbox.faults import Faults
from crosswalk_sandbox.salesforce.pubsub.bus import Event
from crosswalk_sandbox.salesforce.pubsub.change_event import ChangeEvent


class EventFaultOrder(msgspec.Struct, forbid_unknown_fields=True):
    """What the control API accepts; only what is named changes.

    Parameters
    ----------
    clear
        First end every trouble that was ordered before.
    gap_next
        How many of the next change events become gap events: header and ids without values.
    overflow_after
        Changes of one transaction beyond so many become one overflow event for each object (100,000 otherwise).
    drop_next
        How many of the next events are lost, as if they had never been.
    duplicate_next
        How many of the next events are published twice.
    shuffle_next
        The next so many events are published once all of them are there, in an order drawn from `shuffle_seed`.
    shuffle_seed
        The same seed gives the same order.
    delay_s
        Seconds by which all further events are published later; 0 for none.
    expire
        Forget all events: every replay id up to now has expired.
    disconnect
        End every open stream as unavailable.
    unavailable_next
        How many of the next calls are refused as unavailable.
    fail_publish_next
        How many of the next events that clients publish fail.
    keepalive_s
        Seconds of silence after which a subscription says that it is alive (270 otherwise).
    poll_s
        Seconds after which a poll of the Streaming API is answered without events (110 otherwise); the advice stays.
    forget_clients
        The Streaming API knows none of its clients any more; they have to shake hands again.
    """

    clear: bool = False
    gap_next: int = 0
    overflow_after: int | None = None
    drop_next: int = 0
    duplicate_next: int = 0
    shuffle_next: int = 0
    shuffle_seed: int = 1
    delay_s: float | None = None
    expire: bool = False
    disconnect: bool = False
    unavailable_next: int = 0
    fail_publish_next: int = 0
    keepalive_s: float | None = None
    poll_s: float | None = None
    forget_clients: bool = False


class EventFaults:
    """The troubles in force, and the way of events through them to the bus.

    Parameters
    ----------
    publish
        Puts an event on the bus.
    rules
        The org's fault rules, which strike by rate or schedule; what is ordered here strikes first.
    clock
        By which events are late.
    """

    def __init__(self, publish: Callable[[Event], object], rules: Faults, clock: SandboxClock) -> None:
        self._publish = publish
        self._rules = rules
        self._clock = clock
        self._late: set[asyncio.Task[None]] = set()
        self._round = 0
        self.clear()

    def clear(self) -> None:
        """End every trouble; events that were held back are lost."""
        self._round += 1
        self._gaps = self._drops = self._duplicates = self._shuffled = 0
        self._unavailable = self._failing = 0
        self._delay = 0.0
        self._held: list[Event] = []
        self._order = random.Random(1)  # noqa: S311 - the same disorder in every run

    def order(self, order: EventFaultOrder) -> None:
        """Put an order into force; the caller sees to what concerns the stream or its readers."""
        self._gaps += order.gap_next
        self._drops += order.drop_next
        self._duplicates += order.duplicate_next
        self._unavailable += order.unavailable_next
        self._failing += order.fail_publish_next
        if order.shuffle_next:
            self._shuffled = order.shuffle_next
            self._order = random.Random(order.shuffle_seed)  # noqa: S311 - reproducible
        if order.delay_s is not None:
            self._delay = order.delay_s

    def take_unavailable(self) -> bool:
        """Whether the present call is refused."""
        self._unavailable, was = max(self._unavailable - 1, 0), self._unavailable
        return was > 0

    def take_publish_failure(self) -> bool:
        """Whether the event that a client publishes fails."""
        self._failing, was = max(self._failing - 1, 0), self._failing
        return was > 0

    def pass_on(self, event: Event) -> None:
        """Let an event through to the bus, or do to it what was ordered, or what a rule says."""
        fate = self._rules.for_event(_topic(event), "event-bus")
        if (self._gaps or fate.gap) and _becomes_gap(event):
            self._gaps = max(self._gaps - 1, 0)
        if self._drops:
            self._drops -= 1
            return
        times = fate.copies * (2 if self._duplicates else 1)
        self._duplicates = max(self._duplicates - 1, 0)
        if not self._shuffled:
            self._deliver([event] * times, fate.delay_seconds + fate.shift_seconds)
            return
        self._held += [event] * times
        if len(self._held) >= self._shuffled:
            held, self._held, self._shuffled = self._held, [], 0
            self._order.shuffle(held)
            self._deliver(held)

    def _deliver(self, events: list[Event], later: float = 0.0) -> None:
        if delay := self._delay + later:
            task = asyncio.get_running_loop().create_task(self._deliver_late(delay, events, self._round))
            self._late.add(task)
            task.add_done_callback(self._late.discard)
            return
        for event in events:
            self._publish(event)

    async def _deliver_late(self, delay: float, events: list[Event], ordered_in: int) -> None:
        await self._clock.sleep(delay)
        if ordered_in == self._round:
            for event in events:
                self._publish(event)


def _topic(event: Event) -> str:
    return f"/data/{event.name}" if event.is_change else f"/event/{event.name}"


def _becomes_gap(event: Event) -> bool:
    """Make a gap event of a change event; whether that was possible."""
    if not isinstance(event, ChangeEvent) or event.kind.startswith("GAP_"):
        return False
    event.kind, event.values = f"GAP_{event.kind}", {}
    return True
