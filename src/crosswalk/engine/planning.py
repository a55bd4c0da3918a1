"""From states to plans: look up links and candidates, then let the pure core decide.

The reconcile job and `crosswalk plan` share this: the one writes what it says, the other prints it.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor
from types import MappingProxyType
from typing import TypeVar, TypeVarTuple, Unpack

from msgspec import Struct

from crosswalk.connectors.base import FindsCandidates
from crosswalk.connectors.errors import ConnectorError
from crosswalk.domain.change import ChangeKind, RecordChange
from crosswalk.domain.decision import Decided, Decisions
from crosswalk.domain.evaluation import Evaluation
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.link import Link
from crosswalk.domain.plan import Plan, Situation
from crosswalk.domain.quarantine import Quarantine
from crosswalk.domain.record import MODIFIED_FIELD, Record
from crosswalk.domain.values import FieldValue, Owner
from crosswalk.domain.write import Action
from crosswalk.engine.identity_flows import IdentityFlows
from crosswalk.engine.tracking import tracked_fields
from crosswalk.flows.deactivation import CompiledDeactivation
from crosswalk.matching.look_ups import LookUpName, look_ups
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.reconcile.planner import plan_deleted, plan_linked
from crosswalk.reconcile.unlinked import plan_all_unlinked
from crosswalk.store import decisions, links, quarantines
from crosswalk.store.claims import Claim
from crosswalk.store.database import Database

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")


_HANGING = frozenset({Owner.INITIAL, Owner.LATEST, Owner.MANUAL})


class Planned(Struct, frozen=True):
    """The plans of a batch.

    Parameters
    ----------
    plans
        One for each identity that could be decided.
    waiting
        Why each of the others could not be: the org did not answer the question which records it has.
    claims
        What has to be claimed before the plans are carried out.
    links
        The links as they were before.
    """

    plans: Mapping[UserId, Plan]
    waiting: Mapping[UserId, ConnectorError]
    claims: tuple[Claim, ...]
    links: Mapping[UserId, Link]

    def replaced_by(self, anew: "Planned", of: Collection[UserId]) -> "Planned":
        """The same plans, but for some linked identities those that were made anew."""
        return Planned(
            plans={user_id: plan for user_id, plan in self.plans.items() if user_id not in of} | dict(anew.plans),
            waiting=dict(self.waiting) | dict(anew.waiting),
            claims=self.claims,
            links=self.links,
        )


class Verdicts(Struct, frozen=True):
    """What is settled before the rules are asked: by people, and by what somebody else keeps writing back."""

    decisions: Decisions
    quarantines: Mapping[UserId, tuple[Quarantine, ...]]


class Planner:
    """Plans batches of identities for one sync.

    Parameters
    ----------
    compiled
        The sync with its expressions compiled.
    org
        Where candidates are looked up.
    threads
        Runs the expressions and merges: they take longer than the event loop may be held.
    """

    def __init__(self, compiled: CompiledSync, org: FindsCandidates, threads: Executor) -> None:
        definition = compiled.definition
        self._definition = definition
        self._compiled = compiled
        self._org = org
        self._threads = threads
        deactivation = definition.flows.deactivation
        self._flows = (
            None
            if deactivation is None
            else IdentityFlows(definition, CompiledDeactivation(deactivation), org, threads)
        )
        self._tracked = {target.object: tracked_fields(target, definition.flows) for target in definition.targets}

    async def plan(
        self,
        database: Database,
        identities: Sequence[Identity],
        changes: Mapping[UserId, Sequence[RecordChange]] = MappingProxyType({}),
    ) -> Planned:
        """Decide for each identity what has to be written so that both sides agree; writes nothing.

        `changes` is what the org told of the identities' records: where that is news, the record is read first.
        What people decided goes before the rules, and fields in quarantine are left alone.
        """
        user_ids = [i.user_id for i in identities]
        async with database.transaction() as connection:
            known = await links.read(connection, self._definition.name, user_ids)
            decided = await decisions.standing(connection, self._definition.name, user_ids)
            resting = await quarantines.standing(connection, self._definition.name, user_ids)
        plans = {i.user_id: plan_deleted(i.user_id, known.get(i.user_id)) for i in identities if i.deleted}
        alive = [i for i in identities if not i.deleted]
        evaluations = await self._in_thread(self._compiled.evaluate, alive)

        linked = [e for e in evaluations if e.user_id in known]
        linked_plans, outdated = await self._plan_linked(linked, known, changes, Verdicts(decided, resting))
        plans |= linked_plans

        unlinked = [e for e in evaluations if e.user_id not in known]
        unlinked_plans, waiting = await self._plan_unlinked(database, unlinked, decided.matches)
        plans |= unlinked_plans
        delayed: Mapping[UserId, ConnectorError] = {}
        if self._flows is not None:
            extended = await self._flows.extend(database, plans, identities)
            plans, delayed = dict(extended.plans), extended.waiting
        return Planned(
            plans=plans,
            waiting=waiting | outdated | dict(delayed),
            claims=tuple(claim for e in unlinked if (p := plans.get(e.user_id)) for claim in self._claims(p, e)),
            links=known,
        )

    async def _plan_linked(
        self,
        evaluations: Sequence[Evaluation],
        known: Mapping[UserId, Link],
        changes: Mapping[UserId, Sequence[RecordChange]],
        verdicts: Verdicts,
    ) -> tuple[dict[UserId, Plan], dict[UserId, ConnectorError]]:
        """Plan against the stored replica; where that may be old and the plan hangs on it, read the record first.

        What Auth0 owns is written whatever the record holds, so it needs no read, and 200 changed identities cost one
        call.
        """
        outdated = {e.user_id for e in evaluations if _have_news(changes.get(e.user_id, ()), known[e.user_id])}
        current = [e for e in evaluations if e.user_id not in outdated]
        plans = await self._in_thread(self._decide_linked, current, known, verdicts)
        outdated |= {e.user_id for e in current if _hangs_on_the_record(plans[e.user_id], self._compiled)}
        if not outdated:
            return plans, {}
        to_read = [e for e in evaluations if e.user_id in outdated]
        try:
            fresh = await self._reread([known[e.user_id] for e in to_read])
        except ConnectorError as error:
            return {u: plan for u, plan in plans.items() if u not in outdated}, dict.fromkeys(outdated, error)
        return plans | await self._in_thread(self._decide_linked, to_read, dict(known) | fresh, verdicts), {}

    def _decide_linked(
        self, evaluations: Sequence[Evaluation], known: Mapping[UserId, Link], verdicts: Verdicts
    ) -> dict[UserId, Plan]:
        decided, resting = verdicts.decisions.fields, verdicts.quarantines
        return {
            u: plan_linked(self._compiled, e, known[u], decided.get(u), resting.get(u, ()))
            for e in evaluations
            if (u := e.user_id)
        }

    async def _reread(self, outdated: Sequence[Link]) -> dict[UserId, Link]:
        """The same links with their records as they are in the org now; a record that is gone keeps its replica."""
        records: dict[RecordId, Record] = {}
        for object_name, fields in self._tracked.items():
            ids = [link.record.id for link in outdated if link.record.object == object_name]
            if ids:
                found = await self._org.find_candidates(object_name, fields, "Id", ids)
                records |= {record.id: record for record in found}
        return {
            link.user_id: Link(link.user_id, records[link.record.id], link.base, link.evidence)
            for link in outdated
            if link.record.id in records
        }

    async def _plan_unlinked(
        self, database: Database, evaluations: Sequence[Evaluation], decisions: Mapping[UserId, Decided]
    ) -> tuple[dict[UserId, Plan], dict[UserId, ConnectorError]]:
        if not evaluations:
            return {}, {}
        try:
            found = await self._look_up(evaluations, decisions)
        except ConnectorError as error:
            return {}, {e.user_id: error for e in evaluations}
        record_ids = {record.id for records in found.values() for record in records}
        async with database.transaction() as connection:
            owners = await links.owners(connection, self._definition.name, list(record_ids))
        plans = await self._in_thread(plan_all_unlinked, self._compiled, evaluations, found, owners, decisions)
        return plans, {}

    async def _look_up(
        self, evaluations: Sequence[Evaluation], decisions: Mapping[UserId, Decided]
    ) -> dict[LookUpName, list[Record]]:
        """Ask the org for the records that could belong to these identities, all rules at once."""
        wanted = await self._in_thread(look_ups, evaluations, self._compiled.rules, self._tracked, decisions)
        return dict(zip(wanted, await self._org.look_up(list(wanted.values())), strict=True))

    def _claims(self, plan: Plan, evaluation: Evaluation) -> list[Claim]:
        """What nobody else may create or take while this plan is carried out."""
        if not plan.record_writes:
            return []
        write = plan.record_writes[0]
        if write.action is Action.UPDATE and write.record_id is not None:
            return [Claim(plan.user_id, write.object, "Id", write.record_id)]
        keys = evaluation.targets[self._compiled.target_indexes[write.object]].keys
        # Keys of several long values would not fit into the index; people who share this much of one may wait in turn.
        return [Claim(plan.user_id, key.object, key.field, key.normal[:300]) for key in keys if key is not None]

    async def _in_thread(self, function: Callable[[Unpack[Arguments]], Result], *arguments: *Arguments) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)


def _have_news(changes: Sequence[RecordChange], link: Link) -> bool:
    """Whether what the org told differs from the replica, so that the record has to be read.

    An echo of the hub's own write tells what the replica has already. An older value differs, and the read then finds
    the newest. Whatever does not say what it changed has to be looked at.
    """
    replica = link.record.fields
    for change in changes:
        if change.id != link.record.id:
            continue
        if change.kind is not ChangeKind.UPDATED and change.kind is not ChangeKind.CREATED:
            return True
        told = {name: value for name, value in change.fields.items() if name in replica and name != MODIFIED_FIELD}
        if any(_filled(replica[name]) != _filled(value) for name, value in told.items()):
            return True
    return False


def _filled(value: FieldValue) -> FieldValue:
    """The value with an empty text as no value, which is how Salesforce keeps it."""
    return None if value == "" else value


def _hangs_on_the_record(plan: Plan, compiled: CompiledSync) -> bool:
    """Whether another value in the record would have led to another plan: then it has to be read before.

    What Auth0 owns is written whatever the record holds, and what Salesforce owns was changed there already. But a
    person may have filled a field that is only to be filled, or changed one whose newest value wins.
    """
    if plan.situation is not Situation.LINKED or not (plan.writes or plan.disputed):
        return False
    if plan.disputed:
        return True
    fields = compiled.targets[compiled.target_indexes[plan.target]].by_name if plan.target else {}
    written = [f.field for w in plan.record_writes for f in w.fields] + [f for w in plan.user_writes for f in w.mapped]
    return any(fields[name].owner in _HANGING for name in written if name in fields)
