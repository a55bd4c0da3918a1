"""A back-fill of a million users against a million records, hub side: `python -m bench backfill`.

Both sides' answers (the lines of a user export, the CSV of a bulk query) lie in files beforehand, and the org takes
writes at once; what is measured is everything that the hub does once the back-fill is ordered: read, match, report, and
then link, create and book, by two workers that wait for orders and the PostgreSQL of one machine. Of ten users, seven
have a record that their e-mail address finds, two have one that carries their id, and one has none.
`BACKFILL_USERS=1000000` is the whole of it.
"""

import asyncio
import csv
import math
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Barrier
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import psutil

from bench.core import _definition
from bench.drift import Org, Tenant, _copy_alone, _processes, _text, _watched
from bench.users import a_user
from crosswalk.connectors.base import UserWriteResult, WriteResult, Written
from crosswalk.domain.backfill import Backfill, Direction, Outcome, Outlook, Stage
from crosswalk.domain.identity import Identity, StateVersion
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.look_up import LookUp
from crosswalk.domain.record import Record
from crosswalk.domain.write import RecordWrite, UserWrite
from crosswalk.engine.backfill.orders import Backfills
from crosswalk.engine.backfill.run import backfill_for_ever
from crosswalk.engine.hub import Hub
from crosswalk.engine.planning import Planner
from crosswalk.engine.reconciler import Reconciler
from crosswalk.engine.writing import Writer
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.reconcile.tracking import tracked_fields
from crosswalk.store.database import Database
from crosswalk.store.embedded import EmbeddedPostgres
from crosswalk.store.migrate import migrate

USERS = int(os.environ.get("BACKFILL_USERS", "50000"))
WORKERS = 2
LANES = 8
BATCH = 2_000
RECORDS_IN_A_CALL = 200
TARGET_S = 180.0
TARGET_BYTES = 1 << 30
LOOK_EVERY_S = 0.2
READY_WITHIN_S = 60.0
NAIVE_CALLS_PER_USER = 2
"""A script that goes through the users asks for each one's record, and then writes it."""


def run(folder: Path, report: Callable[[str], None]) -> dict[str, float]:
    """Measure with as many cores as there are."""
    postgres = EmbeddedPostgres(folder / "postgres")
    try:
        migrate(postgres.uri)
        _fill(folder, _compiled())
        least_s = _copy_alone(postgres.uri, folder)
        with _workers(postgres.uri, folder) as workers, _watched() as peak:
            began, cpu = time.perf_counter(), _cores_s()
            matched = asyncio.run(_carry_out(postgres.uri, folder, Stage.MATCHED, workers))
            matched_s, matched_cpu = time.perf_counter() - began, _cores_s()
            done = asyncio.run(_carry_out(postgres.uri, folder, Stage.DONE, workers))
            seconds, done_cpu = time.perf_counter() - began, _cores_s()
    finally:
        postgres.remove()
    _check(matched, done)
    hub_s, postgres_s = (after - before for after, before in zip(done_cpu, cpu, strict=True))
    matched_cpu_s, cpu_s = sum(matched_cpu) - sum(cpu), hub_s + postgres_s
    writes = USERS - USERS // 5
    least_calls = math.ceil(writes / RECORDS_IN_A_CALL)
    report(
        f"back-fill of {USERS:,} users against as many records by {WORKERS} workers: report after {matched_s:.1f} s "
        f"({matched_cpu_s:.1f} s of the cores), written after {seconds:.1f} s (target {TARGET_S:.0f} for a million; "
        f"{cpu_s:.1f} s of the cores, {hub_s:.1f} s of them the workers' own and the rest PostgreSQL's), "
        f"{USERS / seconds:,.0f} users/s, {peak() / 2**20:,.0f} MiB (target {TARGET_BYTES / 2**20:,.0f}); COPY of the "
        f"same bytes alone: {least_s:.1f} s, {cpu_s / least_s:.0f} times less"
    )
    report(
        f"its writes: {least_calls:,} calls, the least that 200 records in a call allow; a script that looks up and "
        f"writes one user after another: {NAIVE_CALLS_PER_USER * USERS:,}, "
        f"{NAIVE_CALLS_PER_USER * USERS / least_calls:,.0f} times more"
    )
    return {
        "backfill_users": USERS,
        "backfill_matched_seconds": matched_s,
        "backfill_matched_cpu_seconds": matched_cpu_s,
        "backfill_seconds": seconds,
        "backfill_cpu_seconds": cpu_s,
        "backfill_hub_cpu_seconds": hub_s,
        "backfill_mib": peak() / 2**20,
        "backfill_times_copy": cpu_s / least_s,
        "backfill_naive_calls_ratio": NAIVE_CALLS_PER_USER * USERS / least_calls,
    }


def _cores_s() -> tuple[float, float]:
    """Seconds of the cores that the workers, and PostgreSQL, have used; what watches them is left out."""
    own = psutil.Process().cpu_times()
    workers, database = own.children_user + own.children_system, 0.0
    for process in _processes():
        try:
            times, name = process.cpu_times(), process.name()
            is_first = name != "postgres" or (parent := process.parent()) is None or parent.name() != "postgres"
        except psutil.Error:
            continue
        used = times.user + times.system
        if name != "postgres":
            workers += used if process.pid != os.getpid() else 0.0
        else:
            database += used + (times.children_user + times.children_system if is_first else 0.0)
    return workers, database


class TakingTenant(Tenant):
    """A tenant to which nothing has to be written."""

    async def write_users(self, writes: Sequence[UserWrite]) -> list[UserWriteResult]:
        """None is expected."""
        if writes:
            raise AssertionError(f"expected no writes to users, found {len(writes)}")
        return []


