"""A drift check of a million identities against a million records, hub side: `python -m bench drift`.

Both sides' answers (the lines of a user export, the CSV of a bulk query) lie in files beforehand; what is measured is
everything that the hub does with them. Two per cent of the users and of the records differ and are looked at. Beside
it, what PostgreSQL needs to take in the same bytes by COPY and do nothing with them. `DRIFT_IDENTITIES=20000` makes it
quick.
"""

import asyncio
import csv
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import psutil
import psycopg

from bench.core import _definition
from bench.users import a_user
from crosswalk.connectors.base import FieldDescription, ObjectDescription
from crosswalk.domain.drift import Cause
from crosswalk.domain.identity import Identity, StateVersion
from crosswalk.domain.ids import SyncName, UserId
from crosswalk.engine.drift.check import DriftCheck, DriftOrder
from crosswalk.engine.hub import Hub
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.reconcile.tracking import tracked_fields
from crosswalk.store.database import Database
from crosswalk.store.embedded import EmbeddedPostgres
from crosswalk.store.migrate import migrate

IDENTITIES = int(os.environ.get("DRIFT_IDENTITIES", "1000000"))
ONE_IN = 50
TARGET_S = 120.0
TARGET_BYTES = 1 << 30
BATCH = 2_000
PIECE = 1 << 16
TYPES = {"Email_Verified__c": "boolean", "Logins__c": "double", "Last_Login__c": "datetime"}
WATCH_EVERY_S = 2.0
"""To look at the memory of ten processes takes some 20 ms of a core."""

MODIFIED = "2026-02-01T10:00:00.000Z"


def run(folder: Path, report: Callable[[str], None]) -> dict[str, float]:
    """Measure on one core, PostgreSQL's processes among it."""
    with _one_core():
        postgres = EmbeddedPostgres(folder / "postgres")
        try:
            migrate(postgres.uri)
            compiled = CompiledSync(_definition(), default_region="US")
            _fill(postgres.uri, folder, compiled)
            least_s = _copy_alone(postgres.uri, folder)
            with _watched() as peak:
                began, cpu = time.perf_counter(), _cpu_s()
                found = asyncio.run(_check(postgres.uri, folder, compiled))
                seconds, cpu_s = time.perf_counter() - began, _cpu_s() - cpu
        finally:
            postgres.remove()
    expected = IDENTITIES // ONE_IN
    if found != {Cause.MISSED_EVENT: expected, Cause.EDIT_OUTSIDE: expected}:
        raise AssertionError(f"expected {expected:,} changed users and as many edited records, found {found}")
    report(
        f"drift check of {IDENTITIES:,} identities against as many records, {2 * expected:,} of which differ: "
        f"{seconds:.1f} s, {cpu_s:.1f} s of them on the core (target {TARGET_S:.0f}), {peak() / 2**20:,.0f} MiB "
        f"(target {TARGET_BYTES / 2**20:,.0f}); COPY of the same bytes alone: {least_s:.1f} s, "
        f"{cpu_s / least_s:.1f} times less"
    )
    return {
        "drift_identities": IDENTITIES,
        "drift_cpu_seconds": cpu_s,
        "drift_mib": peak() / 2**20,
        "drift_times_copy": cpu_s / least_s,
    }


class Tenant:
    """A tenant whose export lies in a file."""

    calls = 0

    def __init__(self, file: Path) -> None:
        self._file = file

    async def list_users(self, _query: str | None = None) -> AsyncIterator[Identity]:
        """More users than one lists."""
        with self._file.open("rb") as lines:
            for line in lines:
                yield Identity(UserId(""), line, _AT)

    async def export_users(self) -> AsyncIterator[list[bytes]]:
        """All users, as the connector gives them."""
        with self._file.open("rb") as file:
            rest = b""
            while piece := file.read(PIECE * 16):
                lines = (rest + piece).split(b"\n")
                rest = lines.pop()
                for start in range(0, len(lines), BATCH):
                    yield lines[start : start + BATCH]


class Org:
    """An org whose bulk query lies in a file."""

    calls = 0

    def __init__(self, file: Path, fields: Sequence[str]) -> None:
        self._file = file
        self._fields = tuple(fields)

    async def describe(self, name: str) -> ObjectDescription:
        """The types of the fields."""
        fields = tuple(FieldDescription(each, each, TYPES.get(each, "string")) for each in self._fields)
        return ObjectDescription(name, name, True, True, True, fields)

    async def query(self, _soql: str) -> list[dict[str, object]]:
        """More records than one queries."""
        return [{}] * 4_001

    async def bulk_query(
        self, _object: str, _fields: Sequence[str], _condition: str | None = None
    ) -> AsyncIterator[tuple[tuple[str, ...], AsyncIterator[bytes]]]:
        """All records in one page, as the connector gives them."""

        async def pieces() -> AsyncIterator[bytes]:
            with self._file.open("rb") as file:
                while piece := file.read(PIECE):
                    yield piece

        yield ("Id", *self._fields, "SystemModstamp"), pieces()


async def _check(uri: str, folder: Path, compiled: CompiledSync) -> dict[Cause, int]:
    """The check; how many differences it found of each cause."""
    definition = compiled.definition
    database = Database(uri)
    await database.open()
    hub = SimpleNamespace(
        config=SimpleNamespace(state_dir=folder / "state", syncs={}),
        database=database,
        tenants={definition.tenant: Tenant(folder / "users.ndjson")},
        orgs={definition.org: Org(folder / "records.csv", tracked_fields(definition.targets[0]))},
        compiled={definition.name: compiled},
        planners={definition.name: None},
        jobs=SimpleNamespace(wake=None),
    )
    found: dict[Cause, int] = {}
    check = DriftCheck(cast("Hub", hub), SyncName("bench"), DriftOrder())
    async for batch in check.differences():
        for difference in batch:
            found[difference.cause] = found.get(difference.cause, 0) + 1
    await database.close()
    return found


