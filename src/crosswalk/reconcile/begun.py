"""What a write that nobody lived to book means for the merge.

A field whose newest value wins is merged against its base, which both sides agreed on last. A write moves the base once
it is booked. Where the process died, or the answer was lost, in between, the hub's own value looks like somebody's
newer change, and a change made meanwhile would be taken for an old one. So what is about to be written is noted, and
the base is told from the note: the value that was noted, unless the side that was to get it is as it was before.

A side that somebody set back to exactly what it was before, after the write and before anybody looked, cannot be told
from one that was never written to. It is taken for the latter.

A record that was made, or marked as the user's, is found again by the user's id. It keeps the reason that was noted,
and what was written is booked, as far as that can still be told.
"""

from collections.abc import Mapping

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from crosswalk.domain.begun import BegunField, BegunWrites
from crosswalk.domain.evaluation import Evaluation
from crosswalk.domain.link import Link
from crosswalk.domain.plan import Plan, Situation
from crosswalk.domain.record import Record
from crosswalk.domain.values import FieldValue, Side
from crosswalk.domain.write import Action, FieldsWrite, FieldWrite, Reason, RecordWrite
from crosswalk.mapping.compiled import CompiledField, CompiledTarget
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.reconcile.planner import plan_created, plan_matched


def begun_by(
    compiled: CompiledSync, plan: Plan, base: Mapping[str, FieldValue], before: BegunWrites | None
) -> BegunWrites | None:
    """What a plan is about to write that has to be noted before; `None` where nothing has to.

    Parameters
    ----------
    base
        What both sides agreed on before, as far as it was booked.
    before
        What was noted for the identity earlier, and is still not known.
    """
    index = compiled.target_indexes.get(plan.target or "")
    if index is None or not plan.writes:
        return None
    target = compiled.targets[index]
    record_id = None if plan.record is None else plan.record.id
    if before is None and not target.newest_wins:
        return BegunWrites(target.target.object, record_id, plan.evidence) if _makes_or_marks(plan) else None
    earlier = {} if before is None or not _is_about(before, plan) else {each.field: each for each in before.fields}
    begun = [_begun(write, *each, plan, base, earlier) for write in plan.writes for each in _newest_wins(target, write)]
    if not begun and not _makes_or_marks(plan):
        return None
    now = {each.field for each in begun}
    fields = (*begun, *(each for name, each in earlier.items() if name not in now))
    return BegunWrites(target.target.object, record_id, plan.evidence, fields)


def _makes_or_marks(plan: Plan) -> bool:
    """Whether a record carries the user's id from now on: should the user go meanwhile, it is found by that."""
    for write in plan.writes:
        if isinstance(write, RecordWrite):
            if write.action is Action.CREATE:
                return True
            for each in write.fields:
                if each.reason is Reason.LINKED:
                    return True
    return False


def _is_about(begun: BegunWrites, plan: Plan) -> bool:
    record_id = None if plan.record is None else plan.record.id
    return begun.object == plan.target and begun.record_id in {None, record_id}


def _newest_wins(target: CompiledTarget, write: FieldsWrite) -> list[tuple[CompiledField, FieldWrite]]:
    """The fields of a write of which the newest value wins."""
    names = [each.field for each in write.fields] if isinstance(write, RecordWrite) else write.mapped
    fields = zip(names, write.fields, strict=True)
    return [(target.by_name[name], each) for name, each in fields if name in target.newest_wins]


def _begun(
    write: FieldsWrite,
    field: CompiledField,
    wanted: FieldWrite,
    plan: Plan,
    base: Mapping[str, FieldValue],
    earlier: Mapping[str, BegunField],
) -> BegunField:
    side = Side.SALESFORCE if isinstance(write, RecordWrite) else Side.AUTH0
    value = plan.base[field.name]
    agreed: FieldValue | UnsetType = base.get(field.name, UNSET)
    known = earlier.get(field.name)
    if known is not None:
        agreed = _agreed(field, known, wanted.old if known.side is side else value)
    made = isinstance(write, RecordWrite) and write.action is Action.CREATE
    return BegunField(field.name, side, value, UNSET if made else wanted.old, agreed)


