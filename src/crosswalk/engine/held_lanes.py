"""Holding lanes: nobody else works on them meanwhile."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.errors import CrosswalkError
from crosswalk.engine.jobs import try_lane
from crosswalk.store.database import Database
from crosswalk.store.due import Lane

LOCK_WITHIN_S = 120.0
LOOK_EVERY_S = 0.1


class LanesBusy(CrosswalkError):
    """A lane was not free in time."""


def lanes_of(definition: SyncDefinition) -> list[Lane]:
    """Every lane in which a sync's identities are reconciled."""
    return [Lane(definition.name, number) for number in range(definition.lanes)]


@asynccontextmanager
async def held(database: Database, lanes: Sequence[Lane]) -> AsyncIterator[None]:
    """Hold these lanes, as soon as the jobs under way have left them.

    Raises
    ------
    LanesBusy
        One was not free within two minutes.
    """
    until = time.monotonic() + LOCK_WITHIN_S
    async with database.session() as session:
        for lane in lanes:
            while not await try_lane(session, lane):
                if time.monotonic() > until:
                    raise LanesBusy(
                        f"lane {lane} is busy for more than {LOCK_WITHIN_S:g} s: try again when less is going on"
                    )
                await asyncio.sleep(LOOK_EVERY_S)
        yield
