"""What the hub's user may not do with an object is found in the org's own description of it."""

from msgspec.structs import replace

from crosswalk.connectors.base import FieldDescription, ObjectDescription
from crosswalk.domain.definition import FieldMap, Target
from crosswalk.domain.match_rule import MatchPart, MatchRule
from crosswalk.domain.place import Place
from crosswalk.domain.values import Owner, ValueType
from crosswalk.engine.diagnosis.database import clock_findings
from crosswalk.engine.diagnosis.fields import check_target
from crosswalk.engine.diagnosis.finding import Verdict, good

PLACE = Place("crosswalk.yaml", 1)


def a_field(name: str, **changes: bool) -> FieldDescription:
    return replace(FieldDescription(name, name, "string", createable=True, updateable=True), **changes)


def an_object(*fields: FieldDescription, **changes: bool) -> ObjectDescription:
    key = a_field("Auth0_User_Id__c", external_id=True, unique=True)
    described = ObjectDescription("Lead", "Lead", True, True, True, (key, *fields))
    return replace(described, **changes)


def a_target(owner: Owner = Owner.AUTH0, *, create: bool = True) -> Target:
    mapped = FieldMap("Email", "user.email", owner, ValueType.TEXT, PLACE)
    rule = MatchRule("phone", (MatchPart(("Phone",), "user.phone", ValueType.TEXT),), PLACE)
    return Target("Lead", create, "Auth0_User_Id__c", (mapped,), (rule,), PLACE)


def messages(target: Target, described: ObjectDescription) -> list[str]:
    found = check_target("sync customers", target, described)
    assert all(each.fix for each in found if each.verdict is Verdict.FAULT)
    return [each.message for each in found]


def test_an_object_that_gives_everything_is_one_good_finding():
    assert messages(a_target(), an_object(a_field("email"), a_field("Phone"))) == [
        "Lead: its 1 mapped fields can be read and written"
    ]


def test_rights_on_the_object_are_asked_for_as_far_as_they_are_needed():
    described = an_object(a_field("Email"), a_field("Phone"), createable=False, updateable=False)

    assert messages(a_target(), described) == [
        "Lead: the hub's user may not edit records",
        "Lead: the hub's user may not create records",
    ]
    assert messages(a_target(create=False), described) == ["Lead: the hub's user may not edit records"]


def test_the_field_of_the_users_id_has_to_be_a_unique_external_id():
    described = replace(an_object(), fields=(a_field("Auth0_User_Id__c"), a_field("Email"), a_field("Phone")))

    assert messages(a_target(), described) == [
        "Lead.Auth0_User_Id__c: it is no unique external id, so nothing keeps a person from getting two records"
    ]


def test_a_field_that_salesforce_owns_is_only_read():
    described = an_object(a_field("Email", createable=False, updateable=False), a_field("Phone"))

    assert messages(a_target(Owner.SALESFORCE), described) == ["Lead: its 1 mapped fields can be read and written"]
    assert messages(a_target(create=False), described) == ["Lead.Email: it cannot be changed by the hub's user"]


def test_what_records_are_matched_by_can_be_looked_for():
    assert messages(a_target(), an_object(a_field("Email"), a_field("Phone", filterable=False))) == [
        "Lead.Phone: records cannot be looked for by it"
    ]
    assert messages(a_target(), an_object(a_field("Email"))) == [
        "Lead.Phone: there is no such field, or the hub's user may not see it"
    ]


def test_a_clock_may_differ_by_a_few_seconds():
    assert clock_findings("org acme", -5.0) == [good("org acme", "its clock agrees with this machine's")]
    (found,) = clock_findings("org acme", -42.0)
    assert (found.verdict, found.message) == (Verdict.WARNING, "its clock is 42 s behind this machine's")
