"""The pull sources of orgs: which records changed there."""

import asyncio
from datetime import timedelta

from crosswalk.connectors.base import ReadsChanges
from crosswalk.connectors.salesforce.changes import change_of
from crosswalk.connectors.salesforce.record_poll import position_of, time_of
from crosswalk.domain.record import MODIFIED_FIELD
from crosswalk.engine.pull_source import PullSource

STILL_THERE = "SELECT 1"

OVERLAP = timedelta(seconds=60)
"""A long transaction commits with a time of change that lies in the past: so each read starts before the last one's
end. What is read twice is stored once."""


async def poll_records(
    source: PullSource, client: ReadsChanges, object_name: str, fields: tuple[str, ...], every_s: float
) -> None:
    """Read which records of an object changed, again and again.

    Raises
    ------
    crosswalk.connectors.errors.ConnectorError
        The org could not be reached or refused the query.
    """
    async with source.sole_reader() as session:
        stored = await source.cursor()
        position = stored.position if stored else await client.newest_change(object_name)
        if stored is None:
            await source.store((), position)
        while True:
            since = position_of(time_of(position) - OVERLAP)
            async for events in client.changes_since(object_name, fields, since):
                await session.execute(STILL_THERE)  # fails when our place as the sole reader was lost
                if events:
                    newest = str(change_of(events[-1]).fields[MODIFIED_FIELD])
                    position = max(position, newest)
                    await source.store(events, position)
            await asyncio.sleep(every_s)
