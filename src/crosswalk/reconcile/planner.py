"""From an evaluated identity and what is known of its record to a plan."""

from collections.abc import Collection, Container, Mapping

from msgspec.structs import replace

from crosswalk.domain.decision import FieldDecision
from crosswalk.domain.evaluation import Evaluation
from crosswalk.domain.ids import UserId
from crosswalk.domain.link import Link
from crosswalk.domain.plan import FieldError, Plan, Situation
from crosswalk.domain.quarantine import Quarantine
from crosswalk.domain.record import MODIFIED_FIELD, Record
from crosswalk.domain.values import FieldValue
from crosswalk.domain.write import Action, FieldsWrite, FieldWrite, Reason, RecordWrite
from crosswalk.mapping.compiled import CompiledTarget
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.reconcile.merge import Ages, Merge, merge_fields

_SETTLING = frozenset({Situation.LINKED, Situation.MATCHED, Situation.NO_MATCH})

_MATCHED, _UPDATE, _LINKED = Situation.MATCHED, Action.UPDATE, Reason.LINKED
"""Looked up once, and not for every identity: before Python 3.12, that takes as long as to make a write."""

CREATED = "created"
"""The evidence of a link whose record the hub made."""


def plan_linked(
    compiled: CompiledSync,
    evaluation: Evaluation,
    link: Link,
    decided: Mapping[str, FieldDecision] | None = None,
    quarantined: Collection[Quarantine] = (),
) -> Plan:
    """What to write for an identity that has its record.

    Parameters
    ----------
    decided
        What a person decided about fields whose owner is `manual`.
    quarantined
        The fields that are left alone, with the base that they have.
    """
    record = link.record
    index = compiled.target_indexes.get(record.object)
    if evaluation.filtered or index is None:
        situation = Situation.FILTERED if evaluation.filtered else Situation.LINKED
        return Plan(
            user_id=evaluation.user_id,
            situation=situation,
            target=record.object,
            record=record,
            base=link.base,
            evidence=link.evidence,
            errors=evaluation.errors,
        )
    target = compiled.targets[index]
    evaluated = evaluation.targets[index]
    resting = tuple(each for each in quarantined if each.object == record.object and each.field in target.by_name)
    values = _without(evaluated.values, resting) if resting else evaluated.values
    merge = merge_fields(target, values, link.base, record.fields, ages_of(evaluation, record), decided)
    writes: tuple[FieldsWrite, ...] = ()
    fields = _with_lost_id(target, evaluation.user_id, record, merge.writes)
    if fields:
        external_id = (target.target.external_id_field, str(evaluation.user_id))
        writes = (RecordWrite(Action.UPDATE, record.object, record.id, external_id, fields),)
    errors = evaluated.errors + evaluation.errors if evaluation.errors else evaluated.errors
    plan = Plan(
        evaluation.user_id,
        Situation.LINKED,
        record.object,
        writes,
        record,
        merge.base,
        link.evidence,
        errors,
        disputed=merge.disputed,
        quarantined=resting,
    )
    return _with_way_back(compiled, target, evaluation, plan, merge, link.base) if merge.user_writes else plan


def _with_lost_id(
    target: CompiledTarget, user_id: UserId, record: Record, writes: tuple[FieldWrite, ...]
) -> tuple[FieldWrite, ...]:
    """The writes, and the user's id where the record has lost it: without it, nobody but the hub knows the link."""
    field = target.target.external_id_field
    if field in record.fields and not record.fields[field] and all(write.field != field for write in writes):
        return (FieldWrite(field, record.fields[field], str(user_id), Reason.LINKED, target.target.place), *writes)
    return writes


def _without(values: Mapping[str, FieldValue], resting: Collection[Quarantine]) -> dict[str, FieldValue]:
    """The values but for the fields that are left alone: a field without a value keeps what it has, and its base."""
    names = {each.field for each in resting}
    return {name: value for name, value in values.items() if name not in names}


def plan_settled(link: Link) -> Plan:
    """Nothing is to be written for an identity whose state was dealt with before, and whose record did not change."""
    return Plan(
        link.user_id,
        Situation.LINKED,
        target=link.record.object,
        record=link.record,
        base=link.base,
        evidence=link.evidence,
    )


