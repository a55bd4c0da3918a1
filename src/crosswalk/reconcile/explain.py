"""Why one field has its value: the three values that meet, who owns the field, and what the merge would do."""

from msgspec import Struct

from crosswalk.domain.definition import FieldMap
from crosswalk.domain.evaluation import TargetEvaluation
from crosswalk.domain.link import Link
from crosswalk.domain.place import Place
from crosswalk.domain.plan import FieldConflict
from crosswalk.domain.values import FieldValue, Owner, Side
from crosswalk.domain.write import FieldWrite, Reason
from crosswalk.expressions.types.registry import is_empty
from crosswalk.mapping.compiled import CompiledField, CompiledTarget
from crosswalk.reconcile.merge import NO_AGES, Ages, Decision, decide_field, merge_fields

_TO_RECORD = {
    Reason.CREATED: "The record will be created with this value.",
    Reason.LINKED: "The record was just matched, and gets the id of its Auth0 user.",
    Reason.CHANGED: "The value changed in Auth0, and that change wins.",
    Reason.RESTORED: "The value was edited in Salesforce, but Auth0 owns the field.",
    Reason.FILLED: "The field is empty in Salesforce, and Auth0 may fill it.",
    Reason.NEWER: "The value changed on both sides, and Auth0's change is the newer one.",
    Reason.DECIDED: "A person decided for the value in Auth0.",
}
_TO_USER = {
    Reason.CHANGED: "The value changed in Salesforce, and that change wins.",
    Reason.RESTORED: "The value was edited in Auth0, but Salesforce owns the field.",
    Reason.FILLED: "Auth0 has no value, and Salesforce may fill it.",
    Reason.NEWER: "The value changed on both sides, and Salesforce's change is the newer one.",
    Reason.DECIDED: "A person decided for the value in Salesforce.",
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
    write, side
        What the next plan writes, or `None`; and to which side.
    to
        Where in the user the record's value goes, if it may go there: `app_metadata.tier`.
    ages
        When each side last changed as far as is known, UTC.
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
    side: Side = Side.SALESFORCE
    to: str | None = None
    ages: Ages = NO_AGES


def explain_field(
    target: CompiledTarget, field: str, evaluation: TargetEvaluation, link: Link | None, ages: Ages = NO_AGES
) -> FieldExplanation:
    """Explain one mapped field, for an identity with its record (`link`) or without one.

    `ages` says when each side last changed, for a field whose newest value wins.

    Raises
    ------
    KeyError
        When the target does not map the field.
    """
    compiled = target.by_name[field]
    mapped: FieldMap = next(candidate for candidate in target.target.fields if candidate.field == field)
    record = {} if link is None else link.record.fields
    base = {} if link is None else link.base
    write, because, side = _outcome(target, compiled, evaluation, link, ages)
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
        side=side,
        to=None if compiled.to is None else ".".join(compiled.to),
        ages=ages,
    )


def _outcome(
    target: CompiledTarget, field: CompiledField, evaluation: TargetEvaluation, link: Link | None, ages: Ages
) -> tuple[FieldWrite | None, str, Side]:
    for error in evaluation.errors:
        if error.field == field.name:
            because = f"The expression has no usable value, so the field is left alone: {error.message}."
            return None, because, Side.SALESFORCE
    if field.name not in evaluation.values:
        because = "The expression gives undefined: it has no opinion, so the field is left alone."
        return None, because, Side.SALESFORCE
    value = evaluation.values[field.name]
    if link is None:
        merge = merge_fields(target, {field.name: value}, None, None)
        decision = Decision(merge.writes[0] if merge.writes else None, value)
    else:
        outcome = decide_field(field, value, link.base, link.record.fields, ages)
        if isinstance(outcome, FieldConflict):
            return None, "The two sides differ, and a person has to decide which value is right.", Side.SALESFORCE
        decision = outcome or Decision(None, None)
    if decision.write is None:
        return None, _standing(field, value), Side.SALESFORCE
    because = (_TO_RECORD if decision.side is Side.SALESFORCE else _TO_USER)[decision.write.reason]
    return decision.write, because, decision.side


def _standing(field: CompiledField, value: FieldValue) -> str:
    if field.owner is Owner.SALESFORCE and field.to is None:
        return "Salesforce owns the field, so its value stands."
    if is_empty(value):
        return "Auth0 has no value for the field, and there is nothing to clear."
    if field.owner is Owner.INITIAL:
        return "Auth0 may fill the field only while it is empty, and it has a value in Salesforce."
    return "Both sides have the same value."
