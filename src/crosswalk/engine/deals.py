"""Deals: opportunities whose contact ought to be a user, for as long as they are won.

A deal is a subject of its own, beside the identities: it has its place in a lane, is read when something happened to
it, and what the flow wants is compared with what is held. Effects that depend on one another come about in several
rounds, each of which asks for the next.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor
from datetime import datetime
from typing import Protocol, TypeVar

import structlog
from msgspec import Struct
from msgspec.structs import replace

from crosswalk.connectors.base import FindsCandidates, ReadsUsers
from crosswalk.connectors.errors import CallRefused, ConnectorError
from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.effect import EffectStep
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.plan import Plan, Situation
from crosswalk.domain.record import Record
from crosswalk.engine import ledger, metrics
from crosswalk.engine.books import ACTOR, Booking, Books, misconfigured_steps
from crosswalk.engine.effect_books import begun_steps, book_steps, wait_of, writes_of
from crosswalk.engine.gate import Admission, MassChangeGate
from crosswalk.engine.isolation import isolating
from crosswalk.engine.pausing import HeldBack, hold_back, settle
from crosswalk.engine.writing import Writer
from crosswalk.flows.closed_won import (
    CONTACT_FIELDS,
    NAME,
    CompiledClosedWon,
    Deal,
    Wanted,
    fields_of,
    get_in_the_way,
    next_round,
    steps_towards,
)
from crosswalk.store import claims, effects, erased, links, pauses
from crosswalk.store.claims import Claim
from crosswalk.store.database import Database
from crosswalk.store.due import DueEvent
from crosswalk.store.effects import Holding

log = structlog.get_logger()

OBJECT = "Opportunity"
_CONTACT = "Contact"
_PREFIX = f"{OBJECT}/"
_EFFECT = "effect"
"""Stands in claims where otherwise the object of a record stands."""

CONTACT_ERASED = "The deal is won, but its contact was erased from the hub on request: nobody is made a user."
_NOTHING = Holding()

T = TypeVar("T")


class Users(ReadsUsers, Protocol):
    """Where users are looked up."""


class _Found(Struct, frozen=True):
    """A deal with everything that is known of it."""

    deal: Deal
    contact: Record | None
    user_id: UserId | None


class _Round(Struct, frozen=True):
    """What one deal wants next, and whether there will be more to do once this is done."""

    subject: UserId
    wanted: Wanted
    more: bool
    steps: tuple[EffectStep, ...]
    episode: int

    @property
    def plan(self) -> Plan:
        """The round as a plan, which is what thresholds count."""
        return Plan(self.subject, Situation.LINKED, effects=self.steps, episode=self.episode)


def deal_subject(record_id: RecordId) -> UserId:
    """The name of a deal where otherwise the id of a user stands; no user's id looks like it, for lack of a `|`."""
    return UserId(f"{_PREFIX}{record_id}")


def is_deal(subject: UserId | None) -> bool:
    """Whether this is the name of a deal."""
    return subject is not None and subject.startswith(_PREFIX)


