"""What this process did, counted for Prometheus: events that arrived, batches, results, and how long events waited.

Counters live in the process that does the work, so that nothing is lost when tables are pruned and nothing has to be
asked of the database; what all processes share (backlogs, problems, positions) is read when somebody scrapes
(`crosswalk.store.monitoring`). Where several processes answer requests behind one address, their counters are added up
(`crosswalk.engine.group_counters`). Labels are names of the configuration and of the product, never of a person.
"""

import time
from collections import Counter as Tally
from collections.abc import Mapping, Sequence

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)

from crosswalk.domain.event import Event
from crosswalk.domain.ids import SyncName, UserId
from crosswalk.engine.books import Booking
from crosswalk.engine.group_counters import figures_of_group
from crosswalk.store.due import DueEvent

REGISTRY = CollectorRegistry()
"""This process's own figures; not the library's default registry, which anybody may write to."""

ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

LAG_BUCKETS_S = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14400, 86400)
"""From what a quiet hub needs to what an outage of a day costs."""

EVENTS_STORED = Counter(
    "crosswalk_events_stored", "Events that were made durable, repeated ones included.", ["source"], registry=REGISTRY
)
EVENTS_NOT_STORED = Counter(
    "crosswalk_events_not_stored", "Events whose sender was told to send them again.", registry=REGISTRY
)
LAG = Histogram(
    "crosswalk_event_lag_seconds",
    "From the moment an event was received to the moment it was dealt with, by the outcome.",
    ["sync", "outcome"],
    buckets=LAG_BUCKETS_S,
    registry=REGISTRY,
)
IDENTITIES = Counter(
    "crosswalk_identities_reconciled",
    "Identities that were reconciled, by outcome; `postponed` ones are tried again.",
    ["sync", "outcome"],
    registry=REGISTRY,
)
FIELDS_WRITTEN = Counter(
    "crosswalk_fields_written", "Fields that were written, on either side.", ["sync", "object"], registry=REGISTRY
)
FAILURES = Counter(
    "crosswalk_problems_found",
    "Problems that reconciles found, each time they found them, by kind and the vendor's code.",
    ["sync", "kind", "code"],
    registry=REGISTRY,
)
BATCH_SECONDS = Histogram(
    "crosswalk_batch_seconds", "How long a batch took, from its events to its books.", ["sync"], registry=REGISTRY
)
PARTS_FAILED = Counter(
    "crosswalk_part_failures",
    "Failures of a part of the hub, which is then started again.",
    ["part"],
    registry=REGISTRY,
)
STOPPING = Gauge(
    "crosswalk_stopping",
    "1 while the process finishes what is under way.",
    registry=REGISTRY,
    multiprocess_mode="max",
)
STOPPING.set(0)  # whoever had this place in a group before may have been stopping
API_PROCESSES = Gauge(
    "crosswalk_api_processes", "Processes that answer requests now.", registry=REGISTRY, multiprocess_mode="max"
)

POSTPONED = "postponed"


def own_figures() -> CollectorRegistry:
    """What this process did; where it is one of several behind one address, what they did together."""
    return figures_of_group() or REGISTRY


def events_stored(events: Sequence[Event]) -> None:
    """Count events that are durable now."""
    for source, number in Tally(event.source.value for event in events).items():
        EVENTS_STORED.labels(source).inc(number)


def events_not_stored(number: int) -> None:
    """Count events that were refused because the database did not take them, or too much waited already."""
    EVENTS_NOT_STORED.inc(number)


def part_failed(part: str) -> None:
    """Count a failure of a part of the hub."""
    PARTS_FAILED.labels(part).inc()


def batch_done(sync: SyncName, due: Sequence[DueEvent], bookings: Sequence[Booking], began: float) -> None:
    """Count a batch whose results are stored.

    Parameters
    ----------
    due
        The events of the batch, with their age when they were read.
    bookings
        What became of each identity.
    began
        When they were read, on the monotonic clock (seconds).
    """
    took_s = time.monotonic() - began
    BATCH_SECONDS.labels(sync).observe(took_s)
    outcomes: Mapping[UserId, str | None] = {booking.user_id: booking.outcome for booking in bookings}
    for item in due:
        outcome = outcomes.get(item.event.user_id) if item.event.user_id is not None else None
        if outcome is not None:
            LAG.labels(sync, outcome).observe(item.age_s + took_s)
    for outcome, number in Tally(booking.outcome or POSTPONED for booking in bookings).items():
        IDENTITIES.labels(sync, outcome).inc(number)
    for object_name, number in Tally(entry.object for booking in bookings for entry in booking.audit).items():
        FIELDS_WRITTEN.labels(sync, object_name).inc(number)
    problems = Tally((each.kind.value, each.code) for booking in bookings for each in booking.problems)
    for (kind, code), number in problems.items():
        FAILURES.labels(sync, kind, code).inc(number)
