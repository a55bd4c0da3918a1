"""Reconcile a batch: from due events to a state both sides agree on.

The shape is level-based: events only say *which* identities to look at. What happens next depends on what the two sides
hold now, so lost, repeated, reordered and echoed events all end in the same place, and doing a batch again after a
crash is harmless: everything already written merges to an empty plan.
"""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

import structlog
from msgspec import Struct
from msgspec.structs import replace

from crosswalk.connectors.base import BulkBook, ReadsUsers, UserWritten
from crosswalk.connectors.errors import CallRefused, CallWithheld, ConnectorError
from crosswalk.domain.begun import BegunWrites
from crosswalk.domain.change import RecordChange
from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import UserId
from crosswalk.domain.plan import Plan
from crosswalk.engine import ledger, metrics
from crosswalk.engine.awaiting import Awaiting
from crosswalk.engine.books import Booking, Books
from crosswalk.engine.effect_books import begun_steps, marked_by, writes_of
from crosswalk.engine.gate import MassChangeGate
from crosswalk.engine.isolation import isolating
from crosswalk.engine.loops import LoopDetector
from crosswalk.engine.pausing import hold_back, misconfigured_by, settle
from crosswalk.engine.planned import Planned
from crosswalk.engine.planning import Planner
from crosswalk.engine.reading_first import hangs_on_the_user
from crosswalk.engine.states import States, fold, newest_states, read_again
from crosswalk.engine.waking import wake_others, wake_waiting
from crosswalk.engine.writing import Result, Writer
from crosswalk.reconcile.begun import begun_by
from crosswalk.store import claims, effects, identities, pauses, writes_begun
from crosswalk.store import due as due_work
from crosswalk.store.claims import Claim
from crosswalk.store.database import Database
from crosswalk.store.due import DueEvent
from crosswalk.store.problems import ProblemKind

log = structlog.get_logger()


class CarriedOut(Struct, frozen=True):
    """What carrying plans out leaves behind.

    Parameters
    ----------
    bookings
        One for each identity.
    users
        The users as their PATCH answered, newer than what was read before: its echo then finds nothing new.
    """

    bookings: Sequence[Booking]
    users: Sequence[Identity]


