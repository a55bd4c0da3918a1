"""What a lane's job does with its batches: side by side, nobody twice at once, and in turns with other syncs."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import procrastinate.utils
import pytest
from msgspec.structs import replace

from crosswalk.domain.event import Disposition, Event, Source
from crosswalk.domain.ids import OrgName, SyncName, TenantName, UserId
from crosswalk.engine import lane as lanes_module
from crosswalk.engine.jobs import LaneJobs
from crosswalk.engine.lane import Lanes
from crosswalk.store import due, inbox
from crosswalk.store.database import Database, fetch_row
from crosswalk.store.due import DueEvent, Lane
from crosswalk.store.inbox import Subscriber
from tests.core_builders import a_sync, a_target

TENANT, ORG = TenantName("acme"), OrgName("acme")
SHOP, FORUM = SyncName("shop"), SyncName("forum")
BATCH = 20
DEADLINE_S = 60.0


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten events fill a call, and twenty a batch."""
    monkeypatch.setattr(lanes_module, "FULL_BATCH", 10)
    monkeypatch.setattr(lanes_module, "EVENTS_PER_BATCH", BATCH)


class Reconciler:
    """Books every event as written, in its own time."""

    def __init__(
        self,
        database: Database,
        sync: SyncName,
        batches: list[tuple[SyncName, list[str]]],
        *,
        has_company: bool = False,
    ) -> None:
        self.definition = replace(a_sync(a_target()), name=sync, linger_ms=0)
        self.under_way: list[set[str]] = []
        self.most_at_once = 0
        self.together: set[str] = set()
        self._database = database
        self._batches = batches
        self._met = asyncio.Event()
        if not has_company:
            self._met.set()

    async def reconcile(self, events: Sequence[DueEvent]) -> None:
        users = {str(item.event.user_id) for item in events}
        for others in self.under_way:
            self.together |= others & users
        self.under_way.append(users)
        self.most_at_once = max(self.most_at_once, len(self.under_way))
        if self.most_at_once == 2:
            self._met.set()
        self._batches.append((self.definition.name, [item.event.id for item in events]))
        async with self._database.transaction() as connection:
            outcomes = [(UserId(user_id), "written") for user_id in users]
            await due.finish(connection, self.definition.name, outcomes, [item.seq for item in events])
            # As if the org took its time: the other batch is read meanwhile, and sees these events as due.
            async with asyncio.timeout(DEADLINE_S):
                await self._met.wait()
            await asyncio.sleep(0.02)
        self.under_way.remove(users)


async def accept(database: Database, sync: SyncName, names: Sequence[str], users: int) -> None:
    now = datetime.now(UTC)
    events = [
        Event(
            name, Source.EVENT_STREAM, "user.updated", now, Disposition.STATE, b"{}", UserId(f"auth0|{index % users}")
        )
        for index, name in enumerate(names)
    ]
    async with database.transaction() as connection:
        subscribers = [Subscriber(sync, TENANT, ORG, 1)]
        await inbox.accept(connection, [(TENANT, event) for event in events], subscribers)


async def left(database: Database) -> int:
    async with database.transaction() as connection:
        return await due.count_waiting(connection, Lane(SHOP, 0), 1000)


async def until_done(jobs: LaneJobs, database: Database) -> None:
    working = asyncio.create_task(jobs.work())
    began = time.monotonic()
    while await left(database):
        assert time.monotonic() - began < DEADLINE_S, "the backlog is not done"
        await asyncio.sleep(0.02)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