def _agreed(field: CompiledField, begun: BegunField, current: FieldValue) -> FieldValue | UnsetType:
    """What both sides agreed on last, where the side that was about to be written to has `current` now."""
    untouched = begun.old is not UNSET and field.equal(current, begun.old)
    return begun.base if untouched else begun.value


def base_after(
    compiled: CompiledSync,
    evaluation: Evaluation,
    record: Record,
    base: Mapping[str, FieldValue],
    begun: BegunWrites,
) -> Mapping[str, FieldValue]:
    """What both sides agreed on last, where it is not known what became of the writes that were begun.

    `record` is as it is now, and so is the user of the evaluation.
    """
    index = compiled.target_indexes.get(record.object)
    if index is None or not is_of(compiled, evaluation, record, begun):
        return base
    fields, values = compiled.targets[index].by_name, evaluation.targets[index].values
    settled = dict(base)
    for each in begun.fields:
        has = record.fields if each.side is Side.SALESFORCE else values
        if each.field not in fields or each.field not in has:
            continue
        agreed = _agreed(fields[each.field], each, has[each.field])
        if agreed is UNSET:
            settled.pop(each.field, None)
        else:
            settled[each.field] = agreed
    return settled


def is_of(compiled: CompiledSync, evaluation: Evaluation, record: Record, begun: BegunWrites) -> bool:
    """Whether a record is the one that was written: the very one, or the one that was made for the user."""
    if begun.object != record.object:
        return False
    if begun.record_id is not None:
        return begun.record_id == record.id
    target = compiled.targets[compiled.target_indexes[record.object]].target
    return record.fields.get(target.external_id_field) == evaluation.user_id


def link_after(compiled: CompiledSync, evaluation: Evaluation, link: Link, begun: BegunWrites | None) -> Link:
    """The link with what both sides agreed on last, by what was begun."""
    if begun is None:
        return link
    return replace(link, base=base_after(compiled, evaluation, link.record, link.base, begun))


def plan_found_again(compiled: CompiledSync, evaluation: Evaluation, plan: Plan, begun: BegunWrites | None) -> Plan:
    """The plan of an identity to which its record was just matched, by what was begun for both of them before."""
    record = plan.record
    if begun is None or record is None or plan.situation not in {Situation.MATCHED, Situation.UNVERIFIED_MATCH}:
        return plan
    base = base_after(compiled, evaluation, record, {}, begun)
    index = compiled.target_indexes[record.object]
    unbooked: tuple[RecordWrite, ...] = ()
    if begun.evidence != plan.evidence and _is_marked(compiled, evaluation, record, begun):
        made = begun.record_id is None
        unbooked = (_made if made else _marked)(compiled, evaluation, index, record)
    evidence = begun.evidence if unbooked else plan.evidence
    anew = plan_matched(compiled, evaluation, index, record, evidence, base or None)
    return replace(anew, situation=plan.situation, decided_by=plan.decided_by, unbooked=unbooked)


def _is_marked(compiled: CompiledSync, evaluation: Evaluation, record: Record, begun: BegunWrites) -> bool:
    """Whether the record got the user's id by what was begun: it was matched by something else before."""
    target = compiled.targets[compiled.target_indexes[record.object]].target
    carries = record.fields.get(target.external_id_field) == evaluation.user_id
    return carries and is_of(compiled, evaluation, record, begun)


def _marked(compiled: CompiledSync, evaluation: Evaluation, index: int, record: Record) -> tuple[RecordWrite, ...]:
    """The mark alone: what else was written with it, and over which values, nobody can tell any more."""
    target = compiled.targets[index].target
    field, user_id = target.external_id_field, str(evaluation.user_id)
    mark = FieldWrite(field, None, user_id, Reason.LINKED, target.place)
    return (RecordWrite(Action.UPDATE, record.object, record.id, (field, user_id), (mark,)),)


def _made(compiled: CompiledSync, evaluation: Evaluation, index: int, record: Record) -> tuple[RecordWrite, ...]:
    """What was written when the record was made for the user, as far as it still stands there."""
    fields = compiled.targets[index].by_name
    return tuple(
        replace(
            write,
            record_id=record.id,
            fields=tuple(e for e in write.fields if fields[e.field].equal(record.fields.get(e.field), e.new)),
        )
        for write in plan_created(compiled, evaluation, index, Situation.NO_MATCH).record_writes
    )
