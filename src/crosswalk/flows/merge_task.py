"""Two linked users with a record each: a task asks the owner of the account to merge the two."""

from collections.abc import Collection, Sequence

from msgspec.structs import replace

from crosswalk.domain.effect import HeldEffect, Step
from crosswalk.domain.flow import MERGE_TASK, MergeTaskFlow
from crosswalk.domain.plan import Plan, Situation
from crosswalk.domain.record import Record
from crosswalk.flows.tasks import Surroundings, TaskKey, fields_of_task, task_effect
from crosswalk.reconcile.effects import effect_steps

NAME = MERGE_TASK


def record_to_keep(plan: Plan) -> Record | None:
    """The record of the user who is left, where the plan asks people to merge another one into it."""
    conflict = plan.conflict
    if conflict is None or conflict.situation is not Situation.USERS_LINKED:
        return None
    return conflict.candidates[0].record


def with_merge_task(
    flow: MergeTaskFlow,
    plan: Plan,
    held: Sequence[HeldEffect],
    episode: int,
    since: str,
    around: Surroundings,
    begun: Sequence[HeldEffect] = (),
    seen: Collection[str] = (),
) -> Plan:
    """The plan of an identity with the task that the flow makes for it, or closes.

    Parameters
    ----------
    held
        What the flow did for the identity, and did not undo.
    episode
        The number of the present episode.
    since
        When the two users were linked, as in `StateVersion`.
    around
        Whom the task is for.
    begun
        What the flow began for the identity, and is not known to be done.
    seen
        The keys of those of `begun` that were found to be there; only looked for where they may have to be undone.
    """
    if plan.situation is Situation.FILTERED:
        return plan
    kept = record_to_keep(plan)
    if kept is None:
        missing = {each.effect.key for each in begun} - set(seen)
        return replace(plan, effects=(*plan.effects, *effect_steps(NAME, flow.place, [], held, missing, begun)))
    if held or plan.conflict is None:
        return plan  # the task stays as it was made
    description = "\n\n".join(filter(None, (flow.task.description, plan.conflict.message)))
    key = TaskKey(flow.key_field, f"{NAME}/{plan.user_id}/{episode}", flow.place)
    fields = fields_of_task(flow.task, description, since, kept, around)
    because = "Two linked Auth0 users have a record each."
    task = task_effect(key, fields, flow.task.closed_status, because)
    steps = effect_steps(NAME, flow.place, [task], held)
    # Whatever another flow does to such a user is undone: of this plan's steps, these alone begin an episode.
    begins = not any(step.step is Step.DO for step in plan.effects)
    return replace(plan, effects=(*plan.effects, *steps), episode=episode if begins else plan.episode)
