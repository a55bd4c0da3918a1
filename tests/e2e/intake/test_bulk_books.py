"""A job of the org's outlives the worker that made it: its batch is finished before anything else is done."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from crosswalk.connectors.base import BulkBook, BulkJob, RecordWrite, WriteResult
from crosswalk.domain.event import Disposition, Event, Source
from crosswalk.domain.ids import OrgName, SyncName, TenantName, UserId
from crosswalk.engine import lane as lanes_module
from crosswalk.engine.bulk_books import BulkBooks
from crosswalk.engine.jobs import LaneJobs
from crosswalk.engine.lane import Lanes
from crosswalk.store import bulk_jobs, due, inbox
from crosswalk.store.database import Database
from crosswalk.store.due import DueEvent, Lane
from crosswalk.store.inbox import Subscriber
from tests.core_builders import a_sync, a_target

SYNC, TENANT, ORG = SyncName("customers"), TenantName("acme"), OrgName("acme")
LANE = Lane(SYNC, 0)
JOB = BulkJob("750xx0000000001AAA", "Lead", "Auth0_User_Id__c")


class Org:
    """Knows jobs only by their names."""

    bulk_above = 2_000

    def __init__(self) -> None:
        self.waited_for: list[str] = []

    async def write_in_bulk(self, writes: Sequence[RecordWrite], book: BulkBook) -> list[WriteResult]:
        return []

    async def wait_for_job(self, job: BulkJob) -> None:
        self.waited_for.append(job.id)


class Killed(BaseException):
    """Stands for the end of the process."""


class Reconciler:
    """Books every event as written; the first time, its process dies while the org's job is under way."""

    def __init__(self, database: Database, *, dies: bool) -> None:
        self.definition = replace(a_sync(a_target()), name=SYNC, org=ORG)
        self.batches: list[tuple[list[str], list[str]]] = []
        self._database = database
        self._dies = dies

    async def reconcile(self, events: Sequence[DueEvent], book: BulkBook) -> None:
        self.batches.append(([item.event.id for item in events], [job.id for job in book.jobs]))
        if self._dies:
            await book.started(JOB)
            raise Killed
        async with self._database.transaction() as connection:
            outcomes = [(item.event.user_id or UserId(""), "written") for item in events]
            await due.finish(connection, SYNC, outcomes, [item.seq for item in events])


async def accept(database: Database, *names: str) -> None:
    now = datetime.now(UTC)
    events = [
        Event(name, Source.EVENT_STREAM, "user.updated", now, Disposition.STATE, b"{}", UserId(name)) for name in names
    ]
    async with database.transaction() as connection:
        subscribers = [Subscriber(SYNC, TENANT, ORG, 1)]
        await inbox.accept(connection, [(TENANT, event) for event in events], subscribers)


async def run(database: Database, reconciler: Reconciler, org: Org) -> None:
    async def nothing(lane: Lane) -> None:
        pass

    jobs = LaneJobs(database, nothing)
    await jobs.open()
    lanes = Lanes(database, {SYNC: reconciler}, {}, {}, bulk=BulkBooks(database, {SYNC: (ORG, org)}))  # type: ignore[dict-item]
    await lanes.run(LANE, jobs)


async def left(database: Database) -> list[str]:
    async with database.transaction() as connection:
        return [job.id for job in await bulk_jobs.of_lane(connection, LANE)]


async def test_the_batch_of_a_worker_that_died_is_finished_by_its_job_before_newer_events(database: Database) -> None:
    org = Org()
    await accept(database, "ada", "grace")
    dying = Reconciler(database, dies=True)
    with pytest.raises(Killed):
        await run(database, dying, org)
    await accept(database, "mei")

    heir = Reconciler(database, dies=False)
    await run(database, heir, org)

    assert dying.batches == [(["ada", "grace"], [])]
    assert org.waited_for == [JOB.id]
    assert heir.batches == [(["ada", "grace"], [JOB.id]), (["mei"], [])]
    assert await left(database) == []


async def test_a_job_of_which_nobody_knows_what_became_stays_remembered(database: Database) -> None:
    class Unsure(Reconciler):
        async def reconcile(self, events: Sequence[DueEvent], book: BulkBook) -> None:
            await book.started(JOB)
            async with self._database.transaction() as connection:
                waits = [(item.event.user_id or UserId(""), 60.0) for item in events]
                await due.postpone(connection, SYNC, waits, [item.seq for item in events])

    org = Org()
    await accept(database, "ada")
    await run(database, Unsure(database, dies=False), org)
    remembered = await left(database)
    heir = Reconciler(database, dies=False)
    await run(database, heir, org)

    assert remembered == [JOB.id]
    assert heir.batches == [(["ada"], [JOB.id])]
    assert await left(database) == []


@pytest.mark.parametrize(("bulk_above", "largest"), [(30, 40), (50, 20)])
async def test_however_much_is_due_a_batch_has_its_size_and_a_larger_one_only_where_a_job_would_write_it(
    database: Database, monkeypatch: pytest.MonkeyPatch, bulk_above: int, largest: int
) -> None:
    for name, value in {"FULL_BATCH": 10, "EVENTS_PER_BATCH": 20, "BULK_BATCH": 40, "MUCH_DUE": 100}.items():
        monkeypatch.setattr(lanes_module, name, value)
    reconciler, org = Reconciler(database, dies=False), Org()
    org.bulk_above = bulk_above
    await accept(database, *(f"auth0|{number}" for number in range(150)))

    await run(database, reconciler, org)

    sizes = [len(events) for events, _ in reconciler.batches]
    assert (sizes[0], max(sizes), min(sizes[-2:]), sum(sizes)) == (largest, largest, 10, 150)