async def test_two_batches_are_under_way_at_once_and_nobody_is_in_both(database: Database) -> None:
    batches: list[tuple[SyncName, list[str]]] = []
    shop = Reconciler(database, SHOP, batches, has_company=True)
    lanes = Lanes(database, {SHOP: shop}, {}, {})  # type: ignore[dict-item]

    async def run(lane: Lane) -> None:
        await lanes.run(lane, jobs)

    jobs = LaneJobs(database, run)
    await jobs.open()
    await accept(database, SHOP, [f"event {number}" for number in range(120)], users=40)
    async with database.transaction() as connection:
        await jobs.wake(connection, Lane(SHOP, 0))

    await until_done(jobs, database)

    written = [event for _, events in batches for event in events]
    assert sorted(written) == sorted(f"event {number}" for number in range(120))
    assert (shop.most_at_once, shop.together) == (2, set())


async def test_a_change_of_another_sync_waits_for_no_more_than_the_batches_under_way(database: Database) -> None:
    batches: list[tuple[SyncName, list[str]]] = []
    forum = Reconciler(database, FORUM, batches)

    both_under_way, woken = asyncio.Event(), asyncio.Event()

    class Busy(Reconciler):
        begun = 0

        async def reconcile(self, events: Sequence[DueEvent]) -> None:
            self.begun += 1
            if self.begun == 4:
                await both_under_way.wait()
                await accept(database, FORUM, ["a change"], users=1)
                async with database.transaction() as connection:
                    await jobs.wake(connection, Lane(FORUM, 0))
                woken.set()
            if self.begun == 5:
                both_under_way.set()
                await woken.wait()
            await super().reconcile(events)

    lanes = Lanes(database, {SHOP: Busy(database, SHOP, batches), FORUM: forum}, {}, {})  # type: ignore[dict-item]

    async def run(lane: Lane) -> None:
        await lanes.run(lane, jobs)

    jobs = LaneJobs(database, run, places=1)
    await jobs.open()
    await accept(database, SHOP, [f"event {number}" for number in range(600)], users=600)
    async with database.transaction() as connection:
        await jobs.wake(connection, Lane(SHOP, 0))

    await until_done(jobs, database)

    syncs = [sync for sync, _ in batches]
    assert len(syncs) == 31
    assert syncs.index(FORUM) == 3 + 2


async def test_while_the_org_is_left_alone_a_process_tries_a_batch_in_a_while(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes_module, "TRY_EVERY_S", 1_000.0)
    batches: list[tuple[SyncName, list[str]]] = []
    shop, left_alone = Reconciler(database, SHOP, batches), [True]
    lanes = Lanes(database, {SHOP: shop}, {}, {}, leaves_alone=lambda _: left_alone[0])  # type: ignore[dict-item]

    async def run(lane: Lane) -> None:
        await lanes.run(lane, jobs)

    jobs = LaneJobs(database, run)
    await jobs.open()
    await accept(database, SHOP, [f"event {number}" for number in range(100)], users=100)
    for _ in range(3):
        await lanes.run(Lane(SHOP, 0), jobs)
    assert len(batches) == 1
    async with database.transaction() as connection:
        assert await fetch_row(connection, "SELECT count(*) FROM procrastinate_jobs WHERE scheduled_at > now()") == (1,)

    left_alone[0] = False
    await until_done(jobs, database)
    assert len(batches) == 5


@pytest.mark.parametrize("off_h", [-3, 3])
async def test_a_lane_rests_as_long_as_it_should_where_the_clock_of_its_machine_is_wrong(
    database: Database, monkeypatch: pytest.MonkeyPatch, off_h: int
) -> None:
    async def nothing(_: Lane) -> None: ...

    monkeypatch.setattr(procrastinate.utils, "utcnow", lambda: datetime.now(UTC) + timedelta(hours=off_h))
    jobs = LaneJobs(database, nothing)
    await jobs.open()

    await jobs.rest(Lane(SHOP, 0), 300.0)
    await jobs.wake_later(Lane(FORUM, 0), 900.0)

    async with database.transaction() as connection:
        query = "SELECT round(extract(epoch FROM scheduled_at - now()) / 300) FROM procrastinate_jobs ORDER BY id"
        rests = [int(each) for (each,) in await (await connection.execute(query)).fetchall()]
    assert rests == [1, 3]
