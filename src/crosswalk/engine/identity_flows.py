"""The flows that look at identities: what they want is added to the plans."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from crosswalk.connectors.base import FindsCandidates
from crosswalk.connectors.errors import ConnectorError
from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.effect import Effect, HeldEffect
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.plan import FieldError, Plan, Situation
from crosswalk.domain.record import Record
from crosswalk.domain.write import Action, RecordWrite
from crosswalk.flows.deactivation import NAME, SURROUNDINGS, CompiledDeactivation, Surroundings, wanted_effects
from crosswalk.reconcile.effects import effect_steps
from crosswalk.store import effects
from crosswalk.store.database import Database
from crosswalk.store.effects import Holding

_NOTHING = Holding()

T = TypeVar("T")


class WithFlows(Struct, frozen=True):
    """Plans with what flows want, and why some identities have to wait."""

    plans: Mapping[UserId, Plan]
    waiting: Mapping[UserId, ConnectorError]


class IdentityFlows:
    """Adds the effects of one sync's deactivation flow to plans.

    Parameters
    ----------
    definition, flow
        The sync, and its flow with the condition compiled.
    org
        Where owners of records are read.
    threads
        Runs the condition.
    """

    def __init__(
        self, definition: SyncDefinition, flow: CompiledDeactivation, org: FindsCandidates, threads: Executor
    ) -> None:
        self._definition = definition
        self._flow = flow
        self._org = org
        self._threads = threads

    async def extend(
        self, database: Database, plans: Mapping[UserId, Plan], identities: Sequence[Identity]
    ) -> WithFlows:
        """Add what the flow wants to each plan of an identity that has a record."""
        of_plans = [each for each in identities if each.user_id in plans]
        inactive = await self._in_thread(lambda: self._flow.inactive(of_plans))
        async with database.transaction() as connection:
            held = await effects.read(connection, self._definition.name, NAME, list(plans))
        starting = [
            plan.record
            for user_id, plan in plans.items()
            if plan.record is not None and inactive.get(user_id) is True and not _present(held.get(user_id, _NOTHING))
        ]
        try:
            around = await self._surroundings(starting)
        except ConnectorError as error:
            waiting = {u for u, plan in plans.items() if plan.record in starting}
            return WithFlows({u: plan for u, plan in plans.items() if u not in waiting}, dict.fromkeys(waiting, error))
        by_id = {each.user_id: each for each in of_plans}
        return WithFlows(
            {
                user_id: self._extended(plan, by_id[user_id], inactive[user_id], held.get(user_id, _NOTHING), around)
                if user_id in by_id
                else plan
                for user_id, plan in plans.items()
            },
            {},
        )

    def _extended(
        self,
        plan: Plan,
        identity: Identity,
        inactive: bool | str,
        holding: Holding,
        around: Mapping[RecordId, Surroundings],
    ) -> Plan:
        flow = self._flow.flow
        if isinstance(inactive, str):
            error = FieldError(plan.user_id, "", NAME, flow.place, inactive)
            return replace(plan, errors=(*plan.errors, error))
        if plan.situation is Situation.FILTERED:
            return plan
        wanted: list[Effect] = []
        if inactive:
            if plan.record is None:
                # The record is only being made: the flow comes once it is there.
                return replace(plan, unfinished=any(w.action is Action.CREATE for w in plan.record_writes))
            if _present(holding):
                return plan  # what is there stays as it was made
            wanted = wanted_effects(
                flow, identity, plan.record, around.get(plan.record.id, Surroundings()), holding.episode
            )
        held = [each for each in holding.held if _may_be_undone(each, plan.record)]
        overridden = [each.effect.key for each in holding.held if each not in held]
        steps = effect_steps(NAME, flow.place, wanted, holding.held, overridden)
        return replace(plan, effects=steps, episode=holding.episode)

    async def _surroundings(self, records: Sequence[Record]) -> dict[RecordId, Surroundings]:
        """Whom tasks about these records are for: a query for each object and 200 records."""
        around: dict[RecordId, Surroundings] = {}
        for object_name in {record.object for record in records}:
            ids = [record.id for record in records if record.object == object_name]
            fields = SURROUNDINGS.get(object_name, ("OwnerId",))
            found = await self._org.find_candidates(object_name, fields, "Id", ids)
            around |= {record.id: Surroundings.of(record) for record in found}
        return around

    async def _in_thread(self, function: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function)


def _present(holding: Holding) -> bool:
    """Whether the flow did anything in the present episode."""
    return any(each.episode == holding.episode for each in holding.held)


def _may_be_undone(held: HeldEffect, record: Record | None) -> bool:
    """Whether fields still have what the flow gave them; what somebody changed since is left as it is."""
    write = held.effect.write
    if not isinstance(write, RecordWrite) or write.action is not Action.UPDATE or record is None:
        return True
    return all(record.fields.get(field.field, field.new) == field.new for field in write.fields)
