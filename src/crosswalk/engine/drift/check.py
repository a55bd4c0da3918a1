"""The drift check: both sides against what the hub knows, everything or a sample, cheaply.

Both sides are read whole, in few calls, and only digests and tracked fields are compared, in SQL. Who differs is looked
at by the core, which says what the difference means. Memory stays bounded: users lie in a file, records in PostgreSQL,
and identities that differ are looked at a thousand at a time.
"""

import secrets
import tempfile
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog
from msgspec import Struct

from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.drift import Cause, Difference, Mark, Sample
from crosswalk.domain.errors import CrosswalkError
from crosswalk.domain.ids import SyncName
from crosswalk.domain.record import MODIFIED_FIELD
from crosswalk.domain.values import ValueType
from crosswalk.engine.drift.look import DriftLook, Looked
from crosswalk.engine.drift.reading import (
    READ_ONE_BY_ONE,
    Spool,
    Tick,
    describe_columns,
    load_records,
    load_replicas,
    load_some_records,
    load_users,
    some_users,
    users_since,
    whole_tenant,
)
from crosswalk.engine.drift.repair import DriftRepair
from crosswalk.engine.hub import Hub
from crosswalk.engine.settings import subscribers
from crosswalk.reconcile.tracking import tracked_fields
from crosswalk.reconcile.user_digest import UserDigest
from crosswalk.store import drift as tables
from crosswalk.store import drift_checks
from crosswalk.store.database import Connection
from crosswalk.store.drift_checks import PERSON
from crosswalk.store.drift_records import RecordTable

log = structlog.get_logger()

LOOKED_AT_ONCE = 1_000

PLAUSIBLY_GONE = 100
PLAUSIBLE_SHARE = 0.2
"""Where more than a fifth of all users or records are gone, rather the hub may not see them any more."""

LOCK_CLASS = 0x64726966
TRY_LOCK = "SELECT pg_try_advisory_lock(%s, hashtext(%s))"


class DriftCheckRuns(CrosswalkError):
    """Another process is checking this sync for drift."""


class UnknownObject(CrosswalkError):
    """The sync has no such object."""


class DriftOrder(Struct, frozen=True):
    """What to check.

    Parameters
    ----------
    sample
        Only so many identities; `None` checks everybody.
    object
        Only the records of this object.
    since
        Only what changed since (UTC). What is gone is then not noticed.
    repair
        Whether what was read is kept, and the identities are reconciled.
    grace
        What changed so recently is left out: its event is on its way.
    missing_too
        Whether what is gone is repaired even where so much is gone that it cannot be true.
    """

    sample: Sample | None = None
    object: str | None = None
    since: datetime | None = None
    repair: bool = False
    grace: timedelta = timedelta(minutes=5)
    missing_too: bool = False


@dataclass
class DriftReport:
    """What a check has found so far; `differing` counts identities, `causes` differences by cause and field."""

    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    users: int = 0
    records: int = 0
    candidates: int = 0
    differing: int = 0
    immaterial: int = 0
    """Identities that differ in what no rule depends on."""
    repaired: int = 0
    withheld: int = 0
    """Identities that are not repaired because more is gone than can be true."""
    auth0_calls: int = 0
    salesforce_calls: int = 0
    seconds: float = 0.0
    causes: dict[tuple[Cause, str], int] = field(default_factory=dict)

    def count(self, found: Difference) -> None:
        """Count a difference."""
        name = f"{found.object}.{found.field}" if found.field else found.object
        self.causes[found.cause, name] = self.causes.get((found.cause, name), 0) + 1


class Stages(Struct, frozen=True):
    """Who is told how far each stage is: its name, and how many there are of what it counts, as far as known."""

    begin: Callable[[str, int | None], Tick]


def silent(_: int) -> None:
    """Tells nobody."""


SILENT = Stages(lambda _name, _total: silent)


