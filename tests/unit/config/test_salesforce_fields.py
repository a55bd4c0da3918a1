"""Mappings are checked against the org's cached description, or else against the standard fields."""

import json
from pathlib import Path

import pytest

from crosswalk.config import Problem
from tests.unit.config.builders import CROSSWALK_YAML, only, problems_of, spoilt, write_files

LEAD_FIELDS = "syncs.customers.targets[1].fields"


def describe(folder: Path, object_name: str, *fields: dict[str, object]) -> None:
    """Put a description of the org's object where it is looked for."""
    path = folder / "state" / "describe" / "crm" / f"{object_name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"name": object_name, "keyPrefix": "00Q", "fields": list(fields)}))


def a_field(name: str, kind: str = "string", **attributes: object) -> dict[str, object]:
    """One field as Salesforce describes it: optional and writable unless told otherwise."""
    return {
        "name": name,
        "type": kind,
        "length": 80,
        "createable": True,
        "updateable": True,
        "nillable": True,
        "defaultedOnCreate": False,
        "externalId": False,
        **attributes,
    }


LEAD = (
    a_field("LastName", nillable=False),
    a_field("Company", nillable=False),
    a_field("Email", "email"),
    a_field("Title"),
    a_field("Auth0_User_Id__c", externalId=True, unique=True),
    a_field("Loyalty_Level__c", "picklist"),
)


def with_field(folder: Path, mapping: str) -> list[Problem]:
    """Load the good configuration with one more field for the lead, on line 52."""
    last = "          Title: user.user_metadata?.title\n"
    return spoilt(folder, last, f"{last}          {mapping}\n")


@pytest.mark.parametrize(
    ("mapping", "name", "suggestion"),
    [
        ("Emial: user.name", "Emial", "Email"),
        ("phone: user.phone_number", "phone", "Phone"),
        ("FristName: user.given_name", "FristName", "FirstName"),
        ("LeadSorce: user.x", "LeadSorce", "LeadSource"),
        ("Zzzzzz: user.x", "Zzzzzz", None),
    ],
)
def test_an_unknown_standard_field_is_reported_with_the_nearest_one(
    tmp_path: Path, mapping: str, name: str, suggestion: str | None
) -> None:
    problems = with_field(tmp_path, mapping)

    message = f"Lead has no field {name}"
    assert only(problems) == ("crosswalk.yaml", 52, f"{LEAD_FIELDS}.{name}", message, suggestion)


def test_custom_fields_are_not_judged_without_a_description(tmp_path: Path) -> None:
    assert with_field(tmp_path, "Loyalty_Levle__c: user.x") == []
    assert with_field(tmp_path, "npsp__Anything__pc: user.x") == []


def test_custom_fields_are_judged_by_a_description(tmp_path: Path) -> None:
    describe(tmp_path, "Lead", *LEAD)

    problems = with_field(tmp_path, "Loyalty_Levle__c: user.x")

    path = f"{LEAD_FIELDS}.Loyalty_Levle__c"
    message = "Lead has no field Loyalty_Levle__c"
    assert only(problems) == ("crosswalk.yaml", 52, path, message, "Loyalty_Level__c")
    assert str(tmp_path / "state" / "describe" / "crm" / "Lead.json") in problems[0].expected


def test_a_description_goes_before_the_standard_fields(tmp_path: Path) -> None:
    describe(tmp_path, "Lead", *(field for field in LEAD if field["name"] != "Title"))

    problems = problems_of(write_files(tmp_path))

    assert only(problems)[1:4] == (51, f"{LEAD_FIELDS}.Title", "Lead has no field Title")


def test_a_custom_object_is_judged_by_its_description(tmp_path: Path) -> None:
    describe(tmp_path, "Member__c", a_field("Auth0_User_Id__c", externalId=True), a_field("Level__c"))
    text = CROSSWALK_YAML.replace("- object: Lead", "- object: Member__c").replace("create: true", "create: false")

    problems = problems_of(write_files(tmp_path, text))

    assert [(problem.place.line, problem.message) for problem in problems] == [
        (46, "Member__c has no field Email, which this rule compares"),
        (48, "Member__c has no field LastName"),
        (49, "Member__c has no field Email"),
        (50, "Member__c has no field Company"),
        (51, "Member__c has no field Title"),
    ]


