"""The pull sources: the event subscription and the log poll, each read by one process at a time from a stored cursor.

The cursor moves in the transaction that stores the events before it, so a crash at any point neither skips an event
nor forgets one; what is read twice is stored once.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager

import structlog

from crosswalk.connectors.base import ReadsLogs, SubscribesToEvents, SubscriptionItem
from crosswalk.connectors.errors import CallRefused
from crosswalk.domain.event import Event, Source
from crosswalk.domain.ids import TenantName
from crosswalk.engine.intake import Wake, take_in
from crosswalk.store import cursors
from crosswalk.store.database import Connection, Database
from crosswalk.store.inbox import Subscriber

log = structlog.get_logger()

SOURCE_LOCK_CLASS = 0x736F7572
"""Keeps the locks of sources apart from any other session locks."""

LOOK_AGAIN_S = 2.0
"""How often a process asks whether the one that reads a source has gone."""

ITEMS_PER_COMMIT = 500

LOGS_PER_CALL = 100
"""The most that the vendor gives."""

TRY_LOCK = "SELECT pg_try_advisory_lock(%s, hashtext(%s))"
STILL_THERE = "SELECT 1"


class PullSource:
    """What both pull sources of a tenant share: who may read, where reading goes on, and how events are stored."""

    def __init__(
        self, database: Database, tenant: TenantName, source: Source, subscribers: Sequence[Subscriber], wake: Wake
    ) -> None:
        self.tenant = tenant
        self.source = source
        self._database = database
        self._subscribers = subscribers
        self._wake = wake

    @asynccontextmanager
    async def sole_reader(self) -> AsyncIterator[Connection]:
        """Wait until no other process reads this source, and hold that place; yields the session that holds it."""
        name = f"{self.tenant}/{self.source.value}"
        async with self._database.session() as session:
            while True:
                row = await (await session.execute(TRY_LOCK, (SOURCE_LOCK_CLASS, name))).fetchone()
                if row is not None and row[0]:
                    break
                await asyncio.sleep(LOOK_AGAIN_S)
            log.info("source_opened", tenant=self.tenant, source=self.source.value)
            yield session

    async def cursor(self) -> cursors.Cursor | None:
        """Where reading goes on."""
        async with self._database.transaction() as connection:
            return await cursors.read(connection, self.tenant, self.source.value)

    async def store(self, events: Sequence[Event], position: str) -> None:
        """Store events and move the cursor behind them, in one transaction."""
        async with self._database.transaction() as connection:
            if events:
                tagged = [(self.tenant, event) for event in events]
                await take_in(connection, tagged, self._subscribers, self._wake)
            await cursors.move(connection, self.tenant, self.source.value, position)


async def follow_subscription(source: PullSource, client: SubscribesToEvents, start_at: str | None) -> None:
    """Read a tenant's event subscription until the connection ends; the caller starts this again.

    Parameters
    ----------
    source, client
        Where events go, and where they come from.
    start_at
        RFC 3339 time to start from when there is no cursor yet; `None` for "from now".

    Raises
    ------
    crosswalk.connectors.errors.ConnectorError
        The tenant could not be reached or refused the subscription.
    """
    async with source.sole_reader() as session:
        stored = await source.cursor()
        try:
            items = client.subscribe(stored.position if stored else None, None if stored else start_at)
            await _store_as_they_come(source, items, session)
        except CallRefused as error:
            if stored is None or error.status not in {400, 404, 410}:
                raise
            # The tenant forgot this position (it keeps events for a few days only): go on from when we were there.
            log.error("cursor_refused", tenant=source.tenant, moved_at=stored.moved_at.isoformat(), error=str(error))
            items = client.subscribe(None, stored.moved_at.isoformat())
            await _store_as_they_come(source, items, session)


async def _store_as_they_come(source: PullSource, items: AsyncGenerator[SubscriptionItem], session: Connection) -> None:
    """Store items in groups: whatever arrived while the previous group was being stored is the next one."""
    arrived: asyncio.Queue[SubscriptionItem | Exception | None] = asyncio.Queue(maxsize=ITEMS_PER_COMMIT * 4)

    async def read() -> None:
        try:
            async with aclosing(items) as stream:
                async for item in stream:
                    await arrived.put(item)
        except Exception as error:  # handed to the other side, which stores what came before and then raises it
            await arrived.put(error)
        else:
            await arrived.put(None)

    reader = asyncio.create_task(read())
    try:
        while True:
            group = [await arrived.get()]
            while len(group) < ITEMS_PER_COMMIT and not arrived.empty():
                group.append(arrived.get_nowait())
            got = [item for item in group if isinstance(item, SubscriptionItem)]
            if got:
                await session.execute(STILL_THERE)  # fails when our place as the sole reader was lost
                await source.store([item.event for item in got if item.event is not None], got[-1].offset)
            match group[-1]:
                case None:
                    return
                case Exception() as error:
                    raise error
                case SubscriptionItem():
                    continue
    finally:
        reader.cancel()
        await asyncio.wait([reader])


async def poll_logs(source: PullSource, client: ReadsLogs, every_s: float) -> None:
    """Read a tenant's log by checkpoint, again and again; pages follow one another at once while they are full.

    Raises
    ------
    crosswalk.connectors.errors.ConnectorError
        The tenant could not be reached or refused the call.
    """
    async with source.sole_reader() as session:
        stored = await source.cursor()
        position = stored.position if stored else await client.newest_log_id()
        if stored is None:
            await source.store((), position)
        while True:
            await session.execute(STILL_THERE)
            events = await client.read_logs(position, LOGS_PER_CALL)
            if events:
                position = events[-1].id
                await source.store(events, position)
            if len(events) < LOGS_PER_CALL:
                await asyncio.sleep(every_s)
