"""Who goes first: the urgent, then by rank without anybody waiting for ever, and syncs in turns."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from crosswalk.domain.event import Disposition, Event, Source
from crosswalk.domain.ids import OrgName, SyncName, TenantName, UserId
from crosswalk.domain.purpose import Purpose
from crosswalk.engine.jobs import LaneJobs
from crosswalk.store import due, inbox
from crosswalk.store.database import Database
from crosswalk.store.due import Lane
from crosswalk.store.inbox import Subscriber

TENANT, ORG = TenantName("acme"), OrgName("acme")
SHOP, FORUM = SyncName("shop"), SyncName("forum")
LANE = Lane(SHOP, 0)
DEADLINE_S = 60.0


def an_event(name: str, purpose: Purpose = Purpose.PROFILE) -> Event:
    now = datetime.now(UTC)
    return Event(
        name, Source.EVENT_STREAM, "user.updated", now, Disposition.STATE, b"{}", UserId(name), purpose=purpose
    )


async def accept(database: Database, events: Sequence[Event], sync: SyncName = SHOP, lanes: int = 1) -> list[Lane]:
    async with database.transaction() as connection:
        accepted = await inbox.accept(
            connection, [(TENANT, event) for event in events], [Subscriber(sync, TENANT, ORG, lanes)]
        )
    return list(accepted.lanes)


async def read(database: Database, limit: int = 100, busy: Sequence[UserId] = ()) -> list[str]:
    async with database.transaction() as connection:
        return [item.event.id for item in await due.read_due(connection, LANE, limit, busy)]


async def wake(jobs: LaneJobs, database: Database, *lanes: Lane) -> None:
    for lane in lanes:
        async with database.transaction() as connection:
            await jobs.wake(connection, lane)


async def test_what_is_urgent_is_read_first_and_what_is_less_than_usual_last(database: Database) -> None:
    purposes = (Purpose.BACKFILL, Purpose.PROFILE, Purpose.ACTIVITY, Purpose.OFFBOARDING)
    await accept(database, [an_event(purpose.value, purpose) for purpose in purposes])

    assert await read(database, 9) == ["offboarding", "profile", "activity", "backfill"]


async def test_what_ranks_low_gets_its_places_in_every_batch(database: Database) -> None:
    await accept(database, [an_event("login", Purpose.ACTIVITY)])
    await accept(database, [an_event(f"leaver {number}", Purpose.OFFBOARDING) for number in range(30)])

    batch = await read(database, 10)

    assert len(batch) == 10
    assert batch[:2] == ["login", "leaver 0"]


async def test_nothing_is_read_of_those_who_are_being_worked_on(database: Database) -> None:
    await accept(database, [an_event("ada"), an_event("grace")])

    assert await read(database, busy=[UserId("ada")]) == ["grace"]


async def test_it_is_seen_how_many_come_and_whether_something_is_urgent(database: Database) -> None:
    await accept(database, [an_event("ada"), an_event("grace")])
    async with database.transaction() as connection:
        calm = await due.waiting(connection, LANE, 200, within_s=60.0)
    await accept(database, [an_event("leaver", Purpose.OFFBOARDING)])
    async with database.transaction() as connection:
        urgent = await due.waiting(connection, LANE, 200, within_s=60.0)

    assert (calm.count, calm.company, calm.urgent) == (2, 2, False)
    assert (urgent.count, urgent.company, urgent.urgent) == (3, 3, True)


@pytest.fixture
def order() -> list[Lane]:
    """The lanes in the order in which they were worked on."""
    return []


async def work_through(jobs: LaneJobs, order: list[Lane], number: int) -> None:
    working = asyncio.create_task(jobs.work())
    began = time.monotonic()
    while len(order) < number:
        assert time.monotonic() - began < DEADLINE_S, f"expected {number} lanes to be worked on, found {order}"
        await asyncio.sleep(0.01)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


async def test_a_sync_with_many_lanes_does_not_keep_another_waiting(database: Database, order: list[Lane]) -> None:
    async def run(lane: Lane) -> None:
        order.append(lane)

    jobs = LaneJobs(database, run, places=1)
    await jobs.open()
    busy = [Lane(SHOP, number) for number in range(6)]
    await wake(jobs, database, *busy, Lane(FORUM, 0))

    await work_through(jobs, order, 7)

    assert order.index(Lane(FORUM, 0)) <= 1


async def test_a_busy_lane_takes_turns_with_a_lane_that_comes_later(database: Database, order: list[Lane]) -> None:
    """A sync whose lane always has more to do, and one with a single change: it waits for one batch."""
    came = asyncio.Event()

    async def run(lane: Lane) -> None:
        for _ in range(1_000):
            order.append(lane)
            if len(order) == 5:
                await wake(jobs, database, Lane(FORUM, 0))
                came.set()
            if lane.sync == FORUM or await jobs.is_crowded():
                break
        if lane.sync == SHOP and len(order) < 50:
            await wake(jobs, database, lane)

    jobs = LaneJobs(database, run, places=1)
    await jobs.open()
    await wake(jobs, database, LANE)

    await work_through(jobs, order, 50)

    assert came.is_set()
    assert order.index(Lane(FORUM, 0)) == 5


async def test_a_lane_with_something_urgent_goes_before_the_other_lanes_of_its_sync(
    database: Database, order: list[Lane]
) -> None:
    async def run(lane: Lane) -> None:
        order.append(lane)

    jobs = LaneJobs(database, run, places=1)
    await jobs.open()
    events = [an_event(str(number)) for number in range(40)]
    lanes = await accept(database, events, lanes=8)
    await wake(jobs, database, *lanes)
    [urgent] = await accept(database, [an_event("leaver", Purpose.OFFBOARDING)], lanes=8)
    await wake(jobs, database, urgent)

    await work_through(jobs, order, len(lanes))

    assert len(lanes) > 4
    assert order.index(urgent) <= 1


async def test_a_resting_lane_is_woken_by_what_is_urgent_and_by_nothing_else(
    database: Database, order: list[Lane]
) -> None:
    async def run(lane: Lane) -> None:
        order.append(lane)

    jobs = LaneJobs(database, run, places=1)
    await jobs.open()
    await accept(database, [an_event("ada")])
    await jobs.rest(LANE, 3600.0)
    await accept(database, [an_event("grace")])
    await wake(jobs, database, LANE)
    await accept(database, [an_event("ada")], FORUM)
    await wake(jobs, database, Lane(FORUM, 0))

    await work_through(jobs, order, 1)
    before = list(order)
    await accept(database, [an_event("leaver", Purpose.OFFBOARDING)])
    await wake(jobs, database, LANE)
    await work_through(jobs, order, 2)

    assert before == [Lane(FORUM, 0)]
    assert order == [Lane(FORUM, 0), LANE]


async def test_a_job_that_waits_for_its_time_does_not_keep_new_work_of_its_lane_back(
    database: Database, order: list[Lane]
) -> None:
    async def run(lane: Lane) -> None:
        order.append(lane)

    jobs = LaneJobs(database, run, places=1)
    await jobs.open()
    await jobs.wake_later(LANE, 3600.0)
    await wake(jobs, database, LANE)

    await work_through(jobs, order, 1)

    assert order == [LANE]
