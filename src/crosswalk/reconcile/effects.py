"""From what a flow wants, and what it holds, to what is to be done and undone."""

from collections.abc import Collection, Sequence

from crosswalk.domain.effect import Effect, EffectStep, HeldEffect, Step
from crosswalk.domain.place import Place
from crosswalk.domain.record import Record
from crosswalk.domain.write import Action, RecordWrite, Write


def effect_steps(
    flow: str,
    place: Place,
    wanted: Sequence[Effect],
    held: Sequence[HeldEffect],
    shared: Collection[str] = (),
    begun: Sequence[HeldEffect] = (),
) -> tuple[EffectStep, ...]:
    """The steps after which a subject of a flow holds exactly what the flow wants for it.

    Parameters
    ----------
    flow, place
        The flow's name, and where it is configured.
    wanted
        What ought to be, each key once.
    held
        What was done for this subject and flow, and not undone.
    shared
        The keys that another subject or flow holds too: what one deal no longer wants, another may still want. Such an
        effect is only forgotten; as is one that is not there to be taken back.
    begun
        What was begun, and is not known to be done: it is done again, or undone.

    Returns
    -------
    tuple
        What is to be done, in the order in which it is wanted; then what is to be undone, the last done first.
    """
    wanted_keys = {effect.key for effect in wanted}
    held_keys = {each.effect.key for each in held}
    steps = [EffectStep(Step.DO, flow, effect, place) for effect in wanted if effect.key not in held_keys]
    for each in (*reversed(begun), *reversed(held)):
        effect = each.effect
        if effect.key in wanted_keys or effect.once:
            continue
        only_forgotten = effect.undo is None or effect.key in shared
        # Its own episode: what of it was undone so far may have ended that one already.
        steps.append(EffectStep(Step.RELEASE if only_forgotten else Step.UNDO, flow, effect, place, each.episode))
    return tuple(steps)


def write_of(step: EffectStep) -> Write | None:
    """The write that a step asks for; `None` where something is only forgotten."""
    match step.step:
        case Step.DO:
            return step.effect.write
        case Step.UNDO:
            return step.effect.undo
        case Step.RELEASE:
            return None


def is_done(write: RecordWrite, record: Record) -> bool:
    """Whether a record has all that a write gave it; one that was to be made is there, whatever it has."""
    if write.action is not Action.UPDATE:
        return True
    return all(record.fields.get(field.field, field.new) == field.new for field in write.fields)
