"""The three-way merge: for each owner, what is written, why, and what both sides agree on afterwards."""

from collections.abc import Mapping

import pytest

from crosswalk.domain.values import FieldValue, Owner, ValueType
from crosswalk.domain.write import FieldWrite, Reason
from crosswalk.mapping.compiled import CompiledTarget
from crosswalk.reconcile.merge import Merge, merge_fields
from tests.core_builders import a_field, a_place, a_target

Fields = Mapping[str, FieldValue]


def merge_one(
    owner: Owner, values: Fields, base: Fields | None, record: Fields | None, type_: ValueType = ValueType.TEXT
) -> Merge:
    return merge_fields(CompiledTarget(a_target(a_field("F", owner=owner, type_=type_))), values, base, record)


def write(old: FieldValue, new: FieldValue, reason: Reason) -> tuple[FieldWrite, ...]:
    return (FieldWrite("F", old, new, reason, a_place()),)


@pytest.mark.parametrize(
    ("values", "base", "record", "writes", "new_base"),
    [
        # Nothing differs.
        ({"F": "a"}, {"F": "a"}, {"F": "a"}, (), {"F": "a"}),
        ({"F": None}, {"F": None}, {"F": None}, (), {"F": None}),
        ({"F": None}, {}, {"F": ""}, (), {"F": None}),
        # It changed in Auth0, in Salesforce, in both.
        ({"F": "b"}, {"F": "a"}, {"F": "a"}, write("a", "b", Reason.CHANGED), {"F": "b"}),
        ({"F": "a"}, {"F": "a"}, {"F": "c"}, write("c", "a", Reason.RESTORED), {"F": "a"}),
        ({"F": "b"}, {"F": "a"}, {"F": "c"}, write("c", "b", Reason.CHANGED), {"F": "b"}),
        ({"F": "b"}, {"F": "a"}, {"F": "b"}, (), {"F": "b"}),
        ({"F": "a"}, {"F": "a"}, {"F": None}, write(None, "a", Reason.RESTORED), {"F": "a"}),
        # Cleared in Auth0.
        ({"F": None}, {"F": "a"}, {"F": "a"}, write("a", None, Reason.CHANGED), {"F": None}),
        ({"F": None}, {"F": None}, {"F": "c"}, write("c", None, Reason.RESTORED), {"F": None}),
        # Just matched: there is no base.
        ({"F": "a"}, None, {"F": "c"}, write("c", "a", Reason.CHANGED), {"F": "a"}),
        ({"F": "a"}, None, {"F": "a"}, (), {"F": "a"}),
        # The record's value is not known: the base stands in.
        ({"F": "a"}, {"F": "a"}, {}, (), {"F": "a"}),
        ({"F": "b"}, {"F": "a"}, {}, write("a", "b", Reason.CHANGED), {"F": "b"}),
        ({"F": None}, {"F": "a"}, {}, write("a", None, Reason.CHANGED), {"F": None}),
        ({"F": "a"}, {}, {}, write(None, "a", Reason.CHANGED), {"F": "a"}),
        ({"F": None}, {}, {}, (), {}),
        # No opinion, or an error: left alone.
        ({}, {"F": "a"}, {"F": "c"}, (), {"F": "a"}),
        ({}, {}, {"F": "c"}, (), {}),
    ],
)
def test_field_of_auth0(
    values: Fields, base: Fields | None, record: Fields, writes: tuple[FieldWrite, ...], new_base: Fields
) -> None:
    assert merge_one(Owner.AUTH0, values, base, record) == Merge(writes, new_base)


