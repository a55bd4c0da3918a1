"""The pull sources of orgs: which records changed there."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta

import structlog

from crosswalk.connectors.base import ChangeBatch, FollowsChanges, ReadsChanges
from crosswalk.connectors.errors import CursorLost
from crosswalk.connectors.salesforce.changes import change_of
from crosswalk.connectors.salesforce.record_poll import position_of, time_of
from crosswalk.domain.record import MODIFIED_FIELD
from crosswalk.engine.arriving import groups
from crosswalk.engine.pull_source import PullSource
from crosswalk.store.cursors import Cursor
from crosswalk.store.database import Connection, time_now

log = structlog.get_logger()

STILL_THERE = "SELECT 1"

OVERLAP = timedelta(seconds=60)
"""A long transaction commits with a time of change that lies in the past: so each read starts before the last one's
end. What is read twice is stored once."""

CATCH_UP_OVERLAP = timedelta(minutes=10)
"""The same where events were lost: they come later than they were made, and the org's clock is not ours."""

SETTLE_S = 2.0
"""How long a new stream gets to begin before what it cannot have is asked for."""

BATCHES_PER_COMMIT = 10
"""Of up to 100 events each, every one about one record or about many that changed alike."""

NO_POSITION = ""
"""The position of a stream that has not said yet where it is."""


async def poll_records(
    source: PullSource,
    client: ReadsChanges,
    object_name: str,
    fields: tuple[str, ...],
    every_s: float,
    since: str | None = None,
) -> None:
    """Read which records of an object changed, again and again.

    Parameters
    ----------
    since
        The time to start at where there is no cursor yet; `None` for that of the newest change.

    Raises
    ------
    crosswalk.connectors.errors.ConnectorError
        The org could not be reached or refused the query.
    """
    async with source.sole_reader() as session:
        stored = await source.cursor()
        position = stored.position if stored else since or await client.newest_change(object_name)
        if stored is None:
            await source.store((), position)
        while True:
            start = position_of(time_of(position) - OVERLAP)
            async for events in client.changes_since(object_name, fields, start, read_to=position):
                await session.execute(STILL_THERE)  # fails when our place as the sole reader was lost
                if events:
                    newest = str(change_of(events[-1]).fields[MODIFIED_FIELD])
                    position = max(position, newest)
                    await source.store(events, position)
            await asyncio.sleep(every_s)


class ChangeFollower:
    """Follows the changes of one object's records as the org tells of them.

    Parameters
    ----------
    source
        Where events go.
    client
        Where they come from.
    object_name, fields
        The object, and its fields that somebody tracks.
    polled
        The object's source by its records' time of change, which may have been read further.
    """

    def __init__(
        self, source: PullSource, client: FollowsChanges, object_name: str, fields: Sequence[str], polled: PullSource
    ) -> None:
        self._source = source
        self._client = client
        self._object = object_name
        self._fields = fields
        self._polled = polled

    async def follow(self) -> None:
        """Store what the org tells until the stream ends; the caller starts this again.

        Raises
        ------
        crosswalk.connectors.errors.ChangesNotCaptured
            The org makes no events of this object's changes.
        crosswalk.connectors.errors.ConnectorError
            The org could not be reached or refused.
        """
        async with self._source.sole_reader() as session:
            stored = await self._cursor()
            if stored.position != NO_POSITION:
                try:
                    await self._store_from(stored.position, session)
                except CursorLost as error:
                    # The org keeps events for three days only, and forgets all when it moves.
                    moved_at = stored.moved_at.isoformat()
                    log.error("cursor_refused", org=self._source.origin.org, moved_at=moved_at, error=str(error))
                else:
                    return
            await self._start_anew(await self._read_up_to(stored), session)

    async def started_at(self) -> str:
        """The time since when changes may have been missed, as the org writes times."""
        return position_of((await self._cursor()).moved_at)

    async def _cursor(self) -> Cursor:
        """Where reading goes on. The first time, that is now: from here on nothing is lost, whatever happens next."""
        stored = await self._source.cursor()
        if stored is None:
            await self._source.store((), NO_POSITION)
            stored = await self._source.cursor()
        if stored is None:
            raise LookupError(f"the cursor of {self._source.name} was deleted while the hub ran; start the hub again")
        return stored

    async def _read_up_to(self, stored: Cursor) -> datetime:
        """The time before which nothing was missed."""
        polled = await self._polled.cursor()
        return stored.moved_at if polled is None else max(stored.moved_at, time_of(polled.position))

    async def _store_from(self, position: str, session: Connection) -> None:
        async with aclosing(self._groups(position)) as arriving:
            async for group in arriving:
                await self._store(group, session)

    async def _start_anew(self, since: datetime, session: Connection) -> None:
        """Go on at the present end of the stream, and read what changed until then by a query.

        First the stream, then the query: what changes in between is in both. Nothing tells when the stream has begun
        but its first answer, which may take minutes where nothing happens: so what changed until then is read again.
        """
        opened_at = await time_now(session)
        async with aclosing(self._groups(None)) as arriving:
            first = asyncio.ensure_future(anext(arriving, []))
            try:
                begun, _ = await asyncio.wait([first], timeout=SETTLE_S)
                if begun:
                    first.result()  # a refusal, before anything else is asked
                await self._catch_up(since, session)
                group = await first
                if not begun:
                    await self._catch_up(opened_at, session)
            finally:
                first.cancel()
                await asyncio.wait([first])
            if group:
                await self._store(group, session)
            async for group in arriving:
                await self._store(group, session)

    async def _store(self, group: Sequence[ChangeBatch], session: Connection) -> None:
        await session.execute(STILL_THERE)  # fails when our place as the sole reader was lost
        missed = [each for batch in group for each in batch.missed]
        if missed:
            known = [each.since for each in missed if each.since is not None]
            if len(known) < len(missed):
                known.append((await self._cursor()).moved_at)
            why = sorted({each.why for each in missed})
            log.warning("changes_missed", org=self._source.origin.org, object=self._object, because=why)
            await self._catch_up(min(known), session)
        await self._source.store([event for batch in group for event in batch.events], group[-1].position)

    async def _catch_up(self, since: datetime, session: Connection) -> None:
        """Read by a query which records changed since then."""
        start = position_of(since - CATCH_UP_OVERLAP)
        async for events in self._client.changes_since(self._object, self._fields, start):
            await session.execute(STILL_THERE)
            await self._source.add(events)

    def _groups(self, position: str | None) -> AsyncGenerator[list[ChangeBatch]]:
        return groups(self._client.follow_changes(self._object, self._fields, position), BATCHES_PER_COMMIT)
