"""Erasing a person on request: what is held, what becomes of the record, and forgetting it for good.

The record comes first, by the same gate, writer and books as any other write. Only when Salesforce has it as the sync
wants it, everything is forgotten: what the org told of the record in short steps, since there may be very much to go
through, and all else in one transaction, which leaves a receipt and the digests by which later events about the person
are known. The lanes of the syncs are held meanwhile, so that no worker puts back what it had just
read.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct
from psycopg.errors import LockNotAvailable

from crosswalk.domain.erasure import RecordErasure, pseudonym_of
from crosswalk.domain.errors import CrosswalkError
from crosswalk.domain.event import Disposition, Event, Source
from crosswalk.domain.ids import OrgName, RecordId, SyncName, TenantName, UserId
from crosswalk.domain.link import Link, Standing
from crosswalk.domain.plan import Plan
from crosswalk.domain.record_id import full_record_id
from crosswalk.engine.books import Booking, Books
from crosswalk.engine.gate import MassChangeGate
from crosswalk.engine.held_lanes import held, lanes_of
from crosswalk.engine.hub import Hub
from crosswalk.engine.intake import take_in
from crosswalk.engine.noted import noted_name
from crosswalk.engine.planned import Planned
from crosswalk.reconcile.erasure import plan_erasure
from crosswalk.store import audit, erased, links, personal, subjects
from crosswalk.store.database import Connection, time_now
from crosswalk.store.due import ROUTING, Lane
from crosswalk.store.erased import Receipt
from crosswalk.store.inbox import Subscriber
from crosswalk.store.personal import Person


class UnknownSubject(CrosswalkError):
    """Nothing is held about this person."""


class CannotErase(CrosswalkError):
    """The person cannot be erased now."""


class Subject(Struct, frozen=True):
    """Whom an order is about.

    Parameters
    ----------
    person
        By what the person is found.
    links
        The person's links, sync by sync.
    rows
        How many rows of each table hold something.
    plans
        What would be done in Salesforce, sync by sync.
    """

    person: Person
    links: Sequence[tuple[SyncName, Link]]
    rows: Mapping[str, int]
    plans: Sequence[tuple[SyncName, Plan]]


class Deed(Struct, frozen=True):
    """What is done in one sync with the record that the person is linked to."""

    sync: SyncName
    object: str
    record_id: RecordId
    record: RecordErasure


class Eraser:
    """Shows, exports and erases what is held about people.

    Parameters
    ----------
    hub
        Where.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._definitions = {name: compiled.definition for name, compiled in hub.compiled.items()}

    async def look(self, text: str, tenant: str | None = None) -> Subject:
        """What is held about a person, by a user id or the id of a record; writes nothing.

        Raises
        ------
        UnknownSubject
            Nothing is; or the message says whom to ask for instead.
        """
        async with self._hub.database.transaction() as connection:
            await personal.take_time(connection)
            return await self._look(connection, text.strip(), tenant)

    def deeds(self, subject: Subject) -> list[Deed]:
        """What erasing does with the person's records, sync by sync."""
        return [
            Deed(
                sync,
                link.record.object,
                link.record.id,
                self._definitions[sync].on_erasure.record if plan.writes or plan.effects else RecordErasure.LEAVE,
            )
            for (sync, link), (_, plan) in zip(subject.links, subject.plans, strict=True)
        ]

    async def receipts(self, limit: int) -> list[Receipt]:
        """Who was erased, newest first, without saying who it was."""
        async with self._hub.database.transaction() as connection:
            return await erased.newest(connection, limit)

    async def export(self, text: str, tenant: str | None = None) -> dict[str, Any]:
        """Everything that is held about a person, as one document. Raises what `look` raises."""
        async with self._hub.database.transaction() as connection:
            await personal.take_time(connection)
            subject = await self._look(connection, text.strip(), tenant)
            held: dict[str, list[dict[str, Any]]] = {}
            async for table, row in personal.rows(connection, subject.person):
                held.setdefault(table, []).append(row)
        person = subject.person
        return {
            "tenant": person.tenant,
            "syncs": list(person.syncs),
            "users": list(person.users),
            "records": list(person.records),
            "exported_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "held": held,
        }

    async def erase(self, text: str, by: str, tenant: str | None = None) -> Receipt:
        """Erase a person.

        Raises
        ------
        UnknownSubject
            As `look` does.
        CannotErase
            A back-fill is open, a threshold stops the write, or Salesforce refuses it; nothing is forgotten then.
        crosswalk.engine.held_lanes.LanesBusy
            The syncs are too busy, or their lanes were lost meanwhile; nothing is forgotten then, and erasing again is
            safe.
        """
        first = await self.look(text, tenant)
        concerned = [self._definitions[sync] for sync in first.person.syncs]
        lanes = [lane for each in concerned for lane in (*lanes_of(each), Lane(each.name, ROUTING))]
        async with held(self._hub.database, lanes) as ours:
            return await ours.do(self._erase(text, by, tenant))

    async def _erase(self, text: str, by: str, tenant: str | None) -> Receipt:
        subject = await self.look(text, tenant)
        await self._refuse_while_backfilling(subject.person)
        written = [await self._write(sync, plan) for sync, plan in subject.plans if plan.writes or plan.effects]
        return await self._forget(subject, written, by)

    async def _look(self, connection: Connection, text: str, tenant: str | None) -> Subject:
        person = await self._person(connection, text, tenant)
        found: list[tuple[SyncName, Link]] = []
        for sync in person.syncs:
            of_sync = await links.read(connection, sync, person.users)
            found += [(sync, link) for link in of_sync.values()]
        plans = [(sync, plan_erasure(self._definitions[sync], link)) for sync, link in found]
        rows = await personal.count(connection, person)
        if not rows:
            raise UnknownSubject(f"nothing is held about {text}")
        return Subject(person, tuple(found), rows, tuple(plans))

    async def _person(self, connection: Connection, text: str, tenant: str | None) -> Person:
        record_id = full_record_id(text) if "|" not in text else None
        if record_id is None:
            return await self._user(connection, UserId(text), tenant)
        owners = {user for _, user in await subjects.owners_of(connection, list(self._definitions), record_id)}
        if not owners:
            return await self._unlinked(connection, record_id)
        if len(owners) > 1:
            raise UnknownSubject(f"{text} belongs to several users, choose one: {', '.join(sorted(owners))}")
        return await self._user(connection, owners.pop(), tenant)

    async def _user(self, connection: Connection, user_id: UserId, tenant: str | None) -> Person:
        tenants = [TenantName(name) for name in self._hub.config.tenants if tenant in (None, name)]
        known = await subjects.tenants_of(connection, tenants, user_id)
        if not known:
            raise UnknownSubject(
                f"nothing is held about {user_id}: give a whole user id (auth0|65f1c0ffee) or the id of a record"
            )
        if len(known) > 1:
            raise UnknownSubject(f"{user_id} is a user of several tenants, choose one: --tenant {' or '.join(known)}")
        primary = await subjects.primary_of(connection, known[0], user_id)
        if primary is not None:
            raise UnknownSubject(f"{user_id} is an account of {primary}: erase that user, and its accounts go with it")
        users = (user_id, *await subjects.accounts_of(connection, known[0], user_id))
        concerned = [each for each in self._definitions.values() if each.tenant == known[0]]
        syncs = tuple(each.name for each in concerned)
        records = await subjects.records_of(connection, syncs, users)
        values = await subjects.telling_values(connection, known[0], syncs, users)
        return Person(
            known[0],
            syncs,
            tuple(dict.fromkeys(each.org for each in concerned)),
            users,
            tuple(each for each, until in records.items() if until is None),
            {each: until for each, until in records.items() if until is not None},
            tuple(values),
        )

    async def _unlinked(self, connection: Connection, record_id: RecordId) -> Person:
        """A record that is nobody's: what the org told of it is all there is."""
        orgs = await subjects.orgs_with(connection, [OrgName(name) for name in self._hub.config.orgs], record_id)
        concerned = [each for each in self._definitions.values() if each.org in orgs]
        if not concerned:
            raise UnknownSubject(f"nothing is held about the record {record_id}")
        return Person(concerned[0].tenant, tuple(e.name for e in concerned), tuple(orgs), (), (record_id,))

    async def _refuse_while_backfilling(self, person: Person) -> None:
        async with self._hub.database.transaction() as connection:
            running = await personal.open_backfills(connection, person)
        if running:
            number, sync = running[0]
            raise CannotErase(
                f"back-fill {number} of {sync} is not finished, and holds everybody as it was read: let it come to its "
                "end, or cancel it with `crosswalk backfill --cancel`; nothing was erased"
            )

    async def _write(self, sync: SyncName, plan: Plan) -> tuple[SyncName, Plan, Booking]:
        """Carry out what is done in Salesforce; anything but success ends the erasure."""
        definition = self._definitions[sync]
        gate = MassChangeGate(sync, definition.thresholds, self._hub.database)
        admission = await gate.admit({plan.user_id: plan})
        if admission.held:
            hold = admission.held[plan.user_id].hold_id
            raise CannotErase(
                f"a threshold of sync {sync} stops what is to be done with the record: hold {hold}. Let such writes go "
                f"on with `crosswalk holds approve {hold} --for 10m`, and order the erasure again; nothing was erased"
            )
        link = Link(plan.user_id, plan.record, plan.base, plan.evidence) if plan.record is not None else None
        planned = Planned({plan.user_id: plan}, {}, (), {} if link is None else {plan.user_id: link}, _now())
        carried = await self._hub.reconcilers[sync].carry_out(planned, admission.going, Books(sync, {}))
        booking = carried.bookings[0]
        gone = booking.link is not None and booking.link.standing is Standing.LOST
        if booking.problems and not gone:
            problem = booking.problems[0]
            raise CannotErase(f"Salesforce did not do it: {problem.code}: {problem.message}; nothing was erased")
        return sync, plan, booking

    async def _forget(self, subject: Subject, written: Sequence[tuple[SyncName, Plan, Booking]], by: str) -> Receipt:
        person = subject.person
        told = [
            {"sync": sync, "object": plan.target or "", "record": self._definitions[sync].on_erasure.record.value}
            for sync, plan, _ in written
        ]
        who = pseudonym_of(person.remembered[0])
        try:
            async with self._hub.database.transaction() as connection:
                # First, so that nothing comes in any more while the rest is done.
                await erased.close_doors(connection)
                number = await erased.open_receipt(connection, noted_name(by), person.tenant, who)
                await erased.remember(connection, number, person.remembered)
        except LockNotAvailable as error:
            raise CannotErase("the hub is too busy to stop for a moment: try again; nothing was erased yet") from error
        try:
            blanked, after = await self._erase_told(person)
            async with self._hub.database.transaction() as connection:
                await personal.take_time(connection)
                await audit.append(connection, [entry for _, _, booking in written for entry in booking.audit])
                forgotten = await personal.erase(connection, person, after)
                await self._look_again(connection, number, forgotten.disturbed)
                rows = {**forgotten.rows}
                if blanked:
                    rows["inbox"] = rows.get("inbox", 0) + blanked
                return await erased.fill_receipt(connection, number, rows, told)
        except BaseException:
            async with self._hub.database.transaction() as connection:
                await erased.withdraw(connection, number)
            raise

    async def _erase_told(self, person: Person) -> tuple[int, int]:
        """Blank what orgs told of the person's records, in short transactions; returns how much, and how far it went.

        Should what follows fail, this stays blanked: whoever orders the erasure again loses nothing.
        """
        rows, after = 0, 0
        while True:
            async with self._hub.database.transaction() as connection:
                gone = await personal.erase_told(connection, person, after)
            rows += gone.rows
            if gone.up_to is None:
                return rows, after
            after = gone.up_to

    async def _look_again(
        self, connection: Connection, number: int, disturbed: frozenset[tuple[SyncName, UserId]]
    ) -> None:
        """Let those be looked at whose open conflicts showed the person."""
        for sync, user_id in sorted(disturbed):
            definition = self._definitions[sync]
            event = Event(
                id=f"erasure/{number}/{sync}/{user_id}",
                source=Source.HUB,
                type="hub.candidate_erased",
                occurred_at=await time_now(connection),
                disposition=Disposition.CHANGED,
                raw=b"{}",
                user_id=user_id,
            )
            await take_in(connection, [(definition.tenant, event)], [Subscriber.of(definition)], self._hub.jobs.wake)


def _now() -> datetime:
    return datetime.now(UTC)
