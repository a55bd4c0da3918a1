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

from crosswalk.connectors.errors import WITHHELD, ConnectorError
from crosswalk.domain.backfill import Backfill, Direction, Finding, Outcome, Outlook, Tally
from crosswalk.domain.change import ChangeKind, RecordChange
from crosswalk.domain.errors import CrosswalkError
from crosswalk.domain.event import Disposition, Event, Source
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.plan import Plan
from crosswalk.domain.purpose import Purpose
from crosswalk.engine import ledger
from crosswalk.engine.backfill.jobs import LaneTaken, open_book
from crosswalk.engine.backfill.kept import KeptPlan, keep, pack_plans
from crosswalk.engine.backfill.planning import ChunkPlanner
from crosswalk.engine.books import Booking, Books
from crosswalk.engine.bulk_books import BatchBook, JobUnresolved
from crosswalk.engine.gate import Admission, MassChangeGate
from crosswalk.engine.hub import Hub
from crosswalk.engine.intake import take_in
from crosswalk.engine.pausing import hold_back, settle
from crosswalk.engine.planned import Planned
from crosswalk.engine.settings import subscribers
from crosswalk.reconcile.kinds import kinds_of
from crosswalk.reconcile.outlook import creates, finding_of, outlook_of
from crosswalk.store import awaited, backfills, due, holds, identities
from crosswalk.store.backfill_side import BackfillSide
from crosswalk.store.backfills import Chunk
from crosswalk.store.database import Connection
from crosswalk.store.due import Lane
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


