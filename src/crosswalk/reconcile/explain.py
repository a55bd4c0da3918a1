"""Why one field has its value: the three values that meet, who owns the field, and what the merge would do."""

from msgspec import Struct

from crosswalk.domain.definition import FieldMap
from crosswalk.domain.evaluation import TargetEvaluation
from crosswalk.domain.link import Link
from crosswalk.domain.place import Place
from crosswalk.domain.plan import FieldWrite, Reason
from crosswalk.domain.values import FieldValue, Owner
from crosswalk.expressions.types.registry import is_empty
from crosswalk.mapping.compiled import CompiledField, CompiledTarget
from crosswalk.reconcile.merge import decide_field, merge_fields

_BECAUSE = {
    Reason.CREATED: "The record will be created with this value.",
    Reason.LINKED: "The record was just matched, and gets the id of its Auth0 user.",
    Reason.CHANGED: "The value changed in Auth0, which owns the field.",
    Reason.RESTORED: "The value was edited in Salesforce, but Auth0 owns the field.",
    Reason.FILLED: "The field is empty in Salesforce, and Auth0 may fill it.",
}


class FieldExplanation(Struct, frozen=True):
    """Everything that decides about one field of one identity's record.

    Parameters
    ----------
    identity_value, record_value, base
        The three values that are merged.
    has_opinion, record_known, base_known
        Whether there is such a value at all: `None` alone may also mean an empty field.
    owner, expression, place
        The mapping.
    write
        What the next plan writes, or `None`.
    because
        One sentence that says why.
    """

    object: str
    field: str
    identity_value: FieldValue
    has_opinion: bool
    record_value: FieldValue
    record_known: bool
    base: FieldValue
    base_known: bool
    owner: Owner
    expression: str
    place: Place
    write: FieldWrite | None
    because: str


def explain_field(
    target: CompiledTarget, field: str, evaluation: TargetEvaluation, link: Link | None
) -> FieldExplanation:
    """Explain one mapped field, for an identity with its record (`link`) or without one.

    Raises
    ------
    KeyError
        When the target does not map the field.
    """
    compiled = target.by_name[field]
    mapped: FieldMap = next(candidate for candidate in target.target.fields if candidate.field == field)
    record = {} if link is None else link.record.fields
    base = {} if link is None else link.base
    write, because = _outcome(target, compiled, evaluation, link)
    return FieldExplanation(
        object=target.target.object,
        field=field,
        identity_value=evaluation.values.get(field),
        has_opinion=field in evaluation.values,
        record_value=record.get(field),
        record_known=field in record,
        base=base.get(field),
        base_known=field in base,
        owner=mapped.owner,
        expression=mapped.expression,
        place=mapped.place,
        write=write,
        because=because,
    )


def _outcome(
    target: CompiledTarget, field: CompiledField, evaluation: TargetEvaluation, link: Link | None
) -> tuple[FieldWrite | None, str]:
    for error in evaluation.errors:
        if error.field == field.name:
            return None, f"The expression has no usable value, so the field is left alone: {error.message}."
    if field.name not in evaluation.values:
        return None, "The expression gives undefined: it has no opinion, so the field is left alone."
    value = evaluation.values[field.name]
    if link is None:
        merge = merge_fields(target, {field.name: value}, None, None)
        write = merge.writes[0] if merge.writes else None
    else:
        decision = decide_field(field, value, link.base, link.record.fields)
        write = None if decision is None else decision.write
    if write is not None:
        return write, _BECAUSE[write.reason]
    return None, _standing(field.owner, value)


def _standing(owner: Owner, value: FieldValue) -> str:
    if owner is Owner.SALESFORCE:
        return "Salesforce owns the field, so its value stands."
    if is_empty(value):
        return "Auth0 has no value for the field, and there is nothing to clear."
    if owner is Owner.INITIAL:
        return "Auth0 may fill the field only while it is empty, and it has a value in Salesforce."
    return "Both sides have the same value."
