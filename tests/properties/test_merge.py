"""Laws of the merge, for every mix of owners, types, bases and records."""

from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from crosswalk.domain.definition import Target
from crosswalk.domain.plan import FieldWrite, Reason
from crosswalk.domain.values import FieldValue, Owner, ValueType
from crosswalk.expressions.types.registry import is_empty
from crosswalk.mapping.compiled import CompiledTarget
from crosswalk.reconcile.merge import Merge, merge_fields
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


@st.composite
def situations(draw: st.DrawFn) -> tuple[CompiledTarget, dict[str, FieldValue], Fields | None, Fields | None]:
    target: Target = a_target(
        *(
            a_field(name, owner=draw(st.sampled_from(Owner)), type_=draw(st.sampled_from(sorted(SAMPLES))))
            for name in NAMES
        )
    )
    compiled = CompiledTarget(target, "US")

    def fields() -> dict[str, FieldValue]:
        drawn = {field.field: draw(st.sampled_from([*SAMPLES[field.type], UNKNOWN])) for field in target.fields}
        return {name: value for name, value in drawn.items() if value is not UNKNOWN}

    values = {}
    for name, value in fields().items():
        field = compiled.by_name[name]
        values[name] = field.normalise(value) if value is not None or field.type is ValueType.BOOLEAN else None
    base = draw(st.sampled_from([None, fields()]))
    record = draw(st.sampled_from([None, fields(), fields()]))
    return compiled, values, base, record


def apply(writes: tuple[FieldWrite, ...], record: Fields | None) -> dict[str, FieldValue]:
    return {**(record or {}), **{write.field: write.new for write in writes}}


def merge(situation: tuple[CompiledTarget, dict[str, FieldValue], Fields | None, Fields | None]) -> Merge:
    return merge_fields(*situation)


@settings(max_examples=500)
@given(situations())
def test_merging_again_after_the_writes_writes_nothing(
    situation: tuple[CompiledTarget, dict[str, FieldValue], Fields | None, Fields | None],
) -> None:
    target, values, _, record = situation
    first = merge(situation)

    second = merge_fields(target, values, first.base, apply(first.writes, record))
    third = merge_fields(target, values, second.base, apply(first.writes, record))

    assert second.writes == ()
    assert third == Merge((), second.base)


@settings(max_examples=500)
@given(situations())
def test_after_the_writes_every_field_of_auth0_has_the_value_of_the_identity(
    situation: tuple[CompiledTarget, dict[str, FieldValue], Fields | None, Fields | None],
) -> None:
    target, values, _, record = situation
    after = apply(merge(situation).writes, record)

    for field in target.fields:
        if field.owner is Owner.AUTH0 and field.name in values and field.name in after:
            assert field.equal(after[field.name], values[field.name])


@settings(max_examples=500)
@given(situations())
def test_no_write_touches_what_is_salesforce_s_or_already_filled(
    situation: tuple[CompiledTarget, dict[str, FieldValue], Fields | None, Fields | None],
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
            assert field.owner is Owner.AUTH0


@settings(max_examples=500)
@given(situations())
def test_every_write_changes_something(
    situation: tuple[CompiledTarget, dict[str, FieldValue], Fields | None, Fields | None],
) -> None:
    target, _, _, _ = situation

    for write in merge(situation).writes:
        assert not target.by_name[write.field].equal(write.old, write.new) or target.by_name[write.field].type in (
            ValueType.BOOLEAN,
        )


@settings(max_examples=300)
@given(situations())
def test_same_inputs_give_the_same_plan(
    situation: tuple[CompiledTarget, dict[str, FieldValue], Fields | None, Fields | None],
) -> None:
    assert merge(situation) == merge(situation)