class DealReconciler:
    """Brings about what the won deals of one sync want.

    Parameters
    ----------
    definition, flow
        The sync, and its flow with the expressions compiled.
    org, users
        Where deals and contacts are read, and where users are.
    writer, database
        Where effects come about, and where it is kept which are held.
    gate
        Stops what would be too much at once.
    threads
        Runs the expressions.
    """

    def __init__(
        self,
        definition: SyncDefinition,
        flow: CompiledClosedWon,
        org: FindsCandidates,
        users: Users,
        writer: Writer,
        database: Database,
        gate: MassChangeGate,
        threads: Executor,
    ) -> None:
        self._definition = definition
        self._flow = flow
        self._org = org
        self._users = users
        self._writer = writer
        self._database = database
        self._gate = gate
        self._threads = threads
        targets = {target.object: target for target in definition.targets}
        self._link_field = targets[_CONTACT].external_id_field if _CONTACT in targets else None

    async def reconcile(self, due: Sequence[DueEvent]) -> None:
        """Deal with a batch of due events about deals; raises what `isolating` raises.

        Deals that give and take the same go one after another.
        """
        await isolating(self._definition.name, due, self._reconcile, self._put_aside)

    async def _reconcile(self, due: Sequence[DueEvent]) -> None:
        books = self._books(due)
        began = time.monotonic()
        try:
            found = await self._read(list(books.seqs))
        except ConnectorError as error:
            after_s = error.after_s if isinstance(error, CallRefused) else None
            bookings = [books.postponed(each, error.code, str(error), after_s or 0.0) for each in books.seqs]
            admission, held_back = Admission({}, {}, {}), HeldBack({})
            later: Collection[UserId] = ()
        else:
            async with self._database.transaction() as connection:
                since = await claims.moment(connection)
                held = await effects.read(connection, self._definition.name, NAME, list(found))
            planned = [await self._round(each, state, held.get(each, _NOTHING)) for each, state in found.items()]
            later = get_in_the_way({each.subject: each.steps for each in planned})
            rounds = [each for each in planned if each.subject not in later]
            held_back = await hold_back(self._database, self._definition.name, {e.subject: e.plan for e in rounds})
            admission = await self._gate.admit(held_back.plans)
            bookings = await self._carry_out(rounds, admission.going, books, since)
        async with self._database.transaction() as connection:
            bookings = await self._gate.settle(connection, admission, bookings)
            settled = await settle(connection, self._definition.name, bookings, held_back.parked)
            await ledger.store(connection, self._definition.name, settled.bookings, [item.seq for item in due])
            await pauses.park(connection, self._definition.name, settled.parked, [item.seq for item in due])
        handled = [item for item in due if item.event.user_id not in later]
        metrics.batch_done(self._definition.name, handled, bookings, began)
        log.info("deals_reconciled", sync=self._definition.name, deals=len(bookings))
        if later:
            await self._reconcile([item for item in due if item.event.user_id in later])

    async def _carry_out(
        self, rounds: Sequence[_Round], going: Mapping[UserId, Plan], books: Books, since: datetime
    ) -> list[Booking]:
        """Bring about what these of the rounds want, unless another worker is about to give or take the same."""
        others = await self._claim(going, since)
        ready = {subject: plan for subject, plan in going.items() if subject not in others}
        steps = begun_steps(ready)
        if steps:
            async with self._database.transaction() as connection:
                await effects.begin(connection, self._definition.name, steps)
        settled = await asyncio.gather(
            *(
                self._settle(books, replace(each, steps=ready[each.subject].effects))
                for each in rounds
                if each.subject in ready
            )
        )
        because = "another deal of the same contact goes first"
        return [*settled, *(books.postponed(subject, "CLAIMED", because) for subject in others)]

    async def _claim(self, going: Mapping[UserId, Plan], since: datetime) -> set[UserId]:
        """Claim all that these deals are about to give or take; returns those that another worker is in the way of."""
        owners: dict[str, UserId] = {}
        for subject, plan in going.items():
            for step in plan.effects:
                owners.setdefault(step.effect.key, subject)
        if not owners:
            return set()
        wanted = [Claim(subject, _EFFECT, NAME, key[:300]) for key, subject in owners.items()]
        async with self._database.transaction() as connection:
            lost = await claims.claim(connection, self._definition.name, wanted, since)
        taken = {key for key, subject in owners.items() if subject in lost}
        return {subject for subject, plan in going.items() if any(step.effect.key in taken for step in plan.effects)}

    async def _round(self, subject: UserId, state: _Found, holding: Holding) -> _Round:
        """What one deal wants next."""
        wanted, more = next_round(
            self._flow.flow, state.deal, state.contact, state.user_id, self._link_field, holding.held
        )
        return _Round(subject, wanted, more, await self._steps(subject, wanted, holding), holding.episode)

    async def _settle(self, books: Books, next_: _Round) -> Booking:
        """Bring about the next round of what one deal wants."""
        subject, wanted, more = next_.subject, next_.wanted, next_.more
        results = await self._writer.write(writes_of(next_.steps))
        seq = books.seqs.get(subject)
        booked = book_steps(books.sync, ACTOR, subject, next_.episode, next_.steps, results, seq)
        wrong = misconfigured_steps(booked.failures)
        problems = [books.step_failed(subject, step, failure) for step, failure in booked.failures]
        if wanted.problem is not None:
            problems.append(books.problem_of_flow(subject, NAME, wanted.problem, self._flow.flow.place))
        wait_s = wait_of(booked.failures)
        if problems and wait_s is None:
            outcome: str | None = problems[0].kind.value
        elif wait_s is not None or more:
            outcome = None
        else:
            outcome = "written" if booked.taken else "unchanged"
        return Booking(
            subject, outcome, wait_s or 0.0, None, booked.audit, tuple(problems), booked.taken, misconfigured=wrong
        )

    async def _steps(self, subject: UserId, wanted: Wanted, holding: Holding) -> tuple[EffectStep, ...]:
        keys = [each.effect.key for each in (*holding.held, *holding.begun)]
        async with self._database.transaction() as connection:
            shared = await effects.held_by_others(connection, self._definition.name, NAME, subject, keys)
        return steps_towards(self._flow.flow, wanted, holding.held, shared, holding.begun)

    async def _read(self, subjects: Sequence[UserId]) -> dict[UserId, _Found]:
        ids = [RecordId(subject.removeprefix(_PREFIX)) for subject in subjects]
        flow = self._flow.flow
        deals = {d.id: d for d in await self._org.find_candidates(OBJECT, fields_of(flow), "Id", ids)}
        judged = dict(zip(deals, await self._in_thread(lambda: self._flow.judge(list(deals.values()))), strict=True))
        contacts = await self._contacts(deals)
        async with self._database.transaction() as connection:
            linked = await links.owners(connection, self._definition.name, list(contacts))
            forgotten = await erased.records(connection, self._definition.org, list(contacts)) - linked.keys()
        found: dict[UserId, _Found] = {}
        for subject, record_id in zip(subjects, ids, strict=True):
            deal = deals.get(record_id)
            contact = contacts.get(RecordId(str(deal.fields.get(flow.contact_field)))) if deal is not None else None
            # A deal that is gone is won no more.
            state = judged.get(record_id, Deal(won=False))
            if state.won and contact is not None and contact.id in forgotten:
                state, contact = replace(state, problem=CONTACT_ERASED), None
            user_id = await self._user(contact, linked) if state.won and contact is not None else None
            found[subject] = _Found(state, contact, user_id)
        return found

    async def _contacts(self, deals: Mapping[RecordId, Record]) -> dict[RecordId, Record]:
        ids = [str(value) for deal in deals.values() if (value := deal.fields.get(self._flow.flow.contact_field))]
        fields = CONTACT_FIELDS if self._link_field is None else (*CONTACT_FIELDS, self._link_field)
        return {c.id: c for c in await self._org.find_candidates(_CONTACT, fields, "Id", ids)} if ids else {}

    async def _user(self, contact: Record, linked: Mapping[RecordId, UserId]) -> UserId | None:
        """The contact's user: linked already, named by the contact, or with its e-mail address in the connection."""
        named = contact.fields.get(self._link_field) if self._link_field else None
        candidates = [linked.get(contact.id), UserId(named) if isinstance(named, str) and named else None]
        for user_id in dict.fromkeys(each for each in candidates if each):
            if (await self._users.read_users([user_id]))[user_id] is not None:
                return user_id
        email = contact.fields.get("Email")
        if not isinstance(email, str) or not email:
            return None
        same = await self._users.find_users_by_email(email)
        return next((each.user_id for each in same if each.user_id.startswith("auth0|")), None)

    def _books(self, due: Sequence[DueEvent]) -> Books:
        return Books(self._definition.name, {item.event.user_id: item.seq for item in due if item.event.user_id})

    async def _put_aside(self, due: Sequence[DueEvent], subjects: Sequence[UserId], error: Exception) -> None:
        books = self._books(due)
        message = f"the hub could not deal with this deal: {error!r}"[:2000]
        bookings = [books.failed(subject, "INTERNAL_ERROR", message) for subject in subjects]
        async with self._database.transaction() as connection:
            await ledger.store(connection, self._definition.name, bookings, [item.seq for item in due])

    async def _in_thread(self, function: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function)
