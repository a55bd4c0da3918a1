"""What is still to be delivered to event streams, when, and how each attempt went."""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from crosswalk_sandbox.auth0.clock import iso_milliseconds
from crosswalk_sandbox.auth0.knobs import Knobs
from crosswalk_sandbox.faults import FaultRule, Faults, Match, When
from crosswalk_sandbox.faults.effects import DuplicateEvents, ReorderEvents

DELIVERED_KEPT = 10_000
WEBHOOKS = Match(channels=["webhook"])


@dataclass(slots=True)
class Attempt:
    """One try: when, how long in milliseconds, and why it failed (None = accepted)."""

    timestamp: str
    duration: float
    error: str | None


@dataclass(slots=True)
class Delivery:
    """One event on its way to one stream."""

    stream_id: str
    event: dict[str, Any]
    body: bytes
    attempts: list[Attempt] = field(default_factory=list)
    failures: int = 0
    delivered: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """The stream's id and the event's id."""
        return self.stream_id, self.event["id"]

    def failed(self) -> bool:
        """Tell whether the last attempt failed and none succeeded."""
        return bool(self.attempts) and not self.delivered

    def shown(self) -> dict[str, Any]:
        """Return the delivery as the API shows it; the event only when it has not arrived."""
        status = "delivered" if self.delivered else "failed" if self.attempts else "pending"
        entry: dict[str, Any] = {
            "id": self.event["id"],
            "event_stream_id": self.stream_id,
            "status": status,
            "event_type": self.event["type"],
            "attempts": [
                {
                    "status": "delivered" if attempt.error is None else "failed",
                    "timestamp": attempt.timestamp,
                    "duration": attempt.duration,
                    **({} if attempt.error is None else {"error_message": attempt.error}),
                }
                for attempt in self.attempts
            ],
        }
        if not self.delivered:
            entry["event"] = self.event
        return entry


class DeliveryQueue:
    """Deliveries by due time. Times are seconds of a monotonic clock."""

    def __init__(self, knobs: Knobs, faults: Faults) -> None:
        self._knobs = knobs
        self._faults = faults
        self._knobs_seen: tuple[int, int | None] = (0, None)
        self._due: list[tuple[float, int, Delivery]] = []
        self._pushed = 0
        self._open: OrderedDict[tuple[str, str], Delivery] = OrderedDict()
        self._delivered: OrderedDict[tuple[str, str], Delivery] = OrderedDict()

    def add(self, stream_id: str, event: dict[str, Any], now: float) -> Delivery:
        """Queue one event for one stream; one that a fault loses is on no list."""
        delivery = Delivery(stream_id, event, msgspec.json.encode(event))
        self._follow_knobs()
        fate = self._faults.for_event(event["type"], "webhook")
        if fate.copies:
            self._open[delivery.key] = delivery
        for _ in range(fate.copies):
            self._push(now + fate.delay_seconds + fate.shift_seconds, delivery)
        return delivery

    def take_due(self, now: float) -> Delivery | None:
        """Return the next delivery whose time has come, or None."""
        if self._due and self._due[0][0] <= now:
            return heapq.heappop(self._due)[2]
        return None

    def next_due(self) -> float | None:
        """Return when the next delivery is due, or None when nothing waits."""
        return self._due[0][0] if self._due else None

    def settle(self, delivery: Delivery, attempt: Attempt, now: float) -> None:
        """Record an attempt, and plan the next one when it failed and tries are left."""
        delivery.attempts.append(attempt)
        if attempt.error is None:
            delivery.delivered = True
            self._open.pop(delivery.key, None)
            self._delivered[delivery.key] = delivery
            if len(self._delivered) > DELIVERED_KEPT:
                self._delivered.popitem(last=False)
        elif not delivery.delivered and delivery.key in self._open:
            delays = self._knobs.retry_delays
            if delivery.failures < len(delays):
                self._push(now + delays[delivery.failures], delivery)
            delivery.failures += 1

    def redeliver(self, deliveries: Iterable[Delivery], now: float) -> None:
        """Make deliveries due at once, with all their tries again."""
        for delivery in deliveries:
            delivery.failures = 0
            self._push(now, delivery)

    def forget_stream(self, stream_id: str) -> None:
        """Drop everything about a stream that is gone or disabled."""
        self._due = [entry for entry in self._due if entry[2].stream_id != stream_id]
        heapq.heapify(self._due)
        for kept in (self._open, self._delivered):
            for key in [key for key in kept if key[0] == stream_id]:
                del kept[key]

    def failed(self, stream_id: str) -> list[Delivery]:
        """Return the deliveries of a stream that have failed so far, oldest first."""
        return [one for one in self._open.values() if one.stream_id == stream_id and one.failed()]

    def find(self, stream_id: str, event_id: str) -> Delivery | None:
        """Return one delivery, arrived or not, or None when it is unknown or no longer kept."""
        key = (stream_id, event_id)
        return self._open.get(key) or self._delivered.get(key)

    def counts(self) -> dict[str, int]:
        """Return how many deliveries are delivered (of those still kept), failed so far, and not yet tried."""
        failed = sum(1 for delivery in self._open.values() if delivery.failed())
        return {"delivered": len(self._delivered), "failed": failed, "pending": len(self._open) - failed}

    def _follow_knobs(self) -> None:
        """Keep a fault rule for each of the two knobs that are turned on."""
        every, seed = turned = (self._knobs.duplicate_every, self._knobs.shuffle_seed)
        if turned == self._knobs_seen and (every == 0 or self._faults.has_rule("duplicate_every")):
            return
        self._knobs_seen = turned
        self._faults.remove_rule("duplicate_every")
        self._faults.remove_rule("shuffle_seed")
        if every:
            rule = FaultRule(DuplicateEvents(), match=WEBHOOKS, when=When(every=every), name="duplicate_every")
            self._faults.replace_rule(rule)
        if seed is not None:
            rule = FaultRule(ReorderEvents(), match=WEBHOOKS, name="shuffle_seed", seed=seed)
            self._faults.replace_rule(rule)

    def _push(self, due: float, delivery: Delivery) -> None:
        self._pushed += 1
        heapq.heappush(self._due, (due, self._pushed, delivery))


def attempt_at(clock: Callable[[], datetime], seconds: float, error: str | None) -> Attempt:
    """Return the record of an attempt that has just ended after `seconds`."""
    return Attempt(iso_milliseconds(clock()), round(seconds * 1000, 1), error)
