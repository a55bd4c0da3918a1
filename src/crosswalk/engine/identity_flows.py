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
from crosswalk.engine.surroundings import read_surroundings
from crosswalk.flows.deactivation import (
    NAME,
    CompiledDeactivation,
    is_present,
    with_deactivation,
)
from crosswalk.flows.tasks import Surroundings
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
        around: Mapping[RecordId, Surroundings] = {}
        waiting: dict[UserId, ConnectorError] = {}
        try:
            around = await read_surroundings(self._org, starting)
        except ConnectorError as error:
            # The others go on with what the flow does and undoes for them, which needs no answer.
            waiting = {u: error for u, plan in plans.items() if plan.record in starting}
        by_id = {each.user_id: each for each in of_plans if each.user_id not in waiting}
        extended = {u: plan for u, plan in plans.items() if u not in waiting}
        for user_id, identity in by_id.items():
            plan, holding = plans[user_id], held.get(user_id, _NOTHING)
            whom = around.get(plan.record.id, _NOBODY) if plan.record is not None else _NOBODY
            extended[user_id] = with_deactivation(
                self._flow.flow, plan, identity, inactive[user_id], holding.held, holding.episode, whom
            )
        return WithFlows(extended, waiting)

    async def _in_thread(self, function: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function)