def test_a_custom_object_without_a_description_is_not_judged(tmp_path: Path) -> None:
    text = CROSSWALK_YAML.replace("- object: Lead", "- object: Member__c")

    assert problems_of(write_files(tmp_path, text.replace("[external_id, verified_email]", "[external_id]"))) == []


def test_a_custom_object_is_known_to_have_no_standard_field_that_a_rule_compares(tmp_path: Path) -> None:
    problems = spoilt(tmp_path, "- object: Lead", "- object: Member__c")

    message = "Member__c has no field Email, which this rule compares"
    assert only(problems)[:4] == ("crosswalk.yaml", 46, "syncs.customers.targets[1].match[1]", message)


@pytest.mark.parametrize(("name", "nearest"), [("Laed", "Lead"), ("Leads", "Lead"), ("contact_", "Contact")])
def test_a_mistyped_object_is_reported_with_the_nearest_one(tmp_path: Path, name: str, nearest: str) -> None:
    problems = spoilt(tmp_path, "- object: Lead", f"- object: {name}")

    message = f"there is no object {name}"
    assert only(problems) == ("crosswalk.yaml", 43, "syncs.customers.targets[1].object", message, nearest)


@pytest.mark.parametrize("name", ["Contract", "Case", "Individual"])
def test_other_standard_objects_are_no_misspellings(tmp_path: Path, name: str) -> None:
    assert spoilt(tmp_path, "- object: Lead", f"- object: {name}") == []


@pytest.mark.parametrize("owner", ["auth0", "initial"])
def test_a_field_that_salesforce_computes_cannot_be_owned_by_auth0(tmp_path: Path, owner: str) -> None:
    problems = with_field(tmp_path, f"Name: {{value: user.name, owner: {owner}}}")

    message = f"Name cannot be written in Salesforce, so {owner} cannot own it"
    assert only(problems)[:4] == ("crosswalk.yaml", 52, f"{LEAD_FIELDS}.Name", message)


def test_a_field_that_salesforce_computes_may_be_owned_by_salesforce(tmp_path: Path) -> None:
    assert with_field(tmp_path, "Name: {value: user.name, owner: salesforce}") == []


def test_a_field_that_cannot_be_set_on_create_is_reported_where_records_are_created(tmp_path: Path) -> None:
    problems = with_field(tmp_path, "EmailBouncedReason: user.x")

    message = "EmailBouncedReason cannot be set when a record is created, and create is true"
    assert only(problems)[1:4] == (52, f"{LEAD_FIELDS}.EmailBouncedReason", message)


@pytest.mark.parametrize(
    ("mapping", "message", "suggestion"),
    [
        ("Website: {value: user.x, type: email}", "Website holds url, not email", "url"),
        ("AnnualRevenue: {value: user.x}", "AnnualRevenue holds currency, not text", "number"),
        ("NumberOfEmployees: {value: user.x, type: number}", "NumberOfEmployees holds int, not number", "integer"),
        ("DoNotCall: {value: user.x}", "DoNotCall holds boolean, not text", "boolean"),
        ("FirstName: {value: user.x, type: boolean}", "FirstName holds string, not boolean", "text"),
        ("Phone: {value: user.x, type: date}", "Phone holds phone, not date", "phone"),
        ("Industry: {value: user.x, type: multipicklist}", "Industry holds picklist, not multipicklist", "picklist"),
        ("OwnerId: {value: user.x, type: integer}", "OwnerId holds reference, not integer", "reference"),
    ],
)
def test_a_type_that_the_field_cannot_hold_is_reported_with_the_fitting_one(
    tmp_path: Path, mapping: str, message: str, suggestion: str
) -> None:
    problems = with_field(tmp_path, mapping)

    name = mapping.partition(":")[0]
    assert only(problems) == ("crosswalk.yaml", 52, f"{LEAD_FIELDS}.{name}.type", message, suggestion)


@pytest.mark.parametrize(
    "mapping",
    [
        "LeadSource: \"'Web'\"",
        "LeadSource: {value: user.x, type: picklist}",
        "AnnualRevenue: {value: user.x, type: integer}",
        "Phone: {value: user.x, type: phone}",
        "Description: {value: user.x, type: email}",
        "OwnerId: {value: user.x, type: reference}",
        "HasOptedOutOfEmail: {value: user.x, type: boolean}",
    ],
)
def test_a_type_that_the_field_can_hold_is_accepted(tmp_path: Path, mapping: str) -> None:
    assert with_field(tmp_path, mapping) == []


