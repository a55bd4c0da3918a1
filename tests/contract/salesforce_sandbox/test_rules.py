"""Validation rules, duplicate rules and field access, as a client meets them."""

import httpx
import pytest
from simple_salesforce import Salesforce, SalesforceMalformedRequest, SalesforceResourceNotFound

from crosswalk_sandbox.process import SandboxFailedError, SandboxProcess
from crosswalk_sandbox.salesforce.oauth.users import DEFAULT_PASSWORD

from .builders import API, a_lead, typed
from .logins import ADA, a_user, an_app

ALLOW_SAVE = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}


def test_validation_rule_refuses_what_meets_its_condition(sandbox: SandboxProcess, org: Salesforce) -> None:
    condition = "Marketing_Consent__c = true AND Email = null"
    order = {"object": "Contact", "condition": condition, "message": "Consent needs an e-mail.", "field": "Email"}
    sandbox.administer("validation-rules", **order)
    contact = org.Contact.create({"LastName": "Byron", "Email": "ada@example.com", "Marketing_Consent__c": True})["id"]

    with pytest.raises(SalesforceMalformedRequest) as refused:
        org.Contact.update(contact, {"Email": None})

    assert refused.value.content == [
        {
            "message": "Consent needs an e-mail.",
            "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            "fields": ["Email"],
        }
    ]
    assert org.Contact.get(contact)["Email"] == "ada@example.com"


