"""The way back: what a record's values become in the user."""

import json
from typing import Any

import pytest

from crosswalk.domain.definition import FieldMap
from crosswalk.domain.ids import UserId
from crosswalk.domain.values import FieldValue, Owner, ValueType
from crosswalk.domain.write import FieldWrite, Reason
from crosswalk.expressions.errors import ExpressionSyntaxError
from crosswalk.mapping.compiled import CompiledTarget
from crosswalk.mapping.way_back import Return, WayBack
from tests.core_builders import a_field, a_place, a_target

ADA = UserId("auth0|ada")


def way_back(
    value: FieldValue,
    *,
    type_: ValueType = ValueType.TEXT,
    back: str | None = None,
    user: dict[str, Any] | None = None,
    **record: FieldValue,
) -> Return:
    field = a_field("Tier__c", owner=Owner.SALESFORCE, type_=type_, to=("app_metadata", "tier"), back=back)
    target = CompiledTarget(a_target(field), "US")
    write = FieldWrite("Tier__c", None, value, Reason.CHANGED, a_place())
    profile = json.dumps(user or {}).encode()
    return WayBack([target]).user_write(target, ADA, profile, {"Tier__c": value, **record}, [write])


def patch(result: Return) -> Any:
    assert result.write is not None
    return json.loads(result.write.patch)["app_metadata"]["tier"]


def test_a_value_goes_as_it_is() -> None:
    result = way_back("Gold")

    assert patch(result) == "Gold"
    assert result.write is not None
    assert result.write.fields == (FieldWrite("app_metadata.tier", None, "Gold", Reason.CHANGED, a_place()),)
    assert (result.write.mapped, result.write.user_id, result.errors) == (("Tier__c",), ADA, ())


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        (ValueType.PHONE, "(212) 555-0100", "+12125550100"),
        (ValueType.EMAIL, "Ada@EXAMPLE.com", "Ada@example.com"),
        (ValueType.MULTIPICKLIST, "maths;poetry", ["maths", "poetry"]),
        (ValueType.BOOLEAN, True, True),
        (ValueType.INTEGER, 5, 5),
    ],
)
def test_a_value_takes_the_form_that_auth0_has_for_its_type(
    type_: ValueType, value: FieldValue, expected: object
) -> None:
    assert patch(way_back(value, type_=type_)) == expected


@pytest.mark.parametrize("type_", [ValueType.PHONE, ValueType.EMAIL, ValueType.MULTIPICKLIST, ValueType.TEXT])
@pytest.mark.parametrize("empty", [None, ""])
def test_an_empty_field_clears_the_place(type_: ValueType, empty: str | None) -> None:
    assert patch(way_back(empty, type_=type_, user={"app_metadata": {"tier": "x"}})) is None


def test_an_expression_sees_the_value_and_the_record() -> None:
    result = way_back("Gold", back="`${value.toLowerCase()}-${record.Region__c}`", Region__c="EU")

    assert patch(result) == "gold-EU"
    assert result.write is not None
    assert result.write.fields[0].new == "gold-EU"


def test_an_expression_without_an_opinion_writes_nothing() -> None:
    assert way_back("Gold", back="undefined") == Return(None)


def test_a_user_who_has_the_value_already_is_left_alone() -> None:
    assert way_back("Gold", back="value.toLowerCase()", user={"app_metadata": {"tier": "gold"}}) == Return(None)


def test_an_expression_that_fails_is_an_error_of_its_field() -> None:
    result = way_back(None, back="value.toLowerCase()")

    assert result.write is None
    [error] = result.errors
    assert (error.user_id, error.object, error.field, error.place) == (ADA, "Contact", "Tier__c", a_place())
    assert error.message.startswith("the way back failed: TypeError: cannot read property 'toLowerCase' of null")


def test_a_value_that_auth0_cannot_have_is_an_error_of_its_field() -> None:
    [error] = way_back("call me", type_=ValueType.PHONE).errors

    assert error.message.startswith("Salesforce holds a value that Auth0 cannot have: expected a telephone number")


def test_an_expression_that_does_not_compile_is_reported_with_its_place() -> None:
    field: FieldMap = a_field("T", owner=Owner.LATEST, to=("app_metadata", "t"), back="value +", line=7)

    with pytest.raises(ExpressionSyntaxError) as raised:
        WayBack([CompiledTarget(a_target(field))])

    assert raised.value.problems[0].place == a_place(7)
