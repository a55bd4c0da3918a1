"""Identities without a record, and the records that they wait for: each finds the other, whichever changes.

What an identity waits for is noted *before* the org is asked for it. A record that comes to be before the question is
in the answer; one that comes later tells so itself, and then the note is there. Noted afterwards, a record that appears
between the two would be missed by both.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence

from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.plan import Situation
from crosswalk.domain.record import Record
from crosswalk.engine.books import Booking
from crosswalk.engine.planned import Planned
from crosswalk.matching.awaited import in_the_way, judged_fields, offered_by, stirred_by
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.store import awaited
from crosswalk.store.database import Connection, Database

_WAIT_FOR_NOTHING = frozenset({Situation.FILTERED, Situation.LEFT_ALONE})


class Awaiting:
    """What the identities of one sync wait for.

    Parameters
    ----------
    compiled
        The sync, by whose match rules keys are made.
    database
        Where they are noted.
    """

    def __init__(self, compiled: CompiledSync, database: Database) -> None:
        self._sync = compiled.definition.name
        self._database = database
        targets = compiled.definition.targets
        self._rules = {target.object: rules for target, rules in zip(targets, compiled.rules, strict=True)}
        self._judged = {target.object: judged_fields(target) for target in targets}

    async def announce(self, keys: Mapping[UserId, Collection[bytes]]) -> None:
        """Note for what these identities are about to ask the org."""
        if any(keys.values()):
            async with self._database.transaction() as connection:
                await awaited.register(connection, self._sync, keys)

    async def settle(self, connection: Connection, planned: Planned) -> None:
        """Note what the identities of a batch wait for in the end, in the transaction that has stored their links."""
        settled: dict[UserId, Collection[bytes]] = {}
        for user_id, keys in planned.awaited.items():
            plan = planned.plans.get(user_id)
            if plan is not None and plan.situation in _WAIT_FOR_NOTHING:
                settled[user_id] = ()
            elif plan is not None:
                found = [] if plan.conflict is None else [each.record.id for each in plan.conflict.candidates]
                settled[user_id] = {*keys, *map(in_the_way, (*plan.in_the_way, *found))}
        await awaited.settle(connection, self._sync, settled)

    async def stirs(self, planned: Planned, bookings: Sequence[Booking]) -> dict[UserId, set[bytes]]:
        """What somebody may wait for in the records to which this batch did something, by whose record it is."""
        return await asyncio.to_thread(self._stirs, planned, bookings)

    def _stirs(self, planned: Planned, bookings: Sequence[Booking]) -> dict[UserId, set[bytes]]:
        found: dict[UserId, set[bytes]] = {}
        for booking in bookings:
            user_id = booking.user_id
            link = planned.links.get(user_id)
            before = None if link is None else link.record
            after = _record_after(booking, before)
            keys = stirred_by(self._rules, self._judged, before, after)
            read = _record_read(planned, user_id)
            if before is not None and read is not None and read is not before and read.id == before.id:
                # Somebody edited it, others saw it so, and it was set right before the hub ever heard of the edit.
                keys |= stirred_by(self._rules, self._judged, read, after)
            if keys:
                found[user_id] = keys
        return found

    async def stirred(
        self, connection: Connection, stirs: Mapping[UserId, Collection[bytes]]
    ) -> dict[UserId, set[UserId]]:
        """Who waits for any of that: for each identity whose record it is, those to be woken."""
        waiting = await awaited.waiting_for(connection, self._sync, {key for keys in stirs.values() for key in keys})
        return {
            cause: woken
            for cause, keys in stirs.items()
            if (woken := {user_id for key in keys for user_id in waiting.get(key, ())} - {cause})
        }

    async def concerned(
        self, connection: Connection, records: Mapping[int, Record], gone: Mapping[int, RecordId]
    ) -> dict[int, list[UserId]]:
        """Who waits for each of some records that nobody is linked to, by the number of the event.

        Parameters
        ----------
        records
            Records as they are.
        gone
            The ids of records of which no more is known, which somebody may have found in the way.
        """
        offered = {seq: offered_by(self._rules.get(record.object, ()), record) for seq, record in records.items()}
        offered |= {seq: {in_the_way(record_id)} for seq, record_id in gone.items()}
        waiting = await awaited.waiting_for(connection, self._sync, {key for keys in offered.values() for key in keys})
        return {
            seq: sorted({user_id for key in keys for user_id in waiting.get(key, ())}) for seq, keys in offered.items()
        }


def _record_read(planned: Planned, user_id: UserId) -> Record | None:
    """The identity's record as the plan found it."""
    plan = planned.plans.get(user_id)
    return None if plan is None else plan.record


def _record_after(booking: Booking, before: Record | None) -> Record | None:
    if booking.link is not None:
        return booking.link.record
    return None if any(end.user_id == booking.user_id for end in booking.ends) else before
