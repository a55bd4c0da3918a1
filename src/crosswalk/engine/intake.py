"""Intake: accepted events become durable, and their lanes are woken, before anybody is answered.

Many requests share one commit: a commit costs a flush to disk whatever it holds, so whatever has arrived while the
previous commit was under way goes into the next one together. So a database that takes long for a commit makes groups
larger, and answers wait for two commits at most.

One that takes too long must not make senders wait with it, nor fill the memory: nobody waits for more than
`ANSWER_WITHIN_S`, and nobody new is let in while those before him wait for half of that, or while too much waits.
What was let in is stored all the same as soon as the database takes it.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TypeAlias

import psycopg
import structlog

from crosswalk.domain.errors import CrosswalkError
from crosswalk.domain.event import Event
from crosswalk.domain.ids import OrgName, TenantName
from crosswalk.engine import metrics
from crosswalk.store import inbox
from crosswalk.store.database import Connection, Database
from crosswalk.store.due import Lane

log = structlog.get_logger()

Wake: TypeAlias = Callable[[Connection, Lane], Awaitable[None]]
"""Defers a lane's job inside the caller's transaction."""

MOST_EVENTS_PER_COMMIT = 1_000
MOST_EVENTS_WAITING = 20_000
MOST_BYTES_WAITING = 64 * 1024 * 1024
ANSWER_WITHIN_S = 5.0
"""Auth0 does not say how long it waits for an answer; other senders of webhooks wait for ten seconds, some for five."""
COMMITS_AT_ONCE = 2
"""While one commit waits for the disk, the next is filled and sent."""


class IntakeFull(CrosswalkError):
    """More waits to be stored than the hub keeps in memory, or has waited for too long; send again in a moment."""


class IntakeSlow(CrosswalkError):
    """The events were not stored in time. They may be yet: sending them again is safe, and needed."""


@dataclass(frozen=True)
class Request:
    """Events that came together, and the promise that they are durable."""

    tenant: TenantName
    events: Sequence[Event]
    durable: asyncio.Future[None]
    arrived: float
    """On the monotonic clock, seconds."""

    @property
    def size(self) -> int:
        """Bytes that the events came in."""
        return sum(len(event.raw) for event in self.events)

    def answer(self, error: Exception | None) -> None:
        """Keep the promise, or break it with an error."""
        if self.durable.done():  # the sender hung up, or was told to send again
            return
        if error is None:
            self.durable.set_result(None)
        else:
            self.durable.set_exception(error)


async def take_in(
    connection: Connection,
    events: Sequence[tuple[TenantName, Event]],
    subscribers: Sequence[inbox.Subscriber],
    wake: Wake,
) -> int:
    """Store events once each and wake the lanes that got work, all in the caller's transaction.

    Returns
    -------
    int
        How many of the events were new.
    """
    accepted = await inbox.accept(connection, events, subscribers)
    for lane in accepted.lanes:
        await wake(connection, lane)
    return accepted.new


async def take_in_changes(
    connection: Connection,
    org: OrgName,
    events: Sequence[Event],
    subscribers: Sequence[inbox.Subscriber],
    wake: Wake,
) -> int:
    """Do the same with what an org told of its records."""
    accepted = await inbox.accept_changes(connection, org, events, subscribers)
    for lane in accepted.lanes:
        await wake(connection, lane)
    return accepted.new


class Intake:
    """Groups the events of many concurrent requests into few commits.

    Use as an async context manager; leaving it stores what still waits.

    Parameters
    ----------
    database, subscribers, wake
        Where events go, which syncs want them, and how their lanes are woken.
    events_per_commit, commits_at_once
        The most events that share a commit, and how many commits may be under way.
    answer_within_s
        How long a request waits at most until its events are durable, seconds.
    """

    def __init__(
        self,
        database: Database,
        subscribers: Sequence[inbox.Subscriber],
        wake: Wake,
        *,
        events_per_commit: int = MOST_EVENTS_PER_COMMIT,
        commits_at_once: int = COMMITS_AT_ONCE,
        answer_within_s: float = ANSWER_WITHIN_S,
    ) -> None:
        self._answer_within_s = answer_within_s
        self._events_per_commit = events_per_commit
        self._commits_at_once = commits_at_once
        self._database = database
        self._subscribers = subscribers
        self._wake = wake
        self._waiting: deque[Request] = deque()
        self._events_waiting = 0
        self._bytes_waiting = 0
        self._arrived = asyncio.Event()
        self._closing = False
        self._committers: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "Intake":
        self._committers = [asyncio.create_task(self._commit_for_ever()) for _ in range(self._commits_at_once)]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing = True
        self._arrived.set()
        await asyncio.gather(*self._committers)

    def check_room(self, events: int = 1) -> None:
        """Refuse whoever comes while too much waits, or what waits has done so for too long: before memory grows.

        Parameters
        ----------
        events
            How many events come, as far as that is known; they are counted as refused.

        Raises
        ------
        IntakeFull
            Nothing more is let in now.
        """
        why = self._why_full()
        if why is not None:
            metrics.events_not_stored(events)
            raise IntakeFull(why)

    def _why_full(self) -> str | None:
        if self._events_waiting >= MOST_EVENTS_WAITING or self._bytes_waiting >= MOST_BYTES_WAITING:
            waiting = f"{self._events_waiting} events ({self._bytes_waiting:,} bytes)"
            return f"{waiting} wait to be stored already: send these again in a second"
        if self._waiting:
            waited_s = time.monotonic() - self._waiting[0].arrived
            if waited_s > self._answer_within_s / 2:
                waiting = f"others have waited for {waited_s:.1f} s to be stored"
                return f"the database is slow: {waiting}: send these events again in a second"
        return None

    async def accept(self, tenant: TenantName, events: Sequence[Event]) -> None:
        """Return once the events are durable.

        Raises
        ------
        IntakeFull
            Too much waits already, or for too long; nothing of this call was kept.
        IntakeSlow
            They are not durable yet, after as long as a sender may wait.
        crosswalk.domain.errors.CrosswalkError
            The database refused or is away; nothing of this call is known to be kept, and sending again is safe.
        """
        if not events:
            return
        self.check_room(len(events))
        request = Request(tenant, events, asyncio.get_running_loop().create_future(), time.monotonic())
        self._waiting.append(request)
        self._events_waiting += len(events)
        self._bytes_waiting += request.size
        self._arrived.set()
        try:
            async with asyncio.timeout(self._answer_within_s):
                await request.durable
        except TimeoutError as error:
            metrics.events_not_stored(len(events))
            raise IntakeSlow(
                f"the database did not store the events within {self._answer_within_s:g} s: send them again"
            ) from error

    async def _commit_for_ever(self) -> None:
        while True:
            await self._arrived.wait()
            group = self._next_group()
            if not group:
                if self._closing:
                    return
                self._arrived.clear()
                continue
            try:
                await self._commit(group)
            finally:
                self._events_waiting -= sum(len(request.events) for request in group)
                self._bytes_waiting -= sum(request.size for request in group)

    async def _commit(self, group: Sequence[Request]) -> None:
        """Store a group's events in one transaction and answer its requests.

        When the database objects to the data itself, each request is stored alone: one must not fail for another.
        """
        events = [(request.tenant, event) for request in group for event in request.events]
        try:
            async with self._database.transaction() as connection:
                await take_in(connection, events, self._subscribers, self._wake)
        except psycopg.DataError as error:
            if len(group) == 1:
                group[0].answer(error)
                return
            for request in group:
                await self._commit([request])
        except Exception as error:  # every waiting request must hear of it, whatever it was
            metrics.events_not_stored(sum(len(each.events) for each in group if not each.durable.done()))
            log.error("intake_failed", error=f"{type(error).__name__}: {error}", events=len(events))
            for request in group:
                request.answer(error)
        else:
            metrics.events_stored([event for _, event in events])
            for request in group:
                request.answer(None)

    def _next_group(self) -> list[Request]:
        group: list[Request] = []
        size = 0
        while self._waiting and size < self._events_per_commit:
            group.append(self._waiting.popleft())
            size += len(group[-1].events)
        return group