@pytest.mark.parametrize(
    ("values", "base", "record", "writes", "new_base"),
    [
        ({"F": "a"}, {"F": None}, {"F": None}, write(None, "a", Reason.FILLED), {"F": "a"}),
        ({"F": "a"}, None, {"F": ""}, write("", "a", Reason.FILLED), {"F": "a"}),
        ({"F": "a"}, None, {"F": "  "}, write("  ", "a", Reason.FILLED), {"F": "a"}),
        ({"F": "a"}, {"F": "a"}, {"F": None}, write(None, "a", Reason.FILLED), {"F": "a"}),
        ({"F": "b"}, {"F": "a"}, {"F": "a"}, (), {"F": "a"}),
        ({"F": "a"}, {"F": "a"}, {"F": "c"}, (), {"F": "c"}),
        ({"F": "a"}, None, {"F": "c"}, (), {"F": "c"}),
        ({"F": None}, {"F": "a"}, {"F": "a"}, (), {"F": "a"}),
        ({"F": None}, None, {"F": None}, (), {"F": None}),
        ({"F": "b"}, {"F": "a"}, {}, (), {"F": "a"}),
        ({"F": "b"}, {"F": None}, {}, write(None, "b", Reason.FILLED), {"F": "b"}),
        ({"F": "b"}, {}, {}, (), {}),
        ({}, {"F": "a"}, {"F": None}, (), {"F": "a"}),
    ],
)
def test_field_that_auth0_may_fill(
    values: Fields, base: Fields | None, record: Fields, writes: tuple[FieldWrite, ...], new_base: Fields
) -> None:
    assert merge_one(Owner.INITIAL, values, base, record) == Merge(writes, new_base)


@pytest.mark.parametrize(
    ("values", "base", "record", "new_base"),
    [
        ({"F": "b"}, {"F": "a"}, {"F": "c"}, {"F": "c"}),
        ({"F": "b"}, None, {"F": None}, {"F": None}),
        ({"F": None}, {"F": "a"}, {"F": "a"}, {"F": "a"}),
        ({"F": "b"}, {"F": "a"}, {}, {"F": "a"}),
        ({"F": "b"}, {}, {}, {}),
    ],
)
def test_field_of_salesforce_is_never_written(
    values: Fields, base: Fields | None, record: Fields, new_base: Fields
) -> None:
    assert merge_one(Owner.SALESFORCE, values, base, record) == Merge((), new_base)


@pytest.mark.parametrize(
    ("owner", "values", "writes", "new_base"),
    [
        (Owner.AUTH0, {"F": "a"}, write(None, "a", Reason.CREATED), {"F": "a"}),
        (Owner.INITIAL, {"F": "a"}, write(None, "a", Reason.CREATED), {"F": "a"}),
        (Owner.SALESFORCE, {"F": "a"}, (), {}),
        (Owner.AUTH0, {"F": None}, (), {"F": None}),
        (Owner.AUTH0, {"F": ""}, (), {"F": ""}),
        (Owner.AUTH0, {}, (), {}),
    ],
)
def test_new_record_gets_every_value_that_there_is(
    owner: Owner, values: Fields, writes: tuple[FieldWrite, ...], new_base: Fields
) -> None:
    assert merge_one(owner, values, None, None) == Merge(writes, new_base)


@pytest.mark.parametrize(
    ("type_", "value", "stored"),
    [
        (ValueType.EMAIL, "Ada@example.com", "ada@example.com"),
        (ValueType.PHONE, "+12125550100", "+1 (212) 555-0100"),
        (ValueType.DATETIME, "2026-01-31T10:00:00.000+0000", "2026-01-31T10:00:00Z"),
        (ValueType.MULTIPICKLIST, "A;B", "B;A"),
        (ValueType.INTEGER, 5, 5.0),
        (ValueType.REFERENCE, "0015g00000ABCdeAAH", "0015g00000ABCde"),
        (ValueType.BOOLEAN, False, None),
    ],
)
def test_another_form_of_the_same_value_is_no_difference(
    type_: ValueType, value: FieldValue, stored: FieldValue
) -> None:
    merge = merge_one(Owner.AUTH0, {"F": value}, None, {"F": stored}, type_)

    assert merge == Merge((), {"F": value})


def test_nothing_new_gives_the_old_base_back() -> None:
    base = {"F": "a", "Other": "x"}

    assert merge_one(Owner.AUTH0, {"F": "a"}, base, {"F": "a"}).base is base


def test_inputs_are_not_changed() -> None:
    values, base, record = {"F": "b"}, {"F": "a"}, {"F": "c"}

    merge_one(Owner.AUTH0, values, base, record)

    assert (values, base, record) == ({"F": "b"}, {"F": "a"}, {"F": "c"})