def test_validation_rule_refuses_its_record_alone(sandbox: SandboxProcess, http: httpx.Client) -> None:
    sandbox.administer("validation-rules", object="Lead", condition="Title LIKE 'x%'", message="No x.")
    records = [typed("Lead", a_lead(Title=title)) for title in ("fine", "xylophonist")]

    first, second = http.post(f"{API}/composite/sobjects", json={"records": records}).json()

    assert first["success"] is True
    assert second["errors"] == [{"statusCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "No x.", "fields": []}]


def test_rules_are_for_clients_not_for_seeds_and_end_with_a_reset(sandbox: SandboxProcess, http: httpx.Client) -> None:
    sandbox.administer("validation-rules", object="Account", condition="Name != null", message="Never.")
    sandbox.seed()
    assert http.post(f"{API}/sobjects/Account", json={"Name": "Engines"}).status_code == 400

    sandbox.reset()

    assert http.post(f"{API}/sobjects/Account", json={"Name": "Engines"}).status_code == 201


@pytest.mark.parametrize(
    ("action", "order"),
    [
        ("validation-rules", {"object": "Lead", "condition": "Nmae = 'x'", "message": "m"}),
        ("validation-rules", {"object": "Lead", "condition": "Name =", "message": "m"}),
        ("validation-rules", {"object": "Laed", "condition": "Name = 'x'", "message": "m"}),
        ("duplicate-rules", {"object": "Lead", "match": ["Mail"]}),
        ("duplicate-rules", {"object": "Lead", "match": []}),
        ("field-access", {"object": "Lead", "hidden": ["LastName"]}),
        ("field-access", {"object": "Lead", "read_only": ["Nickname"]}),
        ("save", {"object": "Lead", "fields": {"LastName": "Byron"}}),
        ("save", {"object": "Lead", "fields": {"IsUnreadByOwner": "maybe"}}),
        ("merge", {"object": "Laed", "master": "x", "losers": []}),
    ],
)
def test_orders_that_make_no_sense_are_refused(sandbox: SandboxProcess, action: str, order: dict[str, object]) -> None:
    with pytest.raises(SandboxFailedError, match="answered 400"):
        sandbox.administer(action, **order)


def test_blocked_duplicate_names_the_record_that_is_there(sandbox: SandboxProcess, http: httpx.Client) -> None:
    sandbox.administer("duplicate-rules", object="Lead", match=["Email"])
    known = http.post(f"{API}/sobjects/Lead", json=a_lead(Email="ada@example.com")).json()["id"]

    reply = http.post(f"{API}/sobjects/Lead", json=a_lead(Email="ADA@example.com"), headers=ALLOW_SAVE)

    assert reply.status_code == 400
    assert reply.json() == [
        {
            "message": "Use one of these records?",
            "errorCode": "DUPLICATES_DETECTED",
            "fields": [],
            "duplicateResult": {
                "allowSave": False,
                "duplicateRule": "Standard_Lead_Duplicate_Rule",
                "duplicateRuleEntityType": "Lead",
                "errorMessage": "Use one of these records?",
                "matchResults": [
                    {
                        "entityType": "Lead",
                        "errors": [],
                        "matchEngine": "ExactMatchEngine",
                        "matchRecords": [
                            {
                                "additionalInformation": [],
                                "fieldDiffs": [],
                                "matchConfidence": 100.0,
                                "record": {
                                    "attributes": {
                                        "type": "Lead",
                                        "url": f"/services/data/v64.0/sobjects/Lead/{known}",
                                    },
                                    "Id": known,
                                },
                            }
                        ],
                        "rule": "Standard_Lead_Match_Rule_v1_0",
                        "size": 1,
                        "success": True,
                    }
                ],
            },
        }
    ]


def test_allowed_duplicate_is_saved_once_the_client_says_that_it_knows(
    sandbox: SandboxProcess, http: httpx.Client
) -> None:
    sandbox.administer("duplicate-rules", object="Lead", match=["FirstName", "LastName"], action="allow")
    http.post(f"{API}/sobjects/Lead", json=a_lead())

    refused = http.post(f"{API}/composite/sobjects", json={"records": [typed("Lead", a_lead())]}).json()
    saved = http.post(f"{API}/sobjects/Lead", json=a_lead(), headers=ALLOW_SAVE)
    again = http.post(f"{API}/sobjects/Lead", json=a_lead())

    assert refused[0]["errors"][0]["statusCode"] == "DUPLICATES_DETECTED"
    assert refused[0]["errors"][0]["duplicateResult"]["allowSave"] is True
    assert (saved.status_code, again.status_code) == (201, 400)


def test_duplicate_rule_looks_among_other_objects_too(sandbox: SandboxProcess, org: Salesforce) -> None:
    sandbox.administer("duplicate-rules", object="Lead", match=["Email"], against=["Contact"])
    contact = org.Contact.create({"LastName": "Byron", "Email": "ada@example.com"})["id"]
    lead = org.Lead.create(a_lead())["id"]
    org.Lead.create(a_lead(Email="other@example.com"))

    with pytest.raises(SalesforceMalformedRequest) as refused:
        org.Lead.update(lead, {"Email": "ada@example.com"})

    (match,) = refused.value.content[0]["duplicateResult"]["matchResults"]
    assert [each["record"]["Id"] for each in match["matchRecords"]] == [contact]


def test_hidden_field_is_not_there_for_the_integration_user(sandbox: SandboxProcess, org: Salesforce) -> None:
    contact = org.Contact.create({"LastName": "Byron", "Title": "Countess"})["id"]
    sandbox.administer("field-access", object="Contact", hidden=["Title"])

    assert "Title" not in org.Contact.get(contact)
    assert "Title" not in {field["name"] for field in org.Contact.describe()["fields"]}
    with pytest.raises(SalesforceMalformedRequest, match="No such column 'Title' on entity 'Contact'"):
        org.query("SELECT Title FROM Contact")
    with pytest.raises(SalesforceMalformedRequest, match="No such column 'Title' on sobject of type Contact"):
        org.Contact.update(contact, {"Title": "Lady"})
    assert sandbox.state()["salesforce"]["Contact"][0]["Title"] == "Countess"


def test_read_only_field_can_be_read_and_not_written(sandbox: SandboxProcess, org: Salesforce) -> None:
    contact = org.Contact.create({"LastName": "Byron", "Title": "Countess"})["id"]
    sandbox.administer("field-access", object="Contact", read_only=["Title"])

    with pytest.raises(SalesforceMalformedRequest) as refused:
        org.Contact.update(contact, {"Title": "Lady"})

    assert refused.value.content[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert refused.value.content[0]["fields"] == ["Title"]
    assert org.Contact.get(contact)["Title"] == "Countess"
    described = next(field for field in org.Contact.describe()["fields"] if field["name"] == "Title")
    assert (described["createable"], described["updateable"]) == (False, False)

    sandbox.administer("field-access", object="Contact")
    assert org.Contact.update(contact, {"Title": "Lady"}) == 204


def test_each_user_has_an_access_of_its_own(sandbox: SandboxProcess, anonymous: httpx.Client, org: Salesforce) -> None:
    a_user(sandbox)
    shop = an_app(sandbox, flows=["password"])
    token = shop.ask(anonymous, "password", username=ADA, password=DEFAULT_PASSWORD).json()["access_token"]
    ada = Salesforce(instance_url=sandbox.access.salesforce.instance_url, session_id=token, session=org.session)
    sandbox.administer("field-access", object="Contact", hidden=["Title"], username=ADA)

    contact = org.Contact.create({"LastName": "Byron", "Title": "Countess"})["id"]
    sandbox.administer("field-access", object="Contact", hidden=["Department"])
    ada.Contact.update(contact, {"Department": "Engines"})

    assert ("Title" in org.Contact.get(contact), "Department" in org.Contact.get(contact)) == (True, False)
    assert ("Title" in ada.Contact.get(contact), "Department" in ada.Contact.get(contact)) == (False, True)
    assert ada.query("SELECT Department FROM Contact")["records"][0]["Department"] == "Engines"
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_FIELD"):
        ada.query("SELECT Title FROM Contact")
    with pytest.raises(SandboxFailedError, match="expected the name of a user of the org"):
        sandbox.administer("field-access", object="Contact", username="nobody@example.com")


def test_field_that_comes_later_is_seen_beside_hidden_ones(sandbox: SandboxProcess, org: Salesforce) -> None:
    sandbox.administer("field-access", object="Contact", hidden=["Title"])
    sandbox.administer("fields", object="Contact", field={"name": "Tier__c"})

    seen = {field["name"] for field in org.Contact.describe()["fields"]}

    assert ("Tier__c" in seen, "Title" in seen) == (True, False)


def test_person_writes_fields_that_the_integration_user_does_not_see(sandbox: SandboxProcess, org: Salesforce) -> None:
    sandbox.administer("field-access", object="Contact", hidden=["Title"])

    contact = sandbox.administer("save", object="Contact", fields={"LastName": "Byron", "Title": "Countess"})["id"]
    sandbox.administer("save", object="Contact", id=contact, fields={"Title": "Lady"})
    assert sandbox.state()["salesforce"]["Contact"][0]["Title"] == "Lady"
    sandbox.administer("delete", object="Contact", id=contact)

    assert org.query("SELECT COUNT() FROM Contact")["totalSize"] == 0
    assert [(each["operation"], each["source"]) for each in sandbox.writes()] == [
        ("create", "page"),
        ("update", "page"),
        ("delete", "page"),
    ]


def test_missing_record_is_still_not_found(org: Salesforce) -> None:
    with pytest.raises(SalesforceResourceNotFound):
        org.Opportunity.get("006Hs0000000zzz")
