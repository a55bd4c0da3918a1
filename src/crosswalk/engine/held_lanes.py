"""Holding lanes: nobody else works on them meanwhile."""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.errors import CrosswalkError
from crosswalk.engine.guarding import LockLost, guarded
from crosswalk.engine.jobs import try_lane
from crosswalk.store.database import Connection, Database
from crosswalk.store.due import Lane

Result = TypeVar("Result")

LOCK_WITHIN_S = 120.0
LOOK_EVERY_S = 0.1


class LanesBusy(CrosswalkError):
    """A lane was not free in time, or others may have it again."""


class HeldLanes:
    """Lanes that nobody else works on, as long as the session is there that holds them."""

    def __init__(self, session: Connection) -> None:
        self._session = session

    async def do(self, work: Coroutine[None, None, Result]) -> Result:
        """Do a piece of work; one after the other.

        Raises
        ------
        LanesBusy
            The lanes were lost, with the connection that held them. The work was stopped.
        """
        try:
            return await guarded(self._session, "the lanes", work)
        except LockLost as error:
            raise LanesBusy(f"{error}: try again") from error


def lanes_of(definition: SyncDefinition) -> list[Lane]:
    """Every lane in which a sync's identities are reconciled."""
    return [Lane(definition.name, number) for number in range(definition.lanes)]


@asynccontextmanager
async def held(database: Database, lanes: Sequence[Lane]) -> AsyncIterator[HeldLanes]:
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
        yield HeldLanes(session)