def test_a_compound_field_is_refused_in_favour_of_its_parts(tmp_path: Path) -> None:
    problems = with_field(tmp_path, "Address: {value: user.app_metadata.x, owner: salesforce}")

    message = "Address is a compound field (Salesforce type address), which cannot be written"
    assert only(problems)[1:4] == (52, f"{LEAD_FIELDS}.Address", message)


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ('          LastName: {value: "user.family_name ?? user.name", owner: auth0, type: text}\n', "LastName"),
        ("          Company: {value: \"user.user_metadata?.company ?? 'Unknown'\", owner: initial}\n", "Company"),
    ],
)
def test_a_lead_cannot_be_created_without_its_required_fields(tmp_path: Path, line: str, field: str) -> None:
    problems = spoilt(tmp_path, line, "")

    message = f"Lead cannot be created without {field}, and nothing fills it"
    assert only(problems) == ("crosswalk.yaml", 47, LEAD_FIELDS, message, None)


def test_a_required_field_that_salesforce_owns_does_not_count(tmp_path: Path) -> None:
    problems = spoilt(tmp_path, "owner: initial", "owner: salesforce, to: app_metadata.company")

    assert only(problems)[3] == "Lead cannot be created without Company, and nothing fills it"


def test_required_fields_are_not_asked_for_where_nothing_is_created(tmp_path: Path) -> None:
    text = CROSSWALK_YAML.replace("create: true", "create: false")
    text = text.replace('          LastName: {value: "user.family_name ?? user.name", owner: auth0, type: text}\n', "")

    assert problems_of(write_files(tmp_path, text)) == []


@pytest.mark.parametrize("name", ["LastName", "Email"])
def test_a_standard_field_is_no_external_id(tmp_path: Path, name: str) -> None:
    text = CROSSWALK_YAML.replace(
        "        create: true\n        external_id: Auth0_User_Id__c",
        f"        create: true\n        external_id: {name}",
    )

    problems = problems_of(write_files(tmp_path, text))

    assert (45, f"{name} is not an external id") in [(problem.place.line, problem.message) for problem in problems]


def test_the_external_id_has_to_be_one_in_the_description(tmp_path: Path) -> None:
    describe(tmp_path, "Lead", *LEAD[:-2], a_field("Auth0_User_Id__c"), a_field("Auth0_Id__c", externalId=True))

    problems = problems_of(write_files(tmp_path))

    path = "syncs.customers.targets[1].external_id"
    assert only(problems) == ("crosswalk.yaml", 45, path, "Auth0_User_Id__c is not an external id", "Auth0_Id__c")


def test_the_field_of_a_match_rule_has_to_exist_and_fit(tmp_path: Path) -> None:
    missing = spoilt(tmp_path, "{field: Phone", "{field: Fone")
    unfit = spoilt(tmp_path, "{field: Phone", "{field: Birthdate")

    path = "syncs.customers.targets[0].match[2]"
    assert only(missing) == ("crosswalk.yaml", 41, f"{path}.field", "Contact has no field Fone", "Phone")
    assert only(unfit) == ("crosswalk.yaml", 41, f"{path}.type", "Birthdate holds date, not phone", "date")


@pytest.mark.parametrize("text", ["{", "[]", '{"name": "Lead"}', '{"name": "Lead", "fields": [{"name": 1}]}'])
def test_a_description_that_is_none_is_reported(tmp_path: Path, text: str) -> None:
    describe(tmp_path, "Lead")
    path = tmp_path / "state" / "describe" / "crm" / "Lead.json"
    path.write_text(text)

    problems = problems_of(write_files(tmp_path))

    assert only(problems)[1:3] == (43, "syncs.customers.targets[1].object")
    assert only(problems)[3].startswith(f"the cached description {path} is not a describe result: ")


def test_a_real_describe_result_is_understood(tmp_path: Path) -> None:
    recorded = Path(__file__).parents[2] / "fixtures" / "salesforce" / "describe.Lead.json"
    folder = tmp_path / "state" / "describe" / "crm"
    folder.mkdir(parents=True)
    (folder / "Lead.json").write_bytes(recorded.read_bytes())

    problems = problems_of(write_files(tmp_path))

    assert only(problems)[1:4] == (45, "syncs.customers.targets[1].external_id", "Lead has no field Auth0_User_Id__c")