def _fill(uri: str, folder: Path, compiled: CompiledSync) -> None:
    """What the hub knows into its tables, and what the two sides say into files."""
    definition = compiled.definition
    fields = tracked_fields(definition.targets[0])
    with (
        psycopg.connect(uri) as connection,
        psycopg.connect(uri) as other,
        (folder / "users.ndjson").open("wb") as users,
        (folder / "records.csv").open("w", newline="") as csv_file,
    ):
        rows = csv.writer(csv_file, lineterminator="\n")
        columns = "tenant, user_id, profile, updated_at, observed_at, carrier, deleted, email, seen_at"
        with (
            connection.cursor().copy(f"COPY identities ({columns}) FROM STDIN") as identities,
            other.cursor().copy(
                "COPY links (sync, user_id, object, record_id, evidence, record, base, changed_at) FROM STDIN"
            ) as links,
        ):
            for start in range(0, IDENTITIES, BATCH):
                _fill_some(
                    range(start, min(start + BATCH, IDENTITIES)), compiled, fields, identities, links, users, rows
                )
        connection.commit()
        other.commit()
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE identities")
        connection.execute("VACUUM ANALYZE links")


def _fill_some(
    numbers: range,
    compiled: CompiledSync,
    fields: Sequence[str],
    identities: psycopg.Copy,
    links: psycopg.Copy,
    users: Any,
    rows: Any,
) -> None:
    known = [a_user(number) for number in numbers]
    profiles = [msgspec.json.encode(user) for user in known]
    states = [
        Identity(cast("Any", user["user_id"]), p, cast("Any", _AT)) for user, p in zip(known, profiles, strict=True)
    ]
    for number, user, profile, evaluation in zip(numbers, known, profiles, compiled.evaluate(states), strict=True):
        user_id, updated_at = str(user["user_id"]), str(user["updated_at"])[:-1] + "000Z"
        values = dict(evaluation.targets[0].values)
        record = {name: values.get(name) for name in fields} | {"Auth0_User_Id__c": user_id}
        at = (updated_at, updated_at, "", False, user["email"], "2026-02-02")
        identities.write_row(("t", user_id, profile, *at))
        record_id = f"003{number:012d}AAA"
        texts = (msgspec.json.encode(record).decode(), msgspec.json.encode(values).decode())
        links.write_row(("bench", user_id, "Contact", record_id, "external_id", *texts, "2026-02-02"))
        # An export has its own order, and what a login moves is newer there.
        read = {**dict(sorted(user.items())), "last_ip": "::1", "updated_at": "2026-02-03T10:00:00.000Z"}
        if number % ONE_IN == 0:
            read["given_name"] = "Changed"
        users.write(msgspec.json.encode(read) + b"\n")
        if number % ONE_IN == 1:
            record["LastName"] = "Edited"
        rows.writerow([record_id, *(_text(name, record[name]) for name in fields), MODIFIED])


_AT = StateVersion("2026-02-01T10:00:00.000000Z", "2026-02-01T10:00:00.000000Z")


def _text(name: str, value: Any) -> str:
    """A value as the bulk API writes it."""
    if value is None:
        return "false" if TYPES.get(name) == "boolean" else ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _copy_alone(uri: str, folder: Path) -> float:
    """Seconds of the core for both files into tables of one column, and nothing else."""
    began = _cpu_s()
    for name in ("users.ndjson", "records.csv"):
        with psycopg.connect(uri) as connection, (folder / name).open("rb") as file:
            connection.execute("CREATE TEMP TABLE whole (line text)")
            with connection.cursor().copy(
                r"COPY whole FROM STDIN (FORMAT csv, DELIMITER E'\x01', QUOTE E'\x02')"
            ) as copy:
                while piece := file.read(PIECE):
                    copy.write(piece)
    return _cpu_s() - began


@contextmanager
def _one_core() -> Iterator[None]:
    """Keep this process, and those that it starts, on one core."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def _processes() -> list[psutil.Process]:
    """This process with its workers, and the database's, which were started by it or are called so."""
    own = psutil.Process()
    found = [own, *own.children(recursive=True), *(p for p in psutil.process_iter(["name"]) if _is_ours(p))]
    return list({each.pid: each for each in found}.values())


def _is_ours(process: psutil.Process) -> bool:
    try:
        return process.info["name"] == "postgres" and "cw-bench-" in " ".join(
            process.parents()[0].cmdline() + process.cmdline()
        )
    except (psutil.Error, IndexError):
        return False


def _cpu_s() -> float:
    """Seconds of the core that all of them have used."""
    total = 0.0
    for process in _processes():
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        total += (
            times.user + times.system + getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
        )
    return total


@contextmanager
def _watched() -> Iterator[Callable[[], int]]:
    """The most memory that all of them have to themselves at one moment, in bytes."""
    most, done = 0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.wait(WATCH_EVERY_S):
            size = 0
            for process in _processes():
                try:
                    size += process.memory_full_info().uss
                except psutil.Error:
                    continue
            most = max(most, size)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield lambda: most
    finally:
        done.set()
        thread.join()