class _Group(Struct, frozen=True):
    """Users of one lane that are written together, with the plans that were kept of them, and the jobs that write."""

    lane: Lane
    states: Sequence[Identity]
    kept: Mapping[UserId, KeptPlan]
    book: BatchBook | None = None


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
        self._database = hub.database
        self._backfill = backfill
        self._side = side
        self._definition = definition
        self._org = hub.orgs[definition.org]
        self._planner = ChunkPlanner(hub, backfill, side, threads)
        self._reconciler = hub.reconcilers[backfill.sync]
        self._gate = MassChangeGate(definition.name, definition.thresholds, hub.database)
        self._ranks = {
            (target.object, rule.name): 1_000 * place + position
            for place, target in enumerate(definition.targets)
            for position, rule in enumerate(target.match)
        }
        self._subscribers = [each for each in subscribers(hub.config) if each.sync == backfill.sync]
        self._wake = hub.jobs.wake
        self._makes_records = backfill.direction is not Direction.RECORDS

    async def match_all(self, chunks: Sequence[Chunk]) -> None:
        """Match chunks, one after another."""
        for chunk in chunks:
            await self.match(chunk)

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
            made = await self._planner.anew(read)
            kept.update(await asyncio.to_thread(keep, read, made.states, made.planned, made.asked))
            _add(total, self._matched(made.planned))

        read = self._planner.read(chunk)
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

    async def write(self, chunks: Sequence[Chunk]) -> None:
        """Write what has to be written for the users of some chunks of one lane.

        The caller keeps everybody else from the lane. Raises what `match` raises, and `NotNow`; chunks that were not
        finished are done again, and what was written of them by then merges to nothing.
        """
        lane = Lane(self._definition.name, chunks[0].lane)
        try:
            book = await open_book(self._database, self._definition.org, self._org, lane, many=len(chunks) > 1)
        except LaneTaken as error:
            raise NotNow(str(error)) from error
        states: list[Identity] = []
        kept: dict[UserId, KeptPlan] = {}
        for chunk in chunks:
            of_chunk, plans = await asyncio.to_thread(self._planner.read_with_plans, chunk)
            states += of_chunk
            kept |= plans
        total = Tally()

        async def alone(part: Sequence[Identity]) -> None:
            total.add(await self._write(_Group(lane, part, {}), ()))

        async def put_aside(user_id: UserId, error: Exception) -> None:
            await self._put_aside(user_id, error)
            total.became(Outcome.OPEN)

        try:
            total = await self._write(_Group(lane, states, kept, book), chunks)
        except _PASSING:
            raise
        except Exception as error:
            self._stumbled(states, error)
            for half in _halves(states):
                await self._isolating(half, alone, put_aside)
            async with self._database.transaction() as connection:
                await self._finish_all(connection, chunks, total)
        if book is not None:
            await _close(book)

    async def _write(self, group: _Group, chunks: Sequence[Chunk]) -> Tally:
        planned = await self._planner.by_now(group.states, group.kept)
        plans = await self._wanted(planned)
        held_back = await hold_back(self._database, self._definition.name, plans)
        admission = Admission(held_back.plans, {}, {})
        if self._backfill.approved_by is None:
            admission = await self._gate.admit(held_back.plans)
        books = Books(self._definition.name, {}, f"back-fill {self._backfill.id}")
        carried = await self._reconciler.carry_out(planned, admission.going, books, group.book)
        async with self._database.transaction() as connection:
            # What is misconfigured pauses the sync, and so the back-fill, instead of refusing everybody.
            settled = await settle(connection, self._definition.name, carried.bookings)
            somebody_waits = await awaited.any_waits(connection, self._definition.name)
        bookings = settled.bookings
        stirs = await self._reconciler.awaiting.stirs(planned, bookings) if somebody_waits else {}
        later = _put_off(bookings)
        again = {*admission.held, *held_back.parked}
        if not later:
            again |= {b.user_id for b in bookings if _is_open(b, plans[b.user_id])}
        given = {each.user_id for each in bookings if each.link is not None and planned.gives(each.link)}
        tally = _outcomes(bookings, again, given)
        tally.became(Outcome.HANDED_OVER, len(admission.held))
        tally.became(Outcome.OPEN, len(planned.plans) - len(plans))
        async with self._database.transaction() as connection:
            await self._store(connection, group, bookings, admission)
            await identities.save(connection, self._definition.tenant, carried.users)
            await self._reconciler.awaiting.settle(connection, _without_linked(planned, bookings))
            stirred = await self._reconciler.awaiting.stirred(connection, stirs)
            woken = {user_id for booking in bookings for user_id in booking.wakes}.union(*stirred.values())
            await self.hand_over(connection, again)
            await self.hand_over(connection, woken - again, Disposition.CHANGED)
            if not later:
                await self._finish_all(connection, chunks, tally)
        await self._catch_up(group.lane, planned, bookings)
        if later:
            raise NotNow(later)
        return tally

    async def _catch_up(self, lane: Lane, planned: Planned, bookings: Sequence[Booking]) -> None:
        """Hand what was told of records since they were read to those who have them now: it concerned nobody then.

        After the links are there for everybody to see: what is told from then on finds them. Who dies before that
        leaves it to the end of the back-fill, where all of it is looked through once more.
        """
        given = {link.record.id: user_id for user_id, link in planned.links.items()}
        given |= {booking.link.record.id: booking.user_id for booking in bookings if booking.link is not None}
        async with self._database.transaction() as connection:
            since, _ = await backfills.when_read(connection, self._backfill.id)
            lanes = self._definition.lanes
            if given and since and await due.catch_up(connection, self._definition.name, lanes, given, since):
                await self._wake(connection, lane)

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
        self, connection: Connection, group: _Group, bookings: Sequence[Booking], admission: Admission
    ) -> None:
        if self._backfill.approved_by is None:
            await self._gate.settle(connection, msgspec.structs.replace(admission, held={}), bookings)
        else:
            await holds.leave(connection, self._definition.name, [booking.user_id for booking in bookings])
        accounts = {user_id: each.accounts for user_id, each in group.kept.items()}
        await identities.add(connection, self._definition.tenant, group.states, accounts)
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

    async def _finish_all(self, connection: Connection, chunks: Sequence[Chunk], tally: Tally) -> None:
        """Finish chunks that were written together: what became of all of them is told by the first."""
        for place, chunk in enumerate(chunks):
            await self._finish(connection, chunk, "matched", "written", Tally() if place else tally)

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


async def _close(book: BatchBook) -> None:
    try:
        await book.close()
    except JobUnresolved as error:
        raise NotNow(str(error)) from error


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


def _outcomes(bookings: Sequence[Booking], again: Collection[UserId], given: Collection[UserId]) -> Tally:
    """What became of identities, of whom these are dealt with again, and those have a record that is new to them."""
    tally = Tally()
    for booking in bookings:
        if booking.user_id in again:
            tally.became(Outcome.HANDED_OVER)
        elif booking.audit or booking.steps or booking.user_id in given:
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
