"""From states to plans: look up links and candidates, then let the pure core decide.

The reconcile job and `crosswalk plan` share this: the one writes what it says, the other prints it.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import TypeVar, TypeVarTuple, Unpack

from msgspec import Struct

from crosswalk.connectors.base import FindsCandidates
from crosswalk.connectors.errors import ConnectorError
from crosswalk.domain.evaluation import Evaluation
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.link import Link
from crosswalk.domain.plan import Action, Plan, Situation
from crosswalk.domain.record import Record
from crosswalk.domain.values import Owner
from crosswalk.engine.tracking import tracked_fields
from crosswalk.matching.candidates import Candidates
from crosswalk.matching.keys import keys_to_query
from crosswalk.matching.resolution import resolve
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.reconcile.planner import plan_deleted, plan_linked, plan_unlinked
from crosswalk.store import links
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
        self._tracked = {target.object: tracked_fields(target) for target in definition.targets}

    async def plan(self, database: Database, identities: Sequence[Identity]) -> Planned:
        """Decide for each identity what has to be written so that both sides agree; writes nothing."""
        async with database.transaction() as connection:
            known = await links.read(connection, self._definition.name, [i.user_id for i in identities])
        plans = {i.user_id: plan_deleted(i.user_id, known.get(i.user_id)) for i in identities if i.deleted}
        alive = [i for i in identities if not i.deleted]
        evaluations = await self._in_thread(self._compiled.evaluate, alive)

        linked = [e for e in evaluations if e.user_id in known]
        linked_plans, outdated = await self._plan_linked(linked, known)
        plans |= linked_plans

        unlinked = [e for e in evaluations if e.user_id not in known]
        unlinked_plans, waiting = await self._plan_unlinked(database, unlinked)
        plans |= unlinked_plans
        return Planned(
            plans=plans,
            waiting=waiting | outdated,
            claims=tuple(claim for e in unlinked if (p := plans.get(e.user_id)) for claim in self._claims(p, e)),
            links=known,
        )

    async def _plan_linked(
        self, evaluations: Sequence[Evaluation], known: Mapping[UserId, Link]
    ) -> tuple[dict[UserId, Plan], dict[UserId, ConnectorError]]:
        """Plan against the stored replica; where the plan hangs on the record's present value, read that first.

        What Auth0 owns is written whatever the record holds, so it needs no read, and 200 changed identities cost one
        call.
        """
        plans = await self._in_thread(self._decide_linked, evaluations, known)
        filling = [e for e in evaluations if _hangs_on_the_record(plans[e.user_id], self._compiled)]
        if not filling:
            return plans, {}
        try:
            fresh = await self._reread([known[e.user_id] for e in filling])
        except ConnectorError as error:
            waiting = {e.user_id: error for e in filling}
            return {user_id: plan for user_id, plan in plans.items() if user_id not in waiting}, waiting
        return plans | await self._in_thread(self._decide_linked, filling, dict(known) | fresh), {}

    def _decide_linked(self, evaluations: Sequence[Evaluation], known: Mapping[UserId, Link]) -> dict[UserId, Plan]:
        return {e.user_id: plan_linked(self._compiled, e, known[e.user_id]) for e in evaluations}

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
        self, database: Database, evaluations: Sequence[Evaluation]
    ) -> tuple[dict[UserId, Plan], dict[UserId, ConnectorError]]:
        if not evaluations:
            return {}, {}
        try:
            found = await self._look_up(evaluations)
        except ConnectorError as error:
            return {}, {e.user_id: error for e in evaluations}
        record_ids = {record.id for records in found.values() for record in records}
        async with database.transaction() as connection:
            owners = await links.owners(connection, self._definition.name, list(record_ids))
        return await self._in_thread(self._decide_unlinked, evaluations, found, owners), {}

    async def _look_up(self, evaluations: Sequence[Evaluation]) -> dict[tuple[str, str], list[Record]]:
        """Ask the org for the records that could belong to these identities: a query per rule and 200 keys."""
        wanted = keys_to_query(evaluations, self._definition)
        answers = await asyncio.gather(
            *(
                self._org.find_candidates(object_name, self._tracked[object_name], field, values)
                for (object_name, field), values in wanted.items()
            )
        )
        return dict(zip(wanted, answers, strict=True))

    def _decide_unlinked(
        self,
        evaluations: Sequence[Evaluation],
        found: Mapping[tuple[str, str], Sequence[Record]],
        owners: Mapping[RecordId, UserId],
    ) -> dict[UserId, Plan]:
        candidates = Candidates.of(self._definition, found, default_region=self._compiled.default_region)
        return {
            e.user_id: plan_unlinked(self._compiled, e, resolve(e, self._definition, candidates, owners))
            for e in evaluations
        }

    def _claims(self, plan: Plan, evaluation: Evaluation) -> list[Claim]:
        """What nobody else may create or take while this plan is carried out."""
        if not plan.record_writes:
            return []
        write = plan.record_writes[0]
        if write.action is Action.UPDATE and write.record_id is not None:
            return [Claim(plan.user_id, write.object, "Id", write.record_id)]
        keys = evaluation.targets[self._compiled.target_indexes[write.object]].keys
        return [Claim(plan.user_id, key.object, key.field, key.normal) for key in keys if key is not None]

    async def _in_thread(self, function: Callable[[Unpack[Arguments]], Result], *arguments: *Arguments) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)


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
