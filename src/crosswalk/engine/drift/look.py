"""A closer look at identities whose fingerprints differ: the core decides what the difference means."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from crosswalk.connectors.auth0.users import identity_of
from crosswalk.domain.drift import Cause, Difference, Mark
from crosswalk.domain.evaluation import Evaluation
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.link import Link
from crosswalk.domain.plan import Plan, Situation
from crosswalk.domain.record import Record
from crosswalk.domain.values import Side
from crosswalk.engine.drift.reading import Spool, record_of
from crosswalk.engine.planned import Verdicts
from crosswalk.engine.planning import Planner
from crosswalk.flows.deactivation import CompiledDeactivation
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.reconcile.drift import causes
from crosswalk.reconcile.planner import plan_linked
from crosswalk.store import decisions, identities, links, quarantines
from crosswalk.store.database import Database
from crosswalk.store.drift import Candidate
from crosswalk.store.drift_records import RecordTable


class Looked(Struct, frozen=True):
    """One identity, looked at.

    Parameters
    ----------
    candidate
        Who, and what the comparison said.
    differences
        What is not in step; nothing where no rule depends on what differs.
    state
        The user as just read, where that is news.
    link, record
        The link as stored, and its record as just read.
    """

    candidate: Candidate
    differences: tuple[Difference, ...]
    state: Identity | None = None
    link: Link | None = None
    record: Record | None = None


class Known(Struct, frozen=True):
    """What the hub knows of a batch of identities."""

    stored: Mapping[UserId, Identity]
    links: Mapping[UserId, Link]
    verdicts: Verdicts


class DriftLook:
    """Looks at batches of one sync's identities.

    Parameters
    ----------
    compiled, planner, database
        The sync, how unlinked identities are matched, and where links and replicas are.
    spool, tables
        Users and records as they were just read; the tables by object.
    started
        When reading began.
    """

    def __init__(
        self,
        compiled: CompiledSync,
        planner: Planner,
        database: Database,
        spool: Spool,
        tables: Mapping[str, RecordTable],
        started: datetime,
    ) -> None:
        self._compiled = compiled
        self._definition = compiled.definition
        self._planner = planner
        self._database = database
        self._spool = spool
        self._tables = tables
        self._started = started
        flow = self._definition.flows.deactivation
        self._deactivation = None if flow is None else CompiledDeactivation(flow)

    async def look(self, batch: Sequence[Candidate]) -> list[Looked]:
        """What is not in step about each of these identities, and what was read of them."""
        known = await self._known([each.user_id for each in batch])
        states = {each.user_id: state for each in batch if (state := self._state(each, known)) is not None}
        records = await self._records(known.links)
        evaluations = await asyncio.to_thread(self._evaluate, list(states.values()))
        matched = await self._match([each for each in batch if Mark.UNLINKED in each.marks], states)
        return [
            Looked(
                each,
                (*matched.get(each.user_id, ()), *self._differences(each, known, states, records, evaluations)),
                states.get(each.user_id) if each.marks & {Mark.USER_CHANGED, Mark.USER_UNKNOWN} else None,
                known.links.get(each.user_id),
                records.get(each.user_id),
            )
            for each in batch
        ]

    async def _known(self, user_ids: Sequence[UserId]) -> Known:
        name = self._definition.name
        async with self._database.transaction() as connection:
            return Known(
                await identities.read(connection, self._definition.tenant, user_ids),
                await links.read(connection, name, user_ids),
                Verdicts(
                    await decisions.standing(connection, name, user_ids),
                    await quarantines.standing(connection, name, user_ids),
                ),
            )

    def _state(self, candidate: Candidate, known: Known) -> Identity | None:
        """The user as read, unless what the hub knows is newer; `None` for one that is gone or was not read."""
        stored = known.stored.get(candidate.user_id)
        if Mark.USER_GONE in candidate.marks:
            return None
        if candidate.place is None or candidate.size is None:
            return None if stored is None or stored.deleted else stored
        read, _ = identity_of(self._spool.read(candidate.place, candidate.size), self._started)
        return stored if stored is not None and stored.version > read.version else read

    async def _records(self, known: Mapping[UserId, Link]) -> dict[UserId, Record]:
        """The linked records as they were just read."""
        found: dict[UserId, Record] = {}
        for object_name, table in self._tables.items():
            wanted: dict[RecordId, UserId] = {
                link.record.id: user_id for user_id, link in known.items() if link.record.object == object_name
            }
            for record_id, row in (await table.read(list(wanted))).items() if wanted else ():
                found[wanted[record_id]] = record_of(object_name, table.columns, row)
        return found

    def _evaluate(self, states: Sequence[Identity]) -> dict[UserId, Evaluation]:
        return {evaluation.user_id: evaluation for evaluation in self._compiled.evaluate_fields(states)}

    async def _match(
        self, unlinked: Sequence[Candidate], states: Mapping[UserId, Identity]
    ) -> dict[UserId, list[Difference]]:
        """The records that the match rules find for identities without one."""
        wanted = [states[each.user_id] for each in unlinked if each.user_id in states]
        if not wanted:
            return {}
        planned = await self._planner.plan(self._database, wanted)
        for error in planned.waiting.values():
            raise error
        return {
            user_id: [
                Difference(
                    Cause.UNLINKED, user_id, plan.record.object, plan.record.id, detail=f"matches by {plan.evidence}"
                )
            ]
            for user_id, plan in planned.plans.items()
            if plan.situation is Situation.MATCHED and plan.record is not None
        }

    def _differences(
        self,
        candidate: Candidate,
        known: Known,
        states: Mapping[UserId, Identity],
        records: Mapping[UserId, Record],
        evaluations: Mapping[UserId, Evaluation],
    ) -> list[Difference]:
        """What is not in step, but for records that match."""
        user_id, marks = candidate.user_id, candidate.marks
        link = known.links.get(user_id)
        at = (user_id, "", "") if link is None else (user_id, link.record.object, link.record.id)
        if Mark.USER_GONE in marks:
            return [Difference(Cause.USER_GONE, *at, side=Side.AUTH0)]
        evaluation = evaluations.get(user_id)
        if evaluation is None or evaluation.filtered:
            return []
        if link is None:
            return _of_unlinked(candidate)
        if Mark.RECORD_GONE in marks:
            return [Difference(Cause.RECORD_GONE, *at, side=Side.SALESFORCE)]
        fresh = Link(user_id, records.get(user_id, link.record), link.base, link.evidence)
        pending = self._pending(known, link) if Mark.REJECTED in marks else frozenset()
        found = causes(self._plan(evaluation, fresh, known.verdicts), marks, pending)
        if Mark.USER_CHANGED in marks and self._activity_changed(known.stored.get(user_id), states[user_id]):
            found.append(
                Difference(Cause.MISSED_EVENT, *at, side=Side.AUTH0, detail="whether the user is active changed")
            )
        return found

    def _plan(self, evaluation: Evaluation, link: Link, verdicts: Verdicts) -> Plan:
        user_id = link.user_id
        decided, resting = verdicts.decisions.fields, verdicts.quarantines
        return plan_linked(self._compiled, evaluation, link, decided.get(user_id), resting.get(user_id, ()))

    def _pending(self, known: Known, link: Link) -> frozenset[str]:
        """The fields that the hub wanted to write by what it knew before."""
        stored = known.stored.get(link.user_id)
        if stored is None or stored.deleted:
            return frozenset()
        plan = self._plan(self._compiled.evaluate_fields([stored])[0], link, known.verdicts)
        return frozenset(difference.field for difference in causes(plan, ()))

    def _activity_changed(self, stored: Identity | None, read: Identity) -> bool:
        """Whether the flow of deactivation sees the user otherwise than before."""
        if self._deactivation is None or stored is None:
            return False
        before, now = (self._deactivation.inactive([each])[each.user_id] for each in (stored, read))
        return before != now


def _of_unlinked(candidate: Candidate) -> list[Difference]:
    """What is not in step about an identity without a record; what matches one is told of apart."""
    user_id, marks = candidate.user_id, candidate.marks
    if Mark.USER_UNKNOWN in marks:
        return [Difference(Cause.MISSED_EVENT, user_id, side=Side.AUTH0, detail="the hub never heard of this user")]
    if Mark.USER_CHANGED in marks:
        return [Difference(Cause.MISSED_EVENT, user_id, side=Side.AUTH0, detail="the user has no record")]
    if Mark.REJECTED in marks:
        return [Difference(Cause.REJECTED_WRITE, user_id, detail="its record could not be created")]
    return []
