"""A blocked or deleted user: the record is marked, a note is made, and a task waits for the owner of the account."""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from crosswalk.domain.effect import Effect, EffectStep, HeldEffect, Step
from crosswalk.domain.flow import DEACTIVATION, DeactivationFlow
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import UserId
from crosswalk.domain.link import Standing
from crosswalk.domain.plan import FieldError, Plan, Situation
from crosswalk.domain.record import Record
from crosswalk.domain.values import FieldValue
from crosswalk.domain.write import Action, FieldWrite, Reason, RecordWrite
from crosswalk.expressions.program import Program
from crosswalk.expressions.results import BadProfile
from crosswalk.expressions.sandbox import Expression
from crosswalk.flows.tasks import Surroundings, TaskKey, about, fields_of_task, task_effect
from crosswalk.reconcile.effects import effect_steps, is_done

NAME = DEACTIVATION

MOVED_ON = frozenset({Situation.USERS_LINKED, Situation.REPLACED})
"""Users who are gone only by name: the person is there, as another user."""

NOWHERE = Surroundings()


class SoFar(Struct, frozen=True):
    """What the flow did for an identity so far, and what it has to know of it.

    Parameters
    ----------
    held
        What was done, and not undone.
    episode
        The number of the present episode.
    begun
        What was begun, and is not known to be done.
    seen
        The keys of those of `begun` that were found to be there; only looked for where they may have to be undone.
    around
        Whom a task is for.
    """

    held: Sequence[HeldEffect] = ()
    episode: int = 0
    begun: Sequence[HeldEffect] = ()
    seen: frozenset[str] = frozenset()
    around: Surroundings = NOWHERE


class CompiledDeactivation:
    """The flow with its condition compiled. May be used from any thread."""

    def __init__(self, flow: DeactivationFlow) -> None:
        self.flow = flow
        self._program = Program([Expression(flow.when, flow.place)])

    def inactive(self, identities: Sequence[Identity]) -> dict[UserId, bool | str]:
        """Whether each identity counts as inactive; a text says why that could not be found out."""
        outcome: dict[UserId, bool | str] = {each.user_id: True for each in identities if each.deleted}
        alive = [each for each in identities if not each.deleted]
        for each, row in zip(alive, self._program.run([each.profile for each in alive]), strict=True):
            if isinstance(row, BadProfile):
                outcome[each.user_id] = row.message
            elif isinstance(row[0], dict):
                outcome[each.user_id] = f"the condition of the flow failed: {row[0]['message']}"
            else:
                outcome[each.user_id] = row[0] is True
        return outcome


def with_deactivation(
    flow: DeactivationFlow, plan: Plan, identity: Identity, inactive: bool | str, so_far: SoFar
) -> Plan:
    """The plan of an identity with what the flow does and undoes for it.

    Parameters
    ----------
    inactive
        Whether the identity counts as inactive; a text says why that could not be found out.
    so_far
        What the flow did for the identity.
    """
    if isinstance(inactive, str):
        error = FieldError(plan.user_id, "", NAME, flow.place, inactive)
        return replace(plan, errors=(*plan.errors, error))
    if plan.situation is Situation.FILTERED or plan.standing is not Standing.LIVE:
        return plan  # left alone, or there is no record that could be written
    if inactive and plan.situation not in MOVED_ON:
        return _with_marks(flow, plan, identity, so_far)
    here = [_carried_over(flow, each, plan.record) for each in so_far.held]
    begun = [_carried_over(flow, each, plan.record) for each in so_far.begun]
    overridden = {each.effect.key for each in here if not _may_be_undone(each, plan.record)}
    missing = {each.effect.key for each in begun} - so_far.seen
    steps = effect_steps(NAME, flow.place, (), here, overridden | missing, begun)
    return replace(plan, effects=steps, episode=so_far.episode)


def _with_marks(flow: DeactivationFlow, plan: Plan, identity: Identity, so_far: SoFar) -> Plan:
    """The plan of an inactive identity: what was made stays as it is, marks go where the record went."""
    record = plan.record
    if record is None:
        # The record is only being made: the flow comes once it is there.
        return replace(plan, unfinished=any(w.action is Action.CREATE for w in plan.record_writes))
    if any(end.successor == plan.user_id for end in plan.ends):
        # Another user's until now, who may have left marks on it: the flow comes once they are this one's.
        return replace(plan, unfinished=True)
    here = [_carried_over(flow, each, record) for each in so_far.held]
    moved = [each for each, before in zip(here, so_far.held, strict=True) if each is not before]
    over = [*left_over(so_far.held, so_far), *left_over(so_far.begun, so_far)]
    again = [*moved, *(_carried_over(flow, each, record) for each in so_far.begun if each not in over)]
    wanted = [each.effect for each in again if each.effect.undo or not _is_mark(each.effect)]
    marked = any(_is_mark(each.effect) for each in (*here, *again))
    known = {each.effect.key for each in (*here, *again)}
    new = wanted_effects(flow, identity, record, so_far.around, so_far.episode)
    wanted += [each for each in new if each.key not in known and not (marked and _is_mark(each))]
    steps = (
        *(step for each in over if (step := _ended(flow, each, so_far)) is not None),
        *(EffectStep(Step.DO, NAME, each, flow.place) for each in wanted),
    )
    return replace(plan, effects=steps, episode=so_far.episode) if steps else plan


