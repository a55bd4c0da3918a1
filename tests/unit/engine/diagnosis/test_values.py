"""Whether what is written fits the fields of the org."""

import pytest

from crosswalk.connectors.base import FieldDescription, ObjectDescription, PicklistValue
from crosswalk.domain.definition import FieldMap, Target
from crosswalk.domain.evaluation import TargetEvaluation
from crosswalk.domain.ids import UserId
from crosswalk.domain.place import Place
from crosswalk.domain.plan import FieldError
from crosswalk.domain.values import FieldValue, Owner, ValueType
from crosswalk.engine.diagnosis.finding import Finding, Verdict
from crosswalk.engine.diagnosis.values import check_types, check_values

HERE = Place("crosswalk.yaml", 7)
ID_FIELD = FieldDescription("Auth0Id__c", "Id", "string", 255, external_id=True, unique=True, case_sensitive=True)


def a_target(type_: ValueType = ValueType.TEXT, owner: Owner = Owner.AUTH0) -> Target:
    return Target("Lead", True, "Auth0Id__c", (FieldMap("Tier__c", "user.tier", owner, type_, HERE),), (), HERE)


def described(field: FieldDescription, id_field: FieldDescription = ID_FIELD) -> ObjectDescription:
    return ObjectDescription("Lead", "Lead", True, True, True, fields=(id_field, field))


def a_field(type_: str, **more: object) -> FieldDescription:
    return FieldDescription("Tier__c", "Tier", type_, **more)  # type: ignore[arg-type]  # its own fields


def said(found: list[Finding]) -> list[tuple[Verdict, str]]:
    return [(each.verdict, each.message) for each in found]


def of_users(*values: FieldValue) -> list[TargetEvaluation]:
    return [TargetEvaluation({"Tier__c": value}, (), ()) for value in values]


@pytest.mark.parametrize(
    ("declared", "type_"),
    [
        (ValueType.TEXT, "string"),
        (ValueType.TEXT, "picklist"),
        (ValueType.EMAIL, "email"),
        (ValueType.BOOLEAN, "boolean"),
        (ValueType.INTEGER, "double"),
        (ValueType.DATE, "date"),
        (ValueType.DATETIME, "datetime"),
        (ValueType.MULTIPICKLIST, "multipicklist"),
        (ValueType.REFERENCE, "reference"),
    ],
)
def test_types_that_fit_are_not_mentioned(declared: ValueType, type_: str) -> None:
    assert check_types("sync customers", a_target(declared), described(a_field(type_))) == []


@pytest.mark.parametrize(
    ("declared", "type_", "better"),
    [
        (ValueType.BOOLEAN, "string", "text"),
        (ValueType.INTEGER, "picklist", "text"),
        (ValueType.NUMBER, "boolean", "boolean"),
        (ValueType.DATE, "currency", "number"),
        (ValueType.REFERENCE, "int", "integer"),
    ],
)
def test_what_the_org_refuses_for_its_type_is_a_fault(declared: ValueType, type_: str, better: str) -> None:
    [found] = check_types("sync customers", a_target(declared), described(a_field(type_)))

    message = f"Lead.Tier__c: the org takes no {declared.value} in a field of the type {type_}"
    assert said([found]) == [(Verdict.FAULT, message)]
    assert f"declare type: {better} at crosswalk.yaml:7" in found.fix


def test_a_text_for_a_checkbox_works_by_chance_only() -> None:
    [found] = check_types("sync customers", a_target(), described(a_field("boolean")))

    assert said([found]) == [
        (Verdict.WARNING, "Lead.Tier__c: it is of the type boolean in the org, and text in the mapping")
    ]
    assert found.fix.startswith("declare type: boolean at crosswalk.yaml:7")


def test_what_the_hub_does_not_write_may_be_of_any_type() -> None:
    assert check_types("s", a_target(owner=Owner.SALESFORCE), described(a_field("address"))) == []
    [found] = check_types("s", a_target(), described(a_field("address")))
    assert said([found]) == [(Verdict.FAULT, "Lead.Tier__c: a field of the type address cannot be written")]


def test_the_field_of_the_user_id_has_to_hold_every_id() -> None:
    short = FieldDescription("Auth0Id__c", "Id", "string", 30, external_id=True, unique=True)
    number = FieldDescription("Auth0Id__c", "Id", "double", external_id=True)

    assert said(check_types("s", a_target(), described(a_field("string"), short))) == [
        (
            Verdict.WARNING,
            "Lead.Auth0Id__c: it takes 30 characters, and ids of users of enterprise connections may be longer",
        ),
        (
            Verdict.WARNING,
            "Lead.Auth0Id__c: it takes ids that differ in upper and lower case alone for the same",
        ),
    ]
    assert said(check_types("s", a_target(), described(a_field("string"), number))) == [
        (Verdict.FAULT, "Lead.Auth0Id__c: it is of the type double, and has to hold Auth0's user ids")
    ]


def test_values_that_are_too_long_are_counted_and_not_shown() -> None:
    found = check_values("s", a_target(), described(a_field("string", length=5)), of_users("Gold", "Platinum", None))

    assert said(found) == [
        (Verdict.WARNING, "Lead.Tier__c: the values of 1 of 3 known users are longer than its 5 characters")
    ]


def test_values_that_a_restricted_picklist_does_not_have_are_counted_with_its_choices() -> None:
    choices = tuple(PicklistValue(value, active=value != "Bronze") for value in ("Gold", "Silver", "Bronze"))
    one = a_field("picklist", restricted_picklist=True, picklist_values=choices)
    several = a_field("multipicklist", restricted_picklist=True, picklist_values=choices)
    lists = a_target(ValueType.MULTIPICKLIST)

    assert said(check_values("s", a_target(), described(one), of_users("Gold", "gold", "Bronze"))) == [
        (Verdict.WARNING, "Lead.Tier__c: the values of 2 of 3 known users are none of its choices (Gold, Silver)")
    ]
    assert said(check_values("s", lists, described(several), of_users("Gold;Silver"))) == [
        (Verdict.GOOD, "Lead: the values of 1 known users fit its fields")
    ]


def test_users_for_whom_the_mapping_gives_nothing_usable_are_counted() -> None:
    error = FieldError(UserId("auth0|1"), "Lead", "Tier__c", HERE, "expected a date")
    found = check_values("s", a_target(), described(a_field("string")), [TargetEvaluation({}, (error,), ())])

    assert said(found) == [(Verdict.WARNING, "Lead.Tier__c: the mapping gives no usable value for 1 of 1 known users")]
    assert check_values("s", a_target(), described(a_field("string")), []) == []