class Reconciler:
    """Reconciles batches of one sync."""

    def __init__(
        self,
        definition: SyncDefinition,
        planner: Planner,
        users: ReadsUsers,
        writer: Writer,
        database: Database,
        loops: LoopDetector,
        gate: MassChangeGate,
        own_client: str,
    ) -> None:
        self.definition = definition
        self._planner = planner
        self._users = users
        self._writer = writer
        self._database = database
        self._loops = loops
        self._gate = gate
        self._own_client = own_client
        self.awaiting = Awaiting(planner.compiled, database)

    async def reconcile(self, due: Sequence[DueEvent], book: BulkBook | None = None) -> None:
        """Deal with a batch of due events: each ends as finished or postponed, in one transaction with its traces.

        An identity that the hub itself stumbles over is put aside for a person; raises what `isolating` raises. With a
        `book`, many records may be written by jobs of the org's.
        """
        await isolating(self.definition.name, due, partial(self._reconcile, book=book), self._put_aside)

    async def _reconcile(self, due: Sequence[DueEvent], book: BulkBook | None = None) -> None:
        began = time.monotonic()
        hints = fold(due, self._own_client)
        books = Books(self.definition.name, {user_id: hint.seq for user_id, hint in hints.items()})
        states = await newest_states(self._database, self.definition.tenant, self._users, hints)
        changes = {user_id: hint.changes for user_id, hint in hints.items() if hint.changes}
        planned = await self._planner.plan(
            self._database, list(states.identities.values()), changes, self.awaiting.announce
        )
        planned, states = await self._with_newest_users(planned, states, changes)
        flipping = await self._loops.stop(planned.plans)
        if flipping:
            anew = [states.identities[user_id] for user_id in flipping]
            planned = planned.replaced_by(await self._planner.plan(self._database, anew, changes), flipping)
        held_back = await hold_back(self._database, self.definition.name, planned.plans)
        admission = await self._gate.admit(held_back.plans)
        carried = await self.carry_out(planned, admission.going, books, book)
        bookings = [
            *carried.bookings,
            *(_postponed(books, user_id, error) for user_id, error in {**states.waiting, **planned.waiting}.items()),
        ]
        stirs = await self.awaiting.stirs(planned, bookings)
        async with self._database.transaction() as connection:
            bookings = await self._gate.settle(connection, admission, bookings)
            settled = await settle(connection, self.definition.name, bookings, held_back.parked)
            bookings = list(settled.bookings)
            await identities.save(connection, self.definition.tenant, list(states.identities.values()))
            await identities.save(connection, self.definition.tenant, carried.users)
            await ledger.store(connection, self.definition.name, bookings, [item.seq for item in due])
            await pauses.park(connection, self.definition.name, settled.parked, [item.seq for item in due])
            await self.awaiting.settle(connection, planned)
            await wake_others(connection, self.definition, bookings, due)
            stirred = await self.awaiting.stirred(connection, stirs)
            await wake_waiting(connection, self.definition, stirred, due)
        await self._catch_up(planned, bookings)
        metrics.batch_done(self.definition.name, due, bookings, began)
        _log(self.definition, bookings)

    async def _with_newest_users(
        self, planned: Planned, states: States, changes: Mapping[UserId, Sequence[RecordChange]]
    ) -> tuple[Planned, States]:
        """The plans and states once those users are read of whom a newer value would be overwritten unseen.

        What Salesforce owns is written whatever the user has. But of a field whose newest value wins, somebody may have
        changed the user's a moment ago, and the event be on its way.
        """
        compiled = self._planner.compiled
        hanging = [user_id for user_id, plan in planned.plans.items() if hangs_on_the_user(plan, compiled)]
        if not hanging:
            return planned, states
        read = await read_again(self._users, states, hanging)
        if read.identities:
            # No event tells of these states yet: they are kept before anything is done because of them, lest a crash
            # leaves what was done and forgets why.
            async with self._database.transaction() as connection:
                await identities.save(connection, self.definition.tenant, list(read.identities.values()))
            anew = await self._planner.plan(self._database, list(read.identities.values()), changes)
            planned = planned.replaced_by(anew, read.identities.keys())
        return planned.without(read.waiting), replace(states, identities={**states.identities, **read.identities})

    async def _catch_up(self, planned: Planned, bookings: Sequence[Booking]) -> None:
        """See to what was told of records while identities were being given them, and so concerned nobody yet.

        After the links are there for everybody to see: what is told from then on finds them.
        """
        given = {
            booking.link.record.id: booking.user_id
            for booking in bookings
            if booking.link is not None and planned.gives(booking.link)
        }
        if given:
            async with self._database.transaction() as connection:
                await due_work.catch_up(connection, self.definition.name, self.definition.lanes, given, planned.since)

    async def carry_out(
        self, planned: Planned, going: Mapping[UserId, Plan], books: Books, book: BulkBook | None = None
    ) -> CarriedOut:
        """Claim and write what these of the plans ask for; the caller stores what came of it."""
        wanted = [claim for claim in planned.claims if claim.user_id in going]
        wanted += [claim for plan in going.values() if plan.effects for claim in marked_by(plan)]
        held = await self._claim(wanted, planned.since)
        ready = {user_id: plan for user_id, plan in going.items() if user_id not in held}
        begun = await self._note_begun(planned, ready)
        results = await self._write(ready, book)
        bookings = [
            *(
                books.book(plan, results[user_id], planned.links.get(user_id), begun.get(user_id))
                for user_id, plan in ready.items()
            ),
            *(
                books.postponed(user_id, "CLAIMED", "another identity of the same person goes first")
                for user_id in held
            ),
        ]
        users = [r.identity for each in results.values() for r in each if isinstance(r, UserWritten)]
        return CarriedOut(bookings, users)

    async def _claim(self, wanted: Sequence[Claim], since: datetime) -> set[UserId]:
        """Claim what the plans will create or take; returns the identities that have to wait for another one."""
        if not wanted:
            return set()
        async with self._database.transaction() as connection:
            return await claims.claim(connection, self.definition.name, wanted, since)

    async def _note_begun(self, planned: Planned, ready: Mapping[UserId, Plan]) -> Mapping[UserId, BegunWrites]:
        """Note what is about to be done, so that it is known even if the answer is lost, or the process dies.

        Returns what is noted of writes to fields, from now or from before.
        """
        begun: dict[UserId, BegunWrites] = {}
        compiled, links, before = self._planner.compiled, planned.links, planned.begun
        for user_id, plan in ready.items():
            if plan.writes:
                link = links.get(user_id)
                writes = begun_by(compiled, plan, {} if link is None else link.base, before.get(user_id))
                if writes is not None:
                    begun[user_id] = writes
        steps = begun_steps(ready)
        if begun or steps:
            async with self._database.transaction() as connection:
                await writes_begun.note(connection, self.definition.name, begun)
                await effects.begin(connection, self.definition.name, steps)
        return {**planned.begun, **begun}

    async def _write(self, plans: Mapping[UserId, Plan], book: BulkBook | None) -> dict[UserId, list[Result]]:
        """Carry the plans' writes out, all together, and hand each plan its own results."""
        wanted = {
            user_id: (*plan.writes, *writes_of(plan.effects)) if plan.effects else plan.writes
            for user_id, plan in plans.items()
        }
        writes = [write for each in wanted.values() for write in each]
        results = iter(await self._writer.write(writes, book) if writes else ())
        return {user_id: [next(results) for _ in each] for user_id, each in wanted.items()}

    async def _put_aside(self, due: Sequence[DueEvent], users: Sequence[UserId], error: Exception) -> None:
        books = Books(self.definition.name, {item.event.user_id: item.seq for item in due if item.event.user_id})
        bookings = [
            books.failed(user_id, "INTERNAL_ERROR", f"the hub could not reconcile this identity: {error!r}"[:2000])
            for user_id in users
        ]
        async with self._database.transaction() as connection:
            await ledger.store(connection, self.definition.name, bookings, [item.seq for item in due])


def _postponed(books: Books, user_id: UserId, error: ConnectorError) -> Booking:
    after_s = error.after_s if isinstance(error, CallRefused | CallWithheld) else None
    booking = books.postponed(user_id, error.code, str(error), after_s or 0.0)
    return replace(booking, misconfigured=misconfigured_by(error.code, str(error)))


def _log(definition: SyncDefinition, bookings: Sequence[Booking]) -> None:
    counts: dict[str, int] = {}
    for booking in bookings:
        outcome = booking.outcome or "postponed"
        counts[outcome] = counts.get(outcome, 0) + 1
    log.info("batch_reconciled", sync=definition.name, identities=len(bookings), **counts)
    _log_waits(definition, bookings)


def _log_waits(definition: SyncDefinition, bookings: Sequence[Booking]) -> None:
    """One line for each cause, however many identities wait because of it: an outage must not flood the log."""
    waits = [problem for b in bookings for problem in b.problems if problem.kind is ProblemKind.RETRYING]
    causes = {problem.code: problem.message for problem in waits}
    for code, message in causes.items():
        waiting = sum(problem.code == code for problem in waits)
        log.warning("identities_wait", sync=definition.name, identities=waiting, code=code, because=message)