def left_over(effects: Sequence[HeldEffect], so_far: SoFar) -> list[HeldEffect]:
    """Notes and tasks of an episode that is over, and that could not be closed when it ended."""
    return [each for each in effects if 0 <= each.episode < so_far.episode and not _is_mark(each.effect)]


def _ended(flow: DeactivationFlow, each: HeldEffect, so_far: SoFar) -> EffectStep | None:
    """What is to be done about a note or a task of an episode that is over: a task that is there is closed."""
    known = each in so_far.held
    if each.effect.undo is not None and (known or each.effect.key in so_far.seen):
        return EffectStep(Step.UNDO, NAME, each.effect, flow.place, each.episode)
    return None if known else EffectStep(Step.RELEASE, NAME, each.effect, flow.place, each.episode)


def _carried_over(flow: DeactivationFlow, held: HeldEffect, record: Record | None) -> HeldEffect:
    """Marks of a record that became another one, as they are to be made and undone there; anything else as it is."""
    effect = held.effect
    write, undo = effect.write, effect.undo
    if record is None or not isinstance(write, RecordWrite) or not isinstance(undo, RecordWrite):
        return held
    if write.action is not Action.UPDATE or write.record_id == record.id:
        return held
    names = flow.fields.get(record.object, {})

    def there(before: RecordWrite) -> RecordWrite:
        fields = tuple(each for each in before.fields if each.field in names)
        return RecordWrite(Action.UPDATE, record.object, record.id, ("Id", record.id), fields)

    return replace(held, effect=replace(effect, write=there(write), undo=there(undo) if there(undo).fields else None))


def _is_mark(effect: Effect) -> bool:
    """Whether the effect is fields of the record itself, and no task about it."""
    return isinstance(effect.write, RecordWrite) and effect.write.action is Action.UPDATE


def lacks_tasks(flow: DeactivationFlow, so_far: SoFar) -> bool:
    """Whether a note or a task of the present episode is still to be begun."""
    here = [each for each in (*so_far.held, *so_far.begun) if each.episode == so_far.episode]
    made = sum(not _is_mark(each.effect) for each in here)
    return made < (flow.note is not None) + (flow.task is not None)


def written_there(flow: DeactivationFlow, held: HeldEffect, record: Record | None) -> RecordWrite | None:
    """What an effect writes to an identity's present record, or beside it; `None` where it has nothing to write."""
    write = _carried_over(flow, held, record).effect.write
    return write if isinstance(write, RecordWrite) and write.fields else None


def _may_be_undone(held: HeldEffect, record: Record | None) -> bool:
    """Whether fields still have what the flow gave them; what somebody changed since is left as it is."""
    write = held.effect.write
    return record is None or not isinstance(write, RecordWrite) or is_done(write, record)


def wanted_effects(
    flow: DeactivationFlow, identity: Identity, record: Record, around: Surroundings, episode: int
) -> list[Effect]:
    """What ought to be for an inactive identity.

    Parameters
    ----------
    record
        The identity's record; the fields of the flow are among its fields, for their way back.
    around
        Whom the task is for.
    episode
        The how manieth time this identity is inactive: each time makes a note and a task of its own.
    """

    def key(what: str) -> TaskKey:
        return TaskKey(flow.key_field, f"{NAME}/{identity.user_id}/{what}/{episode}", flow.place)

    state = "deleted" if identity.deleted else "blocked"
    because = f"The Auth0 user is {state}."
    effects = []
    marks = flow.fields.get(record.object, {})
    if marks:
        effects.append(_marked(flow, record, marks, episode, because))
    if flow.note is not None:
        note = {"Subject": flow.note, "Status": "Completed", **about(record, around)}
        effects.append(task_effect(key("note"), note, None, because))
    if flow.task is not None:
        task = fields_of_task(flow.task, flow.task.description, identity.version.updated_at, record, around)
        effects.append(task_effect(key("task"), task, flow.task.closed_status, because))
    return effects


def _marked(
    flow: DeactivationFlow, record: Record, marks: Mapping[str, FieldValue], episode: int, because: str
) -> Effect:
    before = record.fields
    there = tuple(FieldWrite(name, before.get(name), value, Reason.FLOW, flow.place) for name, value in marks.items())
    back = tuple(FieldWrite(name, value, before.get(name), Reason.UNDONE, flow.place) for name, value in marks.items())

    def write(fields: tuple[FieldWrite, ...]) -> RecordWrite:
        return RecordWrite(Action.UPDATE, record.object, record.id, ("Id", record.id), fields)

    return Effect(f"{NAME}/{record.id}/marks/{episode}", write(there), write(back), because)
