"""Laws of the merge, for every mix of owners, types, bases and records."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from crosswalk.domain.decision import FieldDecision
from crosswalk.domain.definition import FieldMap, Target
from crosswalk.domain.values import FLOWS_BACK, FieldValue, Owner, Side, ValueType
from crosswalk.domain.write import FieldWrite, Reason
from crosswalk.expressions.types.registry import is_empty
from crosswalk.mapping.compiled import CompiledField, CompiledTarget
from crosswalk.reconcile.merge import NO_AGES, Ages, Merge, merge_fields
from tests.core_builders import a_field, a_target

Fields = Mapping[str, FieldValue]

NAMES = ("A", "B", "C", "D")
SAMPLES: dict[ValueType, list[FieldValue]] = {
    ValueType.TEXT: ["x", "y", "", " ", None],
    ValueType.EMAIL: ["Ada@example.com", "ada@example.com", "bob@example.com", "", None],
    ValueType.PHONE: ["+12125550100", "+1 (212) 555-0100", "(212) 555-0100", "+4930901820", None],
    ValueType.DATETIME: ["2026-01-31T10:00:00.000+0000", "2026-01-31T10:00:00Z", "2026-02-01T10:00:00Z", None],
    ValueType.BOOLEAN: [True, False, None],
    ValueType.INTEGER: [0, 1, 1.0, 2, None],
    ValueType.MULTIPICKLIST: ["A;B", "B;A", "A", "", None],
}
UNKNOWN = object()

Situation: TypeAlias = tuple[CompiledTarget, dict[str, FieldValue], Fields | None, Fields | None]


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    def field_map(name: str) -> FieldMap:
        owner, type_ = draw(st.sampled_from(Owner)), draw(st.sampled_from(sorted(SAMPLES)))
        return a_field(name, owner=owner, type_=type_, to=("app_metadata", name) if owner in FLOWS_BACK else None)

    target: Target = a_target(*map(field_map, NAMES))
    compiled = CompiledTarget(target, "US")

    def fields() -> dict[str, FieldValue]:
        drawn = {field.field: draw(st.sampled_from([*SAMPLES[field.type], UNKNOWN])) for field in target.fields}
        return {name: value for name, value in drawn.items() if value is not UNKNOWN}

    values = {}
    for name, value in fields().items():
        field = compiled.by_name[name]
        values[name] = normalised(field, value)
    base = draw(st.sampled_from([None, fields()]))
    record = draw(st.sampled_from([None, fields(), fields()]))
    return compiled, values, base, record


def apply(writes: tuple[FieldWrite, ...], record: Fields | None) -> dict[str, FieldValue]:
    return {**(record or {}), **{write.field: write.new for write in writes}}


def apply_to_user(target: CompiledTarget, writes: tuple[FieldWrite, ...], values: Fields) -> dict[str, FieldValue]:
    """What the identity says once its user was written: every field reads what was put there."""
    return {**values, **{write.field: normalised(target.by_name[write.field], write.new) for write in writes}}


def normalised(field: CompiledField, value: FieldValue) -> FieldValue:
    if value is None:
        return False if field.type is ValueType.BOOLEAN else None
    return field.normalise(value)


def merge(situation: Situation, ages: Ages = NO_AGES) -> Merge:
    return merge_fields(*situation, ages)


@settings(max_examples=1000)
@given(situations(), st.sampled_from([NO_AGES, Ages("1", "2"), Ages("2", "1")]))
def test_merging_again_after_the_writes_writes_nothing(situation: Situation, ages: Ages) -> None:
    target, values, _, record = situation
    first = merge(situation, ages)
    values_after, record_after = apply_to_user(target, first.user_writes, values), apply(first.writes, record)

    second = merge_fields(target, values_after, first.base, record_after, ages)
    third = merge_fields(target, values_after, second.base, record_after, ages)

    assert (second.writes, second.user_writes) == ((), ())
    assert third == Merge((), second.base, (), second.disputed)


@settings(max_examples=500)
@given(situations(), st.sampled_from([Ages("1", "2"), Ages("2", "1")]))
def test_after_the_writes_both_sides_hold_the_same_but_for_what_nobody_may_write(
    situation: Situation, ages: Ages
) -> None:
    target, values, base, record = situation
    merged = merge(situation, ages)
    values_after, record_after = apply_to_user(target, merged.user_writes, values), apply(merged.writes, record)

    disputed = {dispute.field for dispute in merged.disputed}
    for field in target.fields:
        known = record is not None and (field.name in record or field.name in (base or {}))
        if field.name not in values or not known or field.name in disputed or field.owner is Owner.INITIAL:
            continue
        current = record_after.get(field.name, (base or {}).get(field.name))
        assert field.equal(values_after[field.name], current)


@settings(max_examples=500)
@given(situations(), st.sampled_from(Side))
def test_a_decision_settles_a_dispute_for_the_side_that_was_chosen(situation: Situation, chosen: Side) -> None:
    target, values, base, record = situation
    disputed = {dispute.field: dispute for dispute in merge(situation).disputed}

    decided = {
        field: FieldDecision(chosen, dispute.identity_value, dispute.record_value, "Ada", datetime.now(UTC))
        for field, dispute in disputed.items()
    }
    settled = merge_fields(target, values, base, record, decided=decided)

    writes = settled.writes if chosen is Side.SALESFORCE else settled.user_writes
    losing = {write.field for write in (settled.user_writes if chosen is Side.SALESFORCE else settled.writes)}
    assert settled.disputed == ()
    assert losing >= set(disputed)
    assert not {write.field for write in writes} & set(disputed)
    for write in (*settled.writes, *settled.user_writes):
        if write.field in disputed:
            dispute = disputed[write.field]
            assert write.reason is Reason.DECIDED
            assert write.new == (dispute.identity_value if chosen is Side.AUTH0 else dispute.record_value)


@settings(max_examples=500)
@given(situations())
def test_after_the_writes_every_field_of_auth0_has_the_value_of_the_identity(
    situation: Situation,
) -> None:
    target, values, _, record = situation
    after = apply(merge(situation).writes, record)

    for field in target.fields:
        if field.owner is Owner.AUTH0 and field.name in values and field.name in after:
            assert field.equal(after[field.name], values[field.name])


@settings(max_examples=500)
@given(situations())
def test_no_write_touches_what_is_salesforce_s_or_already_filled(
    situation: Situation,
) -> None:
    target, values, base, record = situation

    for write in merge(situation).writes:
        field = target.by_name[write.field]
        assert write.field in values
        assert write.new == values[write.field]
        assert field.owner is not Owner.SALESFORCE
        if record is not None and field.owner is Owner.INITIAL:
            known = {**(base or {}), **record}
            assert write.reason is Reason.FILLED
            assert is_empty(known[write.field])
        if record is None:
            assert write.reason is Reason.CREATED
        if is_empty(write.new):
            assert record is not None
            assert field.owner in (Owner.AUTH0, Owner.LATEST)


@settings(max_examples=500)
@given(situations())
def test_every_write_changes_something(
    situation: Situation,
) -> None:
    target, _, _, _ = situation

    for write in merge(situation).writes:
        # A checkbox of which nothing is known yet is told that it is not ticked, though no value means the same.
        is_first = (write.old, write.new) == (None, False)
        assert is_first or not target.by_name[write.field].equal(write.old, write.new)


@settings(max_examples=300)
@given(situations())
def test_same_inputs_give_the_same_plan(
    situation: Situation,
) -> None:
    assert merge(situation) == merge(situation)
