"""A chunk of a back-fill: planned by the same function as events, against what was read of both sides; then written.

Where something is not done at once (a record is locked, a user lost the record to another, a threshold is reached
meanwhile), the workers get an event about the identity and go on with it like with any other: so whatever can go wrong
is dealt with in one place, and a chunk always ends.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Executor

import msgspec
import psycopg
import structlog
from msgspec import Struct
from psycopg_pool import PoolTimeout

from crosswalk.connectors.auth0.users import identity_of
from crosswalk.connectors.errors import WITHHELD, ConnectorError
from crosswalk.domain.backfill import Backfill, Direction, Finding, Outcome, Outlook, Tally
from crosswalk.domain.change import ChangeKind, RecordChange
from crosswalk.domain.errors import CrosswalkError
from crosswalk.domain.event import Disposition, Event, Source
from crosswalk.domain.identity import Identity, StateVersion
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.plan import Plan
from crosswalk.domain.purpose import Purpose
from crosswalk.engine import ledger
from crosswalk.engine.backfill_kept import KeptPlan, keep, pack_plans, records_of, unpack_plans, with_kept
from crosswalk.engine.backfill_reading import unpack
from crosswalk.engine.backfill_sides import ReadOrg, ReadTenant
from crosswalk.engine.gate import Admission, MassChangeGate
from crosswalk.engine.hub import Hub
from crosswalk.engine.intake import take_in
from crosswalk.engine.ledger import Booking, Books
from crosswalk.engine.pausing import hold_back, settle
from crosswalk.engine.planning import Planned, Planner, have_news
from crosswalk.engine.settings import subscribers
from crosswalk.engine.states import newer
from crosswalk.matching.candidates import Candidates
from crosswalk.matching.look_ups import look_ups
from crosswalk.reconcile.kinds import kinds_of
from crosswalk.reconcile.outlook import creates, finding_of, outlook_of
from crosswalk.reconcile.tracking import tracked_fields
from crosswalk.store import awaited, backfill_news, backfills, claims, erased, holds, identities, links
from crosswalk.store.backfill_side import BackfillSide
from crosswalk.store.backfills import Chunk
from crosswalk.store.database import Connection
from crosswalk.store.problems import ProblemKind

log = structlog.get_logger()

TELLING = frozenset({Outlook.CONFLICT, Outlook.WAIT, Outlook.NO_RECORD, Outlook.FAILED})
"""The outlooks of which the report names everybody; of the others it names examples."""

EXAMPLES = 2
"""How many identities of a chunk stand for those of whom not everybody is named."""

NO_EVENTS = ()


class ChunkTaken(CrosswalkError):
    """Somebody else finished the chunk, or the back-fill was ended, while it was worked on."""


class NotNow(CrosswalkError):
    """The org takes hardly anything of a chunk at the moment, or the budget has no calls for it: it is done later."""


MOSTLY = 0.5
"""Where more than this share of the writes has to wait, the chunk waits; otherwise those who wait are handed over."""

_PASSING = (NotNow, ConnectorError, psycopg.OperationalError, PoolTimeout)
"""A vendor or the database is away: nobody of the chunk is to blame."""


class Matched(Struct, frozen=True):
    """What would come of a chunk."""

    tally: Tally
    findings: list[Finding]
    matches: list[tuple[UserId, RecordId, int]]


class ChunkWork:
    """Plans and writes the chunks of one back-fill.

    Parameters
    ----------
    hub, backfill, side
        Where, which, and what was read.
    threads
        Runs the expressions.
    """

    def __init__(self, hub: Hub, backfill: Backfill, side: BackfillSide, threads: Executor) -> None:
        compiled = hub.compiled[backfill.sync]
        definition = compiled.definition
        org, tenant = hub.orgs[definition.org], hub.tenants[definition.tenant]
        self._database = hub.database
        self._backfill = backfill
        self._side = side
        self._definition = definition
        self._org = ReadOrg(hub.database, side, compiled, org)
        self._asked_org = org
        self._rules = compiled.rules
        users = ReadTenant(hub.database, side, tenant)
        self._planner = Planner(compiled, self._org, users, threads, self._org.candidates)
        self._asking = hub.planners[backfill.sync]
        self._reconciler = hub.reconcilers[backfill.sync]
        self._gate = MassChangeGate(definition.name, definition.thresholds, hub.database)
        self._tracked = {target.object: tracked_fields(target, definition.flows) for target in definition.targets}
        self._ranks = {
            (target.object, rule.name): 1_000 * place + position
            for place, target in enumerate(definition.targets)
            for position, rule in enumerate(target.match)
        }
        self._subscribers = [each for each in subscribers(hub.config) if each.sync == backfill.sync]
        self._wake = hub.jobs.wake
        self._makes_records = backfill.direction is not Direction.RECORDS

    async def match(self, chunk: Chunk) -> None:
        """Find out what would be done about the chunk's users; writes nothing to either side.

        Raises
        ------
        ConnectorError
            A vendor had to be asked and did not answer.
        ChunkTaken
            Somebody else finished it.
        """
        total = Matched(Tally(), [], [])
        kept: dict[UserId, KeptPlan] = {}

        async def work(read: Sequence[Identity]) -> None:
            states, planned = await self._planned(read)
            keys = self._org.asked_for([each.user_id for each in read])
            kept.update(await asyncio.to_thread(keep, read, states, planned, keys))
            _add(total, self._matched(planned))

        read = self._read(chunk)
        await self._isolating(read, work, lambda user_id, error: _add(total, _failed(user_id, error)))
        plans = await asyncio.to_thread(pack_plans, [each.user_id for each in read], kept)
        async with self._database.transaction() as connection:
            await backfills.add_findings(connection, self._backfill.id, total.findings)
            await self._side.add_matches(connection, total.matches)
            await self._finish(connection, chunk, "read", "matched", total.tally, plans)

    def _matched(self, planned: Planned) -> Matched:
        matched = Matched(Tally(), [], [])
        shown: dict[Outlook, int] = {}
        for user_id, plan in planned.plans.items():
            outlook = outlook_of(plan, makes_records=self._makes_records)
            matched.tally.count(outlook, () if outlook is Outlook.NO_RECORD else kinds_of(plan))
            shown[outlook] = shown.get(outlook, 0) + 1
            if outlook in TELLING or shown[outlook] <= EXAMPLES:
                matched.findings.append(finding_of(plan, outlook))
            if outlook is Outlook.LINK and plan.record is not None:
                rank = self._ranks.get((plan.record.object, plan.evidence), 999_999)
                matched.matches.append((user_id, plan.record.id, rank))
        return matched

    async def write(self, chunk: Chunk) -> None:
        """Write what has to be written for the chunk's users.

        The caller keeps everybody else from the chunk's lane. Raises what `match` raises, and `NotNow`; a chunk that
        was not finished is done again, and what was written of it by then merges to nothing.
        """
        states, kept = self._read_with_plans(chunk)
        total = Tally()

        async def alone(part: Sequence[Identity]) -> None:
            total.add(await self._write(part, {}, None))

        async def put_aside(user_id: UserId, error: Exception) -> None:
            await self._put_aside(user_id, error)
            total.became(Outcome.OPEN)

        try:
            total = await self._write(states, kept, chunk)
        except _PASSING:
            raise
        except Exception as error:
            self._stumbled(states, error)
            for half in _halves(states):
                await self._isolating(half, alone, put_aside)
            async with self._database.transaction() as connection:
                await self._finish(connection, chunk, "matched", "written", total)

    async def _write(self, states: Sequence[Identity], kept: Mapping[UserId, KeptPlan], chunk: Chunk | None) -> Tally:
        planned = await self._planned_by_now(states, kept)
        plans = await self._wanted(planned)
        held_back = await hold_back(self._database, self._definition.name, plans)
        admission = Admission(held_back.plans, {}, {})
        if self._backfill.approved_by is None:
            admission = await self._gate.admit(held_back.plans)
        books = Books(self._definition.name, {}, f"back-fill {self._backfill.id}")
        carried = await self._reconciler.carry_out(planned, admission.going, books)
        async with self._database.transaction() as connection:
            # What is misconfigured pauses the sync, and so the back-fill, instead of refusing everybody.
            settled = await settle(connection, self._definition.name, carried.bookings)
        bookings = settled.bookings
        async with self._database.transaction() as connection:
            somebody_waits = await awaited.any_waits(connection, self._definition.name)
        stirs = await self._reconciler.awaiting.stirs(planned, bookings) if somebody_waits else {}
        later = _put_off(bookings)
        again = {*admission.held, *held_back.parked}
        if not later:
            again |= {b.user_id for b in bookings if _is_open(b, plans[b.user_id])}
        tally = _outcomes(bookings, again, handed_over=len(admission.held), left_out=len(planned.plans) - len(plans))
        async with self._database.transaction() as connection:
            await self._store(connection, states, bookings, admission)
            await identities.save(connection, self._definition.tenant, carried.users)
            await self._reconciler.awaiting.settle(connection, _without_linked(planned, bookings))
            stirred = await self._reconciler.awaiting.stirred(connection, stirs)
            woken = {user_id for booking in bookings for user_id in booking.wakes}.union(*stirred.values())
            await self.hand_over(connection, again)
            await self.hand_over(connection, woken - again, Disposition.CHANGED)
            if chunk is not None and not later:
                await self._finish(connection, chunk, "matched", "written", tally)
        if later:
            raise NotNow(later)
        return tally

    async def _wanted(self, planned: Planned) -> dict[UserId, Plan]:
        """The plans that the back-fill carries out: who loses a record to another waits for that one."""
        async with self._database.transaction() as connection:
            lost = await self._side.lost(connection, list(planned.plans))
        return {
            user_id: plan
            for user_id, plan in planned.plans.items()
            if user_id not in lost and (self._makes_records or not creates(plan))
        }

    async def _store(
        self, connection: Connection, states: Sequence[Identity], bookings: Sequence[Booking], admission: Admission
    ) -> None:
        if self._backfill.approved_by is None:
            await self._gate.settle(connection, msgspec.structs.replace(admission, held={}), bookings)
        else:
            await holds.leave(connection, self._definition.name, [booking.user_id for booking in bookings])
        await identities.save(connection, self._definition.tenant, states)
        await ledger.store(connection, self._definition.name, bookings, NO_EVENTS)

    async def hand_over(
        self, connection: Connection, users: Collection[UserId], disposition: Disposition = Disposition.RECORD
    ) -> None:
        """Let the workers look at these users, each once for this back-fill, in the caller's transaction."""
        change = msgspec.json.encode(RecordChange("", RecordId(""), ChangeKind.UPDATED))
        events = [
            Event(
                id=f"backfill/{self._backfill.id}/{disposition.value}/{user_id}",
                source=Source.BACKFILL,
                type="backfill.left_open",
                occurred_at=self._backfill.started_at,
                disposition=disposition,
                raw=change if disposition is Disposition.RECORD else b"{}",
                user_id=user_id,
                purpose=Purpose.BACKFILL,
            )
            for user_id in sorted(users)
        ]
        if events:
            tenant = self._definition.tenant
            await take_in(connection, [(tenant, event) for event in events], self._subscribers, self._wake)

    def _read(self, chunk: Chunk) -> list[Identity]:
        return [self._identity(profile) for profile in unpack(chunk.profiles)]

    def _identity(self, profile: bytes) -> Identity:
        return identity_of(profile, self._backfill.started_at)[0]

    def _read_with_plans(self, chunk: Chunk) -> tuple[list[Identity], dict[UserId, KeptPlan]]:
        """The chunk's users, and the plans that were kept of them."""
        profiles = unpack(chunk.profiles)
        kept = unpack_plans(chunk.plans, len(profiles))
        states = [
            self._identity(profile) if one is None else one.identity(profile)
            for profile, one in zip(profiles, kept, strict=True)
        ]
        return states, {one.user_id: one for one in kept if one is not None}

    async def _planned_by_now(self, states: Sequence[Identity], kept: Mapping[UserId, KeptPlan]) -> Planned:
        """The plans that are to be written: those that were kept and still hold; whoever else is planned for anew."""
        async with self._database.transaction() as connection:
            since = await claims.moment(connection)
        holding = await self._holding(kept) if kept else {}
        rest = [each for each in states if each.user_id not in holding]
        planned = Planned({}, {}, (), {}, since)
        if rest:
            newest, anew = await self._planned(rest)
            self._org.asked_for([each.user_id for each in rest])
            planned = await self._looked_up(newest, anew)
        return with_kept(holding, msgspec.structs.replace(planned, since=since))

    async def _holding(self, kept: Mapping[UserId, KeptPlan]) -> dict[UserId, KeptPlan]:
        """The plans of which nothing came in that they were made from, the org's answer of a moment ago included."""
        users, records = list(kept), records_of(kept)
        accounts = {account: user_id for user_id, each in kept.items() for account in each.accounts}
        async with self._database.transaction() as connection:
            tenant, sync = self._definition.tenant, self._definition.name
            news = await backfill_news.with_news(connection, tenant, sync, users)
            news |= await erased.users(connection, tenant, users)
            news |= {accounts[each] for each in await backfill_news.linked(connection, sync, list(accounts))}
            stored = await backfill_news.states(connection, tenant, users)
            owned = await links.owners(connection, sync, records) if records else {}
            hashes = {hash_ for each in kept.values() for hash_ in each.hashes}
            keys, ids = await self._side.changed(connection, hashes, records)
        news |= {user_id for user_id, version in stored.items() if version > StateVersion(*kept[user_id].version)}
        news |= {
            user_id
            for user_id, each in kept.items()
            if (each.record is not None and (each.record.id in owned or each.record.id in ids))
            or (keys and not keys.isdisjoint(each.hashes))
        }
        holding = {user_id: each for user_id, each in kept.items() if user_id not in news}
        found = await self._found_by_now([each for each in holding.values() if each.keys])
        return {user_id: each for user_id, each in holding.items() if user_id not in found}

    async def _found_by_now(self, new: Sequence[KeptPlan]) -> set[UserId]:
        """For whom the org has a record by now, of those who would get a new one: somebody may have made it since."""
        if not new or not self._makes_records:
            return set()
        wanted = look_ups([each.question for each in new], self._rules, self._tracked, {})
        answers = await self._asked_org.look_up(list(wanted.values()))
        candidates = Candidates.of(self._rules, dict(zip(wanted, answers, strict=True)))
        return {each.user_id for each in new if any(map(candidates.get, each.keys))}

    async def _planned(self, read: Sequence[Identity]) -> tuple[list[Identity], Planned]:
        """Plan for users with their records as they were read; returns the users in the newest state known, too."""
        user_ids = [each.user_id for each in read]
        async with self._database.transaction() as connection:
            stored = await identities.read(connection, self._definition.tenant, user_ids)
            known = await links.read(connection, self._definition.name, user_ids)
            ids = [link.record.id for link in known.values()]
            newer_here = await backfills.newer_here(connection, self._backfill.id, ids) if ids else set()
        records = await self._org.records(ids)
        changes: dict[UserId, Sequence[RecordChange]] = {}
        for user_id, link in known.items():
            if link.record.id in newer_here:
                continue
            record = records.get(link.record.id)
            kind = ChangeKind.UNKNOWN if record is None else ChangeKind.UPDATED
            fields = {} if record is None else record.fields
            told = (RecordChange(link.record.object, link.record.id, kind, fields),)
            if have_news(told, link, self._tracked):
                changes[user_id] = told
        states = [newer(stored.get(each.user_id), each) for each in read]
        planned = await self._planner.plan(self._database, states, changes)
        for error in planned.waiting.values():
            raise error
        return states, planned

    async def _looked_up(self, states: Sequence[Identity], planned: Planned) -> Planned:
        """Ask the org about those who would get a new record: somebody may have made it since everything was read.

        Two calls or so for a thousand of them, beside the five that make their records.
        """
        new = {user_id for user_id, plan in planned.plans.items() if creates(plan)} if self._makes_records else ()
        if not new:
            return planned
        anew = await self._asking.plan(self._database, [each for each in states if each.user_id in new])
        for error in anew.waiting.values():
            raise error
        return planned.replaced_by(anew, new)

    async def _finish(
        self, connection: Connection, chunk: Chunk, before: str, after: str, tally: Tally, plans: bytes | None = None
    ) -> None:
        if not await backfills.move_chunk(connection, chunk.id, before, after, tally, plans):
            raise ChunkTaken(f"chunk {chunk.id} of back-fill {self._backfill.id} was finished by somebody else")

    async def _isolating(
        self,
        states: Sequence[Identity],
        work: Callable[[Sequence[Identity]], Awaitable[None]],
        put_aside: Callable[[UserId, Exception], Awaitable[None] | None],
    ) -> None:
        """Do the work; where it fails, on ever smaller halves, until the one to blame stands alone."""
        try:
            await work(states)
        except _PASSING:
            raise
        except Exception as error:
            self._stumbled(states, error)
            if len(states) <= 1:
                for each in states:
                    done = put_aside(each.user_id, error)
                    if done is not None:
                        await done
                return
            for half in _halves(states):
                await self._isolating(half, work, put_aside)

    def _stumbled(self, states: Sequence[Identity], error: Exception) -> None:
        """Log it; where the tables are gone, the back-fill was ended meanwhile, and nobody is to blame."""
        if isinstance(error, psycopg.errors.UndefinedTable | ChunkTaken):
            raise ChunkTaken(f"back-fill {self._backfill.id} was ended") from error
        log.warning("backfill_halved", backfill=self._backfill.id, identities=len(states), error=repr(error))

    async def _put_aside(self, user_id: UserId, error: Exception) -> None:
        books = Books(self._definition.name, {})
        message = f"the hub could not reconcile this identity: {error!r}"[:2000]
        async with self._database.transaction() as connection:
            booking = books.failed(user_id, "INTERNAL_ERROR", message)
            await ledger.store(connection, self._definition.name, [booking], NO_EVENTS)


