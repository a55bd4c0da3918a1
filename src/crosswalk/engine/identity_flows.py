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
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.plan import Plan
from crosswalk.domain.write import RecordWrite
from crosswalk.engine.surroundings import read_surroundings
from crosswalk.engine.traces import seen_in
from crosswalk.flows.deactivation import (
    MOVED_ON,
    NAME,
    CompiledDeactivation,
    SoFar,
    lacks_tasks,
    left_over,
    with_deactivation,
    written_there,
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
        by_id = {each.user_id: each for each in identities if each.user_id in plans}
        inactive = await self._in_thread(lambda: self._flow.inactive(list(by_id.values())))
        async with database.transaction() as connection:
            holdings = await effects.read(connection, self._definition.name, NAME, list(plans))
        so_far = {u: SoFar(each.held, each.episode, each.begun) for u in by_id if (each := holdings.get(u, _NOTHING))}
        starting = {
            u: record
            for u in by_id
            if (record := plans[u].record) is not None
            and inactive[u] is True
            and lacks_tasks(self._flow.flow, so_far[u])
        }
        unsure = {u: self._unsure(so_far[u], plans[u], inactive[u]) for u in by_id}
        around: Mapping[RecordId, Surroundings] = {}
        seen: frozenset[str] = frozenset()
        waiting: dict[UserId, ConnectorError] = {}
        try:
            around = await read_surroundings(self._org, list(starting.values()))
            seen = await seen_in(self._org, {key: write for each in unsure.values() for key, write in each.items()})
        except ConnectorError as error:
            # The others go on with what the flow does and undoes for them, which needs no answer.
            waiting = {u: error for u in by_id if u in starting or unsure.get(u)}
        extended = {u: plan for u, plan in plans.items() if u not in waiting}
        for user_id, identity in by_id.items():
            if user_id not in waiting:
                plan = plans[user_id]
                whom = around.get(plan.record.id, _NOBODY) if plan.record is not None else _NOBODY
                known = replace(so_far[user_id], seen=seen, around=whom)
                extended[user_id] = with_deactivation(self._flow.flow, plan, identity, inactive[user_id], known)
        return WithFlows(extended, waiting)

    def _unsure(self, so_far: SoFar, plan: Plan, inactive: bool | str) -> dict[str, RecordWrite]:
        """What was begun for an identity and may have to be undone, by the keys."""
        if isinstance(inactive, str):
            return {}
        stays = inactive and plan.situation not in MOVED_ON
        return {
            each.effect.key: write
            for each in (left_over(so_far.begun, so_far) if stays else so_far.begun)
            if (write := written_there(self._flow.flow, each, plan.record)) is not None
        }

    async def _in_thread(self, function: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function)
