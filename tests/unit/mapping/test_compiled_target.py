"""From the results of expressions to values and errors."""

from crosswalk.domain.plan import FieldError
from crosswalk.domain.values import ValueType
from crosswalk.mapping.compiled import CompiledTarget
from tests.core_builders import UserId, a_field, a_place, a_target, evaluate_target

ADA = UserId("auth0|ada")


def test_undefined_leaves_the_field_out_and_null_clears_it() -> None:
    target = CompiledTarget(a_target(a_field("A"), a_field("B"), a_field("C")))

    values, errors = target.read(ADA, [[], None, "x"])

    assert (values, errors) == ({"B": None, "C": "x"}, ())


def test_null_of_a_checkbox_is_false() -> None:
    target = CompiledTarget(a_target(a_field("Active__c", type_=ValueType.BOOLEAN)))

    assert target.read(ADA, [None]) == ({"Active__c": False}, ())


def test_failure_and_wrong_type_name_user_field_and_place() -> None:
    target = CompiledTarget(
        a_target(a_field("A", line=3), a_field("B", type_=ValueType.INTEGER, line=4), a_field("C", line=5))
    )

    values, errors = target.read(ADA, [{"message": "TypeError: no"}, "x", "y"])

    assert values == {"C": "y"}
    assert errors == (
        FieldError(ADA, "Contact", "A", a_place(3), "TypeError: no"),
        FieldError(ADA, "Contact", "B", a_place(4), "expected a whole number, got a text of 1 characters"),
    )


def test_list_is_for_multi_select_fields_only() -> None:
    chosen = evaluate_target("user.roles", ValueType.MULTIPICKLIST, roles=["b", "a", "b"])
    refused = evaluate_target("user.roles", ValueType.TEXT, roles=["b", "a"])

    assert chosen.values == {"F": "b;a"}
    assert refused.values == {}
    assert [error.message for error in refused.errors] == ["expected a single value, got a list of 2 texts"]


def test_empty_list_clears_a_multi_select_field() -> None:
    assert evaluate_target("user.roles", ValueType.MULTIPICKLIST, roles=[]).values == {"F": None}


def test_telephone_numbers_are_read_in_the_default_region() -> None:
    target = CompiledTarget(a_target(a_field("Phone", type_=ValueType.PHONE)), "DE")

    assert target.read(ADA, ["030 901820"]) == ({"Phone": "+4930901820"}, ())
