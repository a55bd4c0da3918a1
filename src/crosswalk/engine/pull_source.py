"""What all pull sources share: each is read by one process at a time, from a stored cursor.

The cursor moves in the transaction that stores the events before it, so a crash at any point neither skips an event
nor forgets one; what is read twice is stored once.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import structlog

from crosswalk.domain.event import Event
from crosswalk.domain.ids import Origin
from crosswalk.engine import metrics
from crosswalk.engine.intake import Wake, take_in, take_in_changes
from crosswalk.store import cursors
from crosswalk.store.database import Connection, Database
from crosswalk.store.inbox import Subscriber

log = structlog.get_logger()

SOURCE_LOCK_CLASS = 0x736F7572
"""Keeps the locks of sources apart from any other session locks."""

LOOK_AGAIN_S = 2.0
"""How often a process asks whether the one that reads a source has gone."""

TRY_LOCK = "SELECT pg_try_advisory_lock(%s, hashtext(%s))"


class PullSource:
    """One source of one tenant or org: who may read it, where reading goes on, and how events are stored.

    Parameters
    ----------
    origin
        Whose events it gives.
    name
        What tells it from the origin's other sources.
    """

    def __init__(
        self, database: Database, origin: Origin, name: str, subscribers: Sequence[Subscriber], wake: Wake
    ) -> None:
        self.origin = origin
        self.name = name
        self._database = database
        self._subscribers = subscribers
        self._wake = wake

    @asynccontextmanager
    async def sole_reader(self) -> AsyncIterator[Connection]:
        """Wait until no other process reads this source, and hold that place; yields the session that holds it."""
        name = f"{self.origin}/{self.name}"
        async with self._database.session() as session:
            while True:
                row = await (await session.execute(TRY_LOCK, (SOURCE_LOCK_CLASS, name))).fetchone()
                if row is not None and row[0]:
                    break
                await asyncio.sleep(LOOK_AGAIN_S)
            log.info("source_opened", origin=str(self.origin), source=self.name)
            yield session

    async def cursor(self) -> cursors.Cursor | None:
        """Where reading goes on."""
        async with self._database.transaction() as connection:
            return await cursors.read(connection, self.origin, self.name)

    async def store(self, events: Sequence[Event], position: str) -> None:
        """Store events and move the cursor behind them, in one transaction."""
        async with self._database.transaction() as connection:
            if events:
                await self._take_in(connection, events)
            await cursors.move(connection, self.origin, self.name, position)
        metrics.events_stored(events)

    async def add(self, events: Sequence[Event]) -> None:
        """Store events that are found in another way than by reading on, and leave the cursor where it is."""
        if events:
            async with self._database.transaction() as connection:
                await self._take_in(connection, events)
            metrics.events_stored(events)

    async def _take_in(self, connection: Connection, events: Sequence[Event]) -> None:
        if self.origin.org:
            await take_in_changes(connection, self.origin.org, events, self._subscribers, self._wake)
            return
        tagged = [(self.origin.tenant, event) for event in events]
        await take_in(connection, tagged, self._subscribers, self._wake)