def settled_by(plan: Plan, digest: str, resting: Container[UserId] = frozenset()) -> Plan:
    """The plan, which says whether nothing will be left to do about this state of the identity once it is done.

    A state that changes by the plan itself is not the one that will be seen next; and what waits for a person, or
    failed, has to be looked at again. `resting` are the identities with a field in quarantine.
    """
    unsure = plan.errors or plan.disputed or plan.conflict or plan.user_writes or plan.user_id in resting
    if unsure or plan.situation not in _SETTLING:
        return plan
    return replace(plan, settled=digest)


def plan_deleted(user_id: UserId, link: Link | None) -> Plan:
    """A user that is gone in Auth0 changes nothing in Salesforce: the record is kept, with its last values."""
    if link is None:
        return Plan(user_id, Situation.DELETED)
    return Plan(
        user_id,
        Situation.DELETED,
        target=link.record.object,
        record=link.record,
        base=link.base,
        evidence=link.evidence,
    )


def plan_matched(
    compiled: CompiledSync,
    evaluation: Evaluation,
    target_index: int,
    record: Record,
    evidence: str,
    base: Mapping[str, FieldValue] | None = None,
) -> Plan:
    """What to write for an identity whose record was just found, because of `evidence`.

    `base` is what both sides agreed on before, where the record goes on from another one.
    """
    target = compiled.targets[target_index]
    evaluated = evaluation.targets[target_index]
    merge = merge_fields(target, evaluated.values, base, record.fields, ages_of(evaluation, record))
    field, user_id = target.target.external_id_field, str(evaluation.user_id)
    fields = tuple([write for write in merge.writes if write.field != field])
    written = record.fields.get(field)
    if written != user_id:
        fields = (FieldWrite(field, written, user_id, _LINKED, target.target.place), *fields)
    writes = (RecordWrite(_UPDATE, record.object, record.id, (field, user_id), fields),) if fields else ()
    plan = Plan(
        evaluation.user_id,
        _MATCHED,
        record.object,
        writes,
        record,
        merge.base,
        evidence,
        _errors(evaluation, target_index),
        disputed=merge.disputed,
    )
    return _with_way_back(compiled, target, evaluation, plan, merge, base or {}) if merge.user_writes else plan


def ages_of(evaluation: Evaluation, record: Record) -> Ages:
    """When each side last changed, both as `YYYY-MM-DDTHH:MM:SS…` in UTC, so that they compare as text."""
    modified = record.fields.get(MODIFIED_FIELD)
    return Ages(evaluation.updated_at, modified if isinstance(modified, str) else "")


def _with_way_back(
    compiled: CompiledSync,
    target: CompiledTarget,
    evaluation: Evaluation,
    plan: Plan,
    merge: Merge,
    before: Mapping[str, FieldValue],
) -> Plan:
    """The plan with what goes to the user; a field that gives no usable value keeps the base that it had."""
    record = {} if plan.record is None else plan.record.fields
    back = compiled.way_back.user_write(target, plan.user_id, evaluation.profile, record, merge.user_writes)
    failed = {error.field for error in back.errors}
    return replace(
        plan,
        writes=plan.writes if back.write is None else (*plan.writes, back.write),
        base=keep_base(plan.base, before, failed) if failed else plan.base,
        errors=plan.errors + back.errors,
    )


def keep_base(
    base: Mapping[str, FieldValue], before: Mapping[str, FieldValue], fields: Collection[str]
) -> dict[str, FieldValue]:
    """The base with some fields as they were before: what was not written is not agreed on."""
    return {name: value for name, value in base.items() if name not in fields} | {
        name: before[name] for name in fields if name in before
    }


def plan_created(compiled: CompiledSync, evaluation: Evaluation, index: int, situation: Situation) -> Plan:
    """What to write for an identity that gets a new record of the target at `index`."""
    target = compiled.targets[index]
    merge = merge_fields(target, evaluation.targets[index].values, None, None)
    external_id = (target.target.external_id_field, str(evaluation.user_id))
    fields = tuple([write for write in merge.writes if write.field != target.target.external_id_field])
    return Plan(
        evaluation.user_id,
        situation,
        target.target.object,
        (RecordWrite(Action.CREATE, target.target.object, None, external_id, fields),),
        None,
        merge.base,
        CREATED,
        _errors(evaluation, index),
    )


def _errors(evaluation: Evaluation, index: int) -> tuple[FieldError, ...]:
    return evaluation.targets[index].errors + evaluation.errors