class TakingOrg(Org):
    """An org that takes writes at once, and reports no usage."""

    usage = None
    bulk_above = 1 << 60

    async def bulk_query(
        self, _object: str, _fields: Sequence[str], _condition: str | None = None
    ) -> AsyncIterator[tuple[tuple[str, ...], AsyncIterator[bytes]]]:
        """All records in one page, as the connector gives them; nobody changes one meanwhile."""
        if _condition is not None:
            return
        async for columns, pieces in super().bulk_query(_object, _fields, _condition):
            yield columns[:-1], pieces

    async def look_up(self, look_ups: Sequence[LookUp]) -> list[list[Record]]:
        """Nobody made a record meanwhile."""
        return [[] for _ in look_ups]

    async def write(self, writes: Sequence[RecordWrite]) -> list[WriteResult]:
        """Done, each of them."""
        return [
            Written(
                write.record_id or RecordId(f"003N{write.external_id[1][-11:]}AAA"), created=write.record_id is None
            )
            for write in writes
        ]


def _compiled() -> CompiledSync:
    return CompiledSync(msgspec.structs.replace(_definition(), lanes=LANES), default_region="US")


@asynccontextmanager
async def _hub(uri: str, folder: Path) -> AsyncIterator[Hub]:
    """As much of a hub as a back-fill needs."""
    compiled = _compiled()
    definition = compiled.definition
    database = Database(uri)
    await database.open()
    tenant = cast("Any", TakingTenant(folder / "users.ndjson"))
    org = cast("Any", TakingOrg(folder / "records.csv", tracked_fields(definition.targets[0])))
    nothing = cast("Any", None)
    with ThreadPoolExecutor(1) as threads:
        planner = Planner(compiled, org, tenant, threads)
        reconciler = Reconciler(definition, planner, tenant, Writer(tenant, org), database, nothing, nothing, "")
        parts = {
            "config": SimpleNamespace(syncs={}),
            "database": database,
            "tenants": {definition.tenant: tenant},
            "orgs": {definition.org: org},
            "compiled": {definition.name: compiled},
            "planners": {definition.name: planner},
            "reconcilers": {definition.name: reconciler},
            "jobs": SimpleNamespace(wake=None),
        }
        yield cast("Hub", SimpleNamespace(**parts))
    await database.close()


@contextmanager
def _workers(uri: str, folder: Path) -> Iterator[Sequence[BaseProcess]]:
    """Workers that wait for a back-fill to be ordered."""
    context = get_context("spawn")
    ready = context.Barrier(WORKERS + 1)
    workers = [context.Process(target=_work, args=(uri, folder, ready), daemon=True) for _ in range(WORKERS)]
    for each in workers:
        each.start()
    try:
        ready.wait(READY_WITHIN_S)
        yield workers
    finally:
        for each in workers:
            each.terminate()
            each.join()


def _work(uri: str, folder: Path, ready: Barrier) -> None:
    """A worker."""

    async def work() -> None:
        async with _hub(uri, folder) as hub:
            ready.wait(READY_WITHIN_S)
            await backfill_for_ever(hub)

    asyncio.run(work())


async def _carry_out(uri: str, folder: Path, until: Stage, workers: Sequence[BaseProcess]) -> Backfill:
    """Order what leads to a stage, and wait until it is reached."""
    async with _hub(uri, folder) as hub:
        desk = Backfills(hub.database)
        (definition,) = [each.definition for each in hub.compiled.values()]
        if until is Stage.MATCHED:
            number = (await desk.order(definition, Direction.BOTH, "bench", write=False)).id
        else:
            number = (await desk.last_of(definition.name)).id
            await desk.write(number, "bench", approve=False)
        while (found := await desk.read(number)).stage is not until:
            if not all(each.is_alive() for each in workers):
                raise AssertionError("expected the workers to go on until it is done, but one of them ended")
            await asyncio.sleep(LOOK_EVERY_S)
        return found


def _check(matched: Backfill, done: Backfill) -> None:
    """What was to be done was done."""
    of_ten = USERS // 10
    expected = {Outlook.LINK: 9 * of_ten, Outlook.CREATE: of_ten}
    if matched.report is None or dict(matched.report.outlooks) != expected or matched.report.unclaimed:
        raise AssertionError(f"expected {expected}, found {matched.report}")
    if dict(done.outcomes) != {Outcome.WRITTEN: USERS}:
        raise AssertionError(f"expected {USERS:,} written, found {done.outcomes}")


def _fill(folder: Path, compiled: CompiledSync) -> None:
    """What the two sides say into files."""
    fields = tracked_fields(compiled.definition.targets[0])
    at = StateVersion("", "")
    with (
        (folder / "users.ndjson").open("wb") as users,
        (folder / "records.csv").open("w", newline="") as csv_file,
    ):
        rows = csv.writer(csv_file, lineterminator="\n")
        for start in range(0, USERS, BATCH):
            numbers = range(start, min(start + BATCH, USERS))
            profiles = [msgspec.json.encode(a_user(number)) for number in numbers]
            states = [Identity(UserId(f"auth0|{n:024x}"), p, at) for n, p in zip(numbers, profiles, strict=True)]
            for number, state, evaluation in zip(numbers, states, compiled.evaluate(states), strict=True):
                users.write(state.profile + b"\n")
                if number % 10:
                    values = {name: evaluation.targets[0].values.get(name) for name in fields}
                    carried = state.user_id if number % 10 < 3 else None
                    record = values | {"Auth0_User_Id__c": carried}
                    rows.writerow([f"003{number:012d}AAA", *(_text(name, record[name]) for name in fields)])
