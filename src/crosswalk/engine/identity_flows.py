"""The flows that look at identities: what they want is added to the plans."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import TypeVar

from msgspec import Struct

from crosswalk.connectors.base import FindsCandidates
from crosswalk.connectors.errors import ConnectorError
from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.plan import Plan
from crosswalk.domain.record import Record
from crosswalk.flows.deactivation import (
    NAME,
    SURROUNDINGS,
    CompiledDeactivation,
    Surroundings,
    is_present,
    with_deactivation,
)
from crosswalk.store import effects
from crosswalk.store.database import Database
from crosswalk.store.effects import Holding

_NOTHING = Holding()
_NOBODY = Surroundings()

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
            if plan.record is not None
            and inactive.get(user_id) is True
            and (holding := held.get(user_id, _NOTHING))
            and not is_present(holding.held, holding.episode)
        ]
        try:
            around = await self._surroundings(starting)
        except ConnectorError as error:
            waiting = {u for u, plan in plans.items() if plan.record in starting}
            return WithFlows({u: plan for u, plan in plans.items() if u not in waiting}, dict.fromkeys(waiting, error))
        by_id = {each.user_id: each for each in of_plans}
        extended = dict(plans)
        for user_id, identity in by_id.items():
            plan, holding = plans[user_id], held.get(user_id, _NOTHING)
            whom = around.get(plan.record.id, _NOBODY) if plan.record is not None else _NOBODY
            extended[user_id] = with_deactivation(
                self._flow.flow, plan, identity, inactive[user_id], holding.held, holding.episode, whom
            )
        return WithFlows(extended, {})

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
