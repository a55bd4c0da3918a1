"""Several workers on one database: each identity is worked on by one of them at a time, whatever the others do."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from crosswalk.domain.event import Disposition, Event, Source
from crosswalk.domain.ids import OrgName, SyncName, TenantName, UserId
from crosswalk.engine.jobs import LaneJobs
from crosswalk.engine.lane import Lanes
from crosswalk.engine.reconciler import Reconciler
from crosswalk.store import due, inbox
from crosswalk.store.database import Database
from crosswalk.store.due import DueEvent, Lane
from crosswalk.store.inbox import Subscriber
from tests.core_builders import a_sync

SYNC, TENANT, ORG = SyncName("customers"), TenantName("acme"), OrgName("acme")
LANES, PEOPLE, CHANGES = 3, 60, 6
DEADLINE_S = 60.0

# Ends the connection that holds the lock of some lane, as a restart of PostgreSQL or a dead process does.
LOSE_A_LOCK = """
SELECT pg_terminate_backend(pid)
FROM pg_locks
WHERE locktype = 'advisory' AND granted AND pid <> pg_backend_pid()
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
LIMIT 1
"""


class Work:
    """Who is worked on by which worker, over all workers."""

    def __init__(self) -> None:
        self.at: dict[UserId, int] = {}
        self.twice: list[tuple[UserId, int, int]] = []
        self.batches: Counter[int] = Counter()

    def reconciler(self, worker: int, database: Database) -> Reconciler:
        """One that takes its time and books what it did, and notes who is worked on by whom."""

        async def reconcile(events: Sequence[DueEvent]) -> None:
            users = {cast("UserId", item.event.user_id) for item in events}
            self.twice += [(user, self.at[user], worker) for user in users if user in self.at]
            self.at |= dict.fromkeys(users, worker)
            try:
                await asyncio.sleep(0.02)
                async with database.transaction() as connection:
                    outcomes = [(user, "written") for user in users]
                    await due.finish(connection, SYNC, outcomes, [item.seq for item in events])
            finally:
                for user in users:
                    self.at.pop(user, None)
            self.batches[worker] += 1

        return cast("Reconciler", SimpleNamespace(definition=a_sync(), reconcile=reconcile))


@asynccontextmanager
async def a_worker(number: int, uri: str, work: Work) -> AsyncIterator[LaneJobs]:
    """A worker with connections of its own."""
    database = Database(uri)
    await database.open()
    lanes = Lanes(database, {SYNC: work.reconciler(number, database)}, {}, {})
    jobs: LaneJobs = LaneJobs(database, lambda lane: lanes.run(lane, jobs))
    await jobs.open()
    parts = [asyncio.create_task(_for_ever(part)) for part in (jobs.work, jobs.sweep_for_ever)]
    try:
        yield jobs
    finally:
        for part in parts:
            part.cancel()
        await asyncio.gather(*parts, return_exceptions=True)
        await database.close()


async def _for_ever(part: Callable[[], Awaitable[Any]]) -> None:
    while True:
        try:
            await part()
        except Exception:
            await asyncio.sleep(0.05)


async def change(database: Database, jobs: LaneJobs, people: Sequence[int], revision: int) -> None:
    now = datetime.now(UTC)
    events = [
        Event(
            f"{number}-{revision}",
            Source.EVENT_STREAM,
            "user.updated",
            now,
            Disposition.STATE,
            b"{}",
            UserId(f"auth0|{number}"),
        )
        for number in people
    ]
    async with database.transaction() as connection:
        subscriber = Subscriber(SYNC, TENANT, ORG, LANES)
        accepted = await inbox.accept(connection, [(TENANT, event) for event in events], [subscriber])
        for lane in accepted.lanes:
            await jobs.wake(connection, lane)


async def rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    async with database.transaction() as connection:
        return await (await connection.execute(query)).fetchall()  # type: ignore[arg-type]  # a literal of this file


async def all_done(database: Database) -> None:
    began = time.monotonic()
    while await rows(database, "SELECT 1 FROM due WHERE outcome IS NULL LIMIT 1"):
        assert time.monotonic() - began < DEADLINE_S, "expected every event to be dealt with"
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("workers", [2, 3])
async def test_nobody_is_worked_on_twice_at_once_and_every_change_is_dealt_with_once(
    database: Database, postgres_uri: str, workers: int
) -> None:
    work, chance = Work(), random.Random(workers)
    async with AsyncExitStack() as stack:
        running = [await stack.enter_async_context(a_worker(n, postgres_uri, work)) for n in range(workers)]
        for revision in range(CHANGES):
            await change(database, running[0], chance.sample(range(PEOPLE), PEOPLE), revision)
            await asyncio.sleep(chance.uniform(0, 0.03))
        await all_done(database)

    assert work.twice == []
    assert await rows(database, "SELECT outcome, count(*) FROM due GROUP BY 1") == [("written", PEOPLE * CHANGES)]


async def test_a_worker_whose_lock_is_lost_stops_before_another_one_goes_on(
    database: Database,
) -> None:
    """The lock is lost while a batch is under way that would last for long; it is given up, not finished."""
    began, given_up = asyncio.Event(), asyncio.Event()
    seen: list[str] = []

    async def run(_: Lane) -> None:
        if began.is_set():
            seen.append("again, while it went on" if not given_up.is_set() else "again")
            async with database.transaction() as connection:
                await connection.execute("UPDATE due SET outcome = 'written', finished_at = now()")
            return
        began.set()
        try:
            await asyncio.sleep(DEADLINE_S)
        finally:
            seen.append("given up")
            given_up.set()

    async with AsyncExitStack() as stack:
        jobs = LaneJobs(database, run)
        await jobs.open()
        await change(database, jobs, [1], 0)
        for part in (jobs.work, jobs.sweep_for_ever):
            stack.callback(asyncio.create_task(_for_ever(part)).cancel)
        async with asyncio.timeout(DEADLINE_S):
            await began.wait()
        assert await rows(database, LOSE_A_LOCK) == [(True,)]
        async with asyncio.timeout(DEADLINE_S / 2):
            await given_up.wait()
        await all_done(database)

    assert seen == ["given up", "again"]


async def test_two_workers_that_put_the_same_dead_job_away_do_not_stumble_over_each_other(database: Database) -> None:
    both = [LaneJobs(database, never) for _ in range(2)]
    for jobs in both:
        await jobs.open()
    for _ in range(5):
        async with database.transaction() as connection:
            await both[0].wake(connection, Lane(SYNC, 0))
            await connection.execute("UPDATE procrastinate_jobs SET status = 'doing'")
        for jobs in both:
            await jobs.sweep()  # it may have only just begun

        await asyncio.gather(*(jobs.sweep() for jobs in both))

        assert await rows(database, "SELECT count(*) FROM procrastinate_jobs") == [(0,)]


async def never(lane: Lane) -> None:
    raise AssertionError(f"nobody works on {lane} here")