def _halves(states: Sequence[Identity]) -> Iterable[Sequence[Identity]]:
    middle = len(states) // 2
    return [half for half in (states[:middle], states[middle:]) if half]


def _is_open(booking: Booking, plan: Plan) -> bool:
    """Whether somebody has to try again: it has to wait, or the record that was found is gone by now."""
    if booking.outcome is None:
        return True
    return booking.outcome == Outlook.CONFLICT.value and plan.conflict is None and not plan.disputed


def _without_linked(planned: Planned, bookings: Sequence[Booking]) -> Planned:
    """The plans, where whoever has a record by now waits for nothing: of most, nothing has to be noted then."""
    linked = {booking.user_id for booking in bookings if booking.link is not None}
    awaited_keys = {user_id: () if user_id in linked else keys for user_id, keys in planned.awaited.items()}
    return msgspec.structs.replace(planned, awaited=awaited_keys)


def _put_off(bookings: Sequence[Booking]) -> str:
    """Why the chunk has to be done later; empty where it is done."""
    waiting = [problem for b in bookings if b.outcome is None for problem in b.problems]
    waiting = [problem for problem in waiting if problem.kind is ProblemKind.RETRYING]
    trying = len([b for b in bookings if b.outcome is None or b.audit])
    withheld = [problem for problem in waiting if problem.code in WITHHELD]
    if withheld or len(waiting) > trying * MOSTLY:
        problem = (withheld or waiting)[0]
        return f"{problem.code}: {problem.message}"
    return ""


def _outcomes(bookings: Sequence[Booking], again: Collection[UserId], *, handed_over: int, left_out: int) -> Tally:
    """What became of the identities: of these, of so many that were not even begun, and of so many left out."""
    tally = Tally()
    tally.became(Outcome.HANDED_OVER, handed_over)
    tally.became(Outcome.OPEN, left_out)
    for booking in bookings:
        if booking.user_id in again:
            tally.became(Outcome.HANDED_OVER)
        elif booking.audit or booking.steps or booking.link is not None:
            tally.became(Outcome.WRITTEN)
        else:
            tally.became(Outcome.UNCHANGED if booking.outcome == "unchanged" else Outcome.OPEN)
    return tally


def _add(total: Matched, part: Matched) -> None:
    total.tally.add(part.tally)
    total.findings.extend(part.findings)
    total.matches.extend(part.matches)


def _failed(user_id: UserId, error: Exception) -> Matched:
    tally = Tally()
    tally.count(Outlook.FAILED, ())
    words = f"the hub could not plan for this identity: {error!r}"[:2000]
    return Matched(tally, [Finding(user_id, Outlook.FAILED, words=words)], [])
