"""Held lanes are worked on by nobody else; work on them ends when they are lost."""

import asyncio

import pytest

from crosswalk.domain.ids import SyncName
from crosswalk.engine.held_lanes import LanesBusy, held
from crosswalk.engine.jobs import try_lane
from crosswalk.store.database import Database
from crosswalk.store.due import Lane
from tests.databases import END_SESSIONS

LANES = [Lane(SyncName("shop"), number) for number in range(2)]


async def are_free(database: Database) -> list[bool]:
    async with database.session() as session:
        return [await try_lane(session, lane) for lane in LANES]


async def test_held_lanes_are_nobody_elses_until_the_end(database: Database) -> None:
    async def work() -> list[bool]:
        return await are_free(database)

    async with held(database, LANES) as lanes:
        assert await lanes.do(work()) == [False, False]
        assert await lanes.do(work()) == [False, False]
    assert await are_free(database) == [True, True]


async def test_work_on_lanes_that_are_lost_is_stopped(database: Database) -> None:
    stopped = asyncio.Event()

    async def work() -> None:
        async with database.transaction() as connection:
            await connection.execute(END_SESSIONS)
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    async with held(database, LANES) as lanes:
        with pytest.raises(LanesBusy, match=r"the lock of the lanes went with its connection: .*terminat.*: try again"):
            await lanes.do(work())
    assert stopped.is_set()
    assert await are_free(database) == [True, True]