class DriftCheck:
    """One check of one sync.

    Parameters
    ----------
    hub, sync, order
        Where, and what.
    stages
        Told of the progress.
    """

    def __init__(self, hub: Hub, sync: SyncName, order: DriftOrder, stages: Stages = SILENT) -> None:
        self._hub = hub
        self._compiled = hub.compiled[sync]
        self._definition: SyncDefinition = self._compiled.definition
        self._order = order
        self._stages = stages
        self._tenant = hub.tenants[self._definition.tenant]
        self._org = hub.orgs[self._definition.org]
        objects = [target.object for target in self._definition.targets]
        if order.object is not None and order.object not in objects:
            raise UnknownObject(f"sync {sync} has no target {order.object}; it has {', '.join(objects)}")
        self._targets = [t for t in self._definition.targets if order.object in (None, t.object)]
        self.report = DriftReport()

    async def run(self, asked_by: str) -> DriftReport:
        """Check without telling the differences themselves: they are counted, logged and kept in figures.

        Raises what `differences` raises.
        """
        async for _ in self.differences(asked_by):
            pass
        return self.report

    async def differences(self, asked_by: str = PERSON) -> AsyncGenerator[list[Difference], None]:
        """Yield what is not in step, some at a time; afterwards `report` says it all in numbers.

        Raises
        ------
        DriftCheckRuns
            Another process checks this sync.
        crosswalk.connectors.errors.ConnectorError
            One of the sides could not be read.
        """
        error: str | None = "it was not let to its end"
        began, calls = time.monotonic(), (self._tenant.calls, self._org.calls)
        async with self._alone() as session:
            try:
                async for found in self._found(session):
                    yield found
                error = None
            except CrosswalkError as failure:
                error = str(failure)
                raise
            finally:
                self.report.auth0_calls = self._tenant.calls - calls[0]
                self.report.salesforce_calls = self._org.calls - calls[1]
                self.report.seconds = time.monotonic() - began
                await self._book(asked_by, error)

    async def _found(self, session: Connection) -> AsyncIterator[list[Difference]]:
        folder = self._hub.config.state_dir
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder, prefix="drift-") as file:
            spool = Spool(file)
            self.report.started = await tables.prepare(session)
            records = await self._read(session, spool)
            async for found in self._look(session, spool, records):
                for difference in found:
                    self.report.count(difference)
                yield found

    async def _book(self, asked_by: str, error: str | None) -> None:
        """Keep and log what came of the check."""
        report = self.report
        causes = {cause: sum(n for (each, _), n in report.causes.items() if each is cause) for cause in Cause}
        figures: dict[str, float] = {
            "users": report.users,
            "records": report.records,
            "differing": report.differing,
            "immaterial": report.immaterial,
            "repaired": report.repaired,
            "withheld": report.withheld,
            "auth0_calls": report.auth0_calls,
            "salesforce_calls": report.salesforce_calls,
            "seconds": round(report.seconds, 3),
        } | {cause.value: count for cause, count in causes.items() if count}
        async with self._hub.database.transaction() as connection:
            await drift_checks.save(connection, self._definition.name, asked_by, report.started, figures, error)
        if error is None:
            log.info("drift_checked", sync=self._definition.name, **figures)

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[Connection]:
        """A session of its own, in which no other check of the sync can run."""
        async with self._hub.database.session() as session:
            row = await (await session.execute(TRY_LOCK, (LOCK_CLASS, self._definition.name))).fetchone()
            if row is None or not row[0]:
                raise DriftCheckRuns(f"sync {self._definition.name} is being checked already: wait for that one")
            yield session

    async def _read(self, session: Connection, spool: Spool) -> dict[str, RecordTable]:
        """Read both sides, compare them, and settle on who has to be looked at."""
        order, tenant = self._order, self._definition.tenant
        known = await tables.count_identities(session, tenant)
        sampled = order.sample is not None
        if order.sample is not None:
            known = order.sample.size(known)
            await tables.draw_sample(session, tenant, known, secrets.randbits(62))
        digest = UserDigest(self._definition)
        await self._read_users(session, spool, digest, known)
        tick = self._stages.begin("comparing users", known)
        async with self._hub.database.session() as other:
            stored = tables.stored_profiles(
                other, tenant, self.report.started - order.grace, await tables.sampled(session) if sampled else None
            )
            await load_replicas(session, stored, digest, tick)
        await tables.compare_users(
            session, tenant, self.report.started, order.grace, complete=order.since is None, sample=sampled
        )
        records = {}
        for number, target in enumerate(self._targets):
            names = [*tracked_fields(target, self._definition.flows), MODIFIED_FIELD]
            columns = await describe_columns(self._org, target.object, list(dict.fromkeys(names)))
            records[target.object] = RecordTable(session, number, target.object, columns)
            await self._read_records(session, records[target.object])
        await self._compare_records(records)
        self.report.candidates = await tables.mark_rest(
            session, self._definition.name, self.report.started, sample=sampled
        )
        if self.report.candidates:
            for table in records.values():
                await table.index()
        return records

    async def _read_users(self, session: Connection, spool: Spool, digest: UserDigest, known: int) -> None:
        tick = self._stages.begin("reading users", known or None)
        if self._order.since is not None:
            texts = users_since(self._tenant, self._order.since)
        elif self._order.sample is not None and known <= READ_ONE_BY_ONE:
            texts = some_users(self._tenant, await tables.sampled(session))
        else:
            texts = whole_tenant(self._tenant)
        self.report.users = await load_users(session, texts, digest, spool, tick)

    async def _read_records(self, session: Connection, table: RecordTable) -> None:
        await table.create()
        tick = self._stages.begin(f"reading {table.object}", None)

        def count(number: int) -> None:
            self.report.records += number
            tick(number)

        if self._order.since is not None:
            moment = f"{self._order.since:%Y-%m-%dT%H:%M:%SZ}"
            await load_records(self._org, table, f"{MODIFIED_FIELD} >= {moment}", count)
        elif self._order.sample is not None:
            ids = await tables.sampled_records(session, self._definition.name, table.object)
            await load_some_records(self._org, table, ids, count)
        else:
            await load_records(self._org, table, None, count)

    async def _compare_records(self, records: Mapping[str, RecordTable]) -> None:
        for target in self._targets:
            table = records[target.object]
            await table.compare(
                self._definition.name,
                self.report.started,
                self._order.grace,
                target.external_id_field,
                complete=self._order.since is None,
                sample=self._order.sample is not None,
            )
            parts = [rule.parts for rule in target.match if len(rule.parts) == 1]
            emails = {name for (part,) in parts if part.type is ValueType.EMAIL for name in part.fields}
            for name in sorted(emails):
                await table.mark_by_email(self._definition.name, target.external_id_field, name)

    async def _look(
        self, session: Connection, spool: Spool, records: Mapping[str, RecordTable]
    ) -> AsyncIterator[list[Difference]]:
        """Look at who differs, and repair them where that was asked for."""
        name, hub = self._definition.name, self._hub
        tick = self._stages.begin("looking at who differs", self.report.candidates)
        look = DriftLook(self._compiled, hub.planners[name], hub.database, spool, records, self.report.started)
        repair = DriftRepair(
            self._definition,
            hub.database,
            subscribers(hub.config),
            hub.jobs.wake,
            f"{name}/{self.report.started.isoformat()}",
            self.report.started,
        )
        withheld = frozenset[Mark]()
        if not self._order.missing_too:
            withheld = await tables.implausible(session, name, PLAUSIBLY_GONE, PLAUSIBLE_SHARE)
        async for batch in tables.candidates(session, LOOKED_AT_ONCE):
            looked = await look.look(batch)
            self._count(looked)
            if self._order.repair:
                believed = [each for each in looked if not each.candidate.marks & withheld]
                self.report.repaired += await repair.repair(believed)
                self.report.withheld += len(looked) - len(believed)
            tick(len(batch))
            yield [difference for each in looked for difference in each.differences]
        found = [
            Difference(Cause.DUPLICATE, user_id, detail=", ".join(each))
            for user_id, each in await tables.duplicates(session)
        ]
        self.report.differing += len(found)
        yield found

    def _count(self, looked: list[Looked]) -> None:
        differing = sum(bool(each.differences) for each in looked)
        self.report.differing += differing
        self.report.immaterial += len(looked) - differing
