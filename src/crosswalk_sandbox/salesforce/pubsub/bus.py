"""The event bus: every event in order, each with its place in the stream, until it has been kept long enough."""

import asyncio
import random
import time
from bisect import bisect_right
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import cycle
from typing import NamedTuple, Protocol

KEPT = timedelta(hours=72)
KEPT_STANDARD_VOLUME = timedelta(hours=24)
"""Platform events of the old kind, defined before 2019."""

MOST_EVENTS = 500_000
_WIDEST_GAP, _GAPS = 3, 997
_LONGEST_SCAN = 20_000


class Message(NamedTuple):
    """An event as it is handed out: `uuid` is its own, `payload` its Avro data by the schema `schema_id`."""

    uuid: str
    schema_id: str
    payload: bytes


class Event(Protocol):
    """An event on the bus."""

    @property
    def name(self) -> str:
        """API name, such as `ContactChangeEvent` or `Order_Event__e`."""

    @property
    def is_change(self) -> bool:
        """Whether it tells of a change of records."""

    @property
    def published(self) -> datetime:
        """When it happened."""

    @property
    def kept(self) -> timedelta:
        """How long the bus has it."""

    def message(self) -> Message:
        """The event's data, made when first asked for."""


class ReplayExpired(LookupError):
    """The events after a place in the stream are not all there any more, or it is no place in this stream."""


class EventBus:
    """The stream of one org.

    Parameters
    ----------
    clock
        The org's time.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        draw = random.Random(1)  # noqa: S311 - the same gaps in every run
        self._gaps = cycle([draw.randint(1, _WIDEST_GAP) for _ in range(_GAPS)])
        # Later than all numbers of a sandbox that ran before, so that a replay id of then is known to have expired.
        self._last = time.time_ns() // 1_000
        self._expired = self._last - 1
        self._numbers: list[int] = []
        self._events: list[Event] = []
        self._waiting: set[asyncio.Event] = set()

    def clear(self) -> None:
        """Forget all events; their replay ids are expired from now on."""
        self._numbers.clear()
        self._events.clear()
        self._expired = self._last
        self._advance()
        self.wake()

    def append(self, event: Event) -> int:
        """Put an event at the end; returns its number."""
        number = self._advance()
        self._numbers.append(number)
        self._events.append(event)
        if len(self._numbers) > MOST_EVENTS:
            self._forget(MOST_EVENTS // 20)
        if self._waiting:
            self.wake()
        return number

    def wake(self) -> None:
        """Let everybody who waits for events look again."""
        for each in self._waiting:
            each.set()

    def join(self, waiting: asyncio.Event) -> None:
        """Have this set whenever there is something new."""
        self._waiting.add(waiting)

    def leave(self, waiting: asyncio.Event) -> None:
        """Undo `join`."""
        self._waiting.discard(waiting)

    def end(self) -> int:
        """The last place in the stream, which is good to resume from."""
        self._purge()
        return self._last if self._last > self._expired else self._advance()

    def start(self) -> int:
        """The place before the earliest event that is kept."""
        self._purge()
        return self._numbers[0] - 1 if self._numbers else self.end()

    def check(self, number: int) -> int:
        """The same number; `ReplayExpired` when one cannot resume from there."""
        self._purge()
        if not self._expired < number <= self._last:
            raise ReplayExpired(f"the stream has events after {self._expired} up to {self._last}, not after {number}")
        return number

    def after(self, number: int, wanted: Callable[[Event], bool], most: int) -> tuple[list[tuple[int, Event]], int]:
        """Some of the events that follow.

        Parameters
        ----------
        number
            The place in the stream to start behind.
        wanted
            Which events.
        most
            How many at most.

        Returns
        -------
        tuple
            The events with their numbers, and the place up to which was looked; more may follow when that is not the
            last one.
        """
        found: list[tuple[int, Event]] = []
        now = self._clock()
        start = bisect_right(self._numbers, number)
        for index in range(start, min(start + _LONGEST_SCAN, len(self._numbers))):
            number, event = self._numbers[index], self._events[index]
            if wanted(event) and event.published + event.kept > now:
                found.append((number, event))
                if len(found) == most:
                    break
        return found, number

    def is_last(self, number: int) -> bool:
        """Whether no event follows."""
        return not self._numbers or number >= self._numbers[-1]

    def _advance(self) -> int:
        self._last += next(self._gaps)
        return self._last

    def _purge(self) -> None:
        oldest = self._clock() - KEPT
        count = 0
        while count < len(self._events) and self._events[count].published <= oldest:
            count += 1
        if count:
            self._forget(count)

    def _forget(self, count: int) -> None:
        self._expired = self._numbers[count - 1]
        del self._numbers[:count], self._events[:count]
