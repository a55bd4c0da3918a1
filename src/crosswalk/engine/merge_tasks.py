"""The tasks that ask people to merge two records of one person are added to the plans, and closed when it is done."""

from collections.abc import Mapping, Sequence

from crosswalk.connectors.base import FindsCandidates
from crosswalk.connectors.errors import ConnectorError
from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.flow import MergeTaskFlow
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import UserId
from crosswalk.domain.plan import Plan
from crosswalk.domain.write import RecordWrite
from crosswalk.engine.identity_flows import WithFlows
from crosswalk.engine.surroundings import read_surroundings
from crosswalk.engine.traces import seen_in
from crosswalk.flows.merge_task import NAME, record_to_keep, with_merge_task
from crosswalk.flows.tasks import Surroundings
from crosswalk.store import effects, identities
from crosswalk.store.database import Database
from crosswalk.store.effects import Holding

_NOTHING = Holding()
_NOBODY = Surroundings()


class MergeTasks:
    """Adds the effects of one sync's merge-task flow to plans.

    Parameters
    ----------
    definition, flow
        The sync, and its flow.
    org
        Where owners of records are read.
    """

    def __init__(self, definition: SyncDefinition, flow: MergeTaskFlow, org: FindsCandidates) -> None:
        self._definition = definition
        self._flow = flow
        self._org = org

    async def extend(self, database: Database, plans: Mapping[UserId, Plan], batch: Sequence[Identity]) -> WithFlows:
        """Add what the flow wants to each plan that asks for a merge, or did so before."""
        kept = {user_id: record for user_id, plan in plans.items() if (record := record_to_keep(plan)) is not None}
        primaries = {
            user_id: primary
            for user_id in kept
            if (conflict := plans[user_id].conflict) is not None
            and (primary := conflict.candidates[0].linked_to) is not None
        }
        async with database.transaction() as connection:
            held = await effects.read(connection, self._definition.name, NAME, list(plans))
            wanted = {primary for user_id, primary in primaries.items() if not held.get(user_id, _NOTHING).held}
            states = await identities.read(connection, self._definition.tenant, sorted(wanted)) if wanted else {}
        states |= {each.user_id: each for each in batch if each.user_id in wanted}
        concerned = [user_id for user_id in plans if user_id in held or user_id in kept]
        unsure = {
            user_id: {
                e.effect.key: e.effect.write for e in held[user_id].begun if isinstance(e.effect.write, RecordWrite)
            }
            for user_id in held.keys() - kept.keys()
        }
        starting = [kept[user_id] for user_id in concerned if primaries.get(user_id) in wanted]
        try:
            around = await read_surroundings(self._org, starting) if starting else {}
            seen = await seen_in(self._org, {key: write for each in unsure.values() for key, write in each.items()})
        except ConnectorError as error:
            waiting = {u for u in concerned if (u in kept and kept[u] in starting) or unsure.get(u)}
            return WithFlows({u: plan for u, plan in plans.items() if u not in waiting}, dict.fromkeys(waiting, error))
        extended = dict(plans)
        for user_id in concerned:
            holding = held.get(user_id, _NOTHING)
            record = kept.get(user_id)
            # The user who is left says when the two were linked; the one who became an account was last seen before.
            left = states.get(primaries[user_id]) if user_id in primaries else None
            whom = _NOBODY if record is None else around.get(record.id, _NOBODY)
            since = "" if left is None else left.version.updated_at
            extended[user_id] = with_merge_task(
                self._flow, plans[user_id], holding.held, holding.episode, since, whom, holding.begun, seen
            )
        return WithFlows(extended, {})
