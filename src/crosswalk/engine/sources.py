"""The pull sources of tenants: the event subscription and the log poll."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import structlog

from crosswalk.connectors.base import ReadsLogs, SubscribesToEvents, SubscriptionItem
from crosswalk.connectors.errors import CallRefused
from crosswalk.engine.arriving import groups
from crosswalk.engine.pull_source import PullSource
from crosswalk.store.database import Connection

log = structlog.get_logger()

ITEMS_PER_COMMIT = 500

LOGS_PER_CALL = 100
"""The most that the vendor gives."""

STILL_THERE = "SELECT 1"


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
            log.error(
                "cursor_refused", tenant=source.origin.tenant, moved_at=stored.moved_at.isoformat(), error=str(error)
            )
            items = client.subscribe(None, stored.moved_at.isoformat())
            await _store_as_they_come(source, items, session)


async def _store_as_they_come(source: PullSource, items: AsyncGenerator[SubscriptionItem], session: Connection) -> None:
    async with aclosing(groups(items, ITEMS_PER_COMMIT)) as arriving:
        async for group in arriving:
            await session.execute(STILL_THERE)  # fails when our place as the sole reader was lost
            await source.store([item.event for item in group if item.event is not None], group[-1].offset)


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
