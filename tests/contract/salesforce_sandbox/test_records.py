"""Calls about one record, through the independent client, and every rule that a write can break."""

from typing import Any

import httpx
import pytest
from simple_salesforce import Salesforce, SalesforceMalformedRequest, SalesforceMoreThanOneRecord
from simple_salesforce.exceptions import SalesforceResourceNotFound

from crosswalk_sandbox.process import SandboxProcess

from .builders import API, a_lead


def test_created_record_reads_back_with_its_computed_fields(org: Salesforce) -> None:
    created = org.Lead.create(a_lead(Email="Ada.Byron@Example.com", Phone=" +44 20 7946 0000 ", Title=""))

    lead = org.Lead.get(created["id"])
    assert created == {"id": "00QHs0000000001MAA", "success": True, "errors": []}
    assert lead["attributes"] == {"type": "Lead", "url": "/services/data/v59.0/sobjects/Lead/00QHs0000000001MAA"}
    assert lead["Name"] == "Ada Byron"
    assert lead["Email"] == "ada.byron@example.com"
    assert lead["Phone"] == "+44 20 7946 0000"
    assert lead["Title"] is None
    assert lead["Status"] == "Open - Not Contacted"
    assert lead["IsConverted"] is False
    assert lead["Marketing_Consent__c"] is False
    assert lead["CreatedDate"] == lead["SystemModstamp"]
    assert lead["CreatedDate"].endswith(".000+0000")


def test_record_is_found_by_its_15_character_id(org: Salesforce) -> None:
    created = org.Lead.create(a_lead())

    assert org.Lead.get(created["id"][:15])["Id"] == created["id"]


def test_update_changes_only_what_it_names(org: Salesforce) -> None:
    lead_id = org.Lead.create(a_lead(Email="ada@example.com", City="London"))["id"]

    status = org.Lead.update(lead_id, {"FirstName": "Augusta", "City": None})

    lead = org.Lead.get(lead_id)
    assert status == 204
    assert (lead["Name"], lead["City"], lead["Email"]) == ("Augusta Byron", None, "ada@example.com")


def test_deleted_record_is_gone_but_in_the_recycle_bin(org: Salesforce) -> None:
    lead_id = org.Lead.create(a_lead())["id"]

    assert org.Lead.delete(lead_id) == 204

    with pytest.raises(SalesforceResourceNotFound, match="ENTITY_IS_DELETED"):
        org.Lead.get(lead_id)
    assert org.query("SELECT COUNT() FROM Lead")["totalSize"] == 0
    deleted = org.query_all("SELECT Id, IsDeleted FROM Lead", include_deleted=True)["records"]
    assert [(each["Id"], each["IsDeleted"]) for each in deleted] == [(lead_id, True)]


def test_upsert_creates_once_and_updates_afterwards(org: Salesforce) -> None:
    first = org.Lead.upsert("Auth0_User_Id__c/auth0%7C65f1", a_lead())
    second = org.Lead.upsert("Auth0_User_Id__c/auth0%7C65f1", {"FirstName": "Augusta"})

    assert (first, second) == (201, 200)
    assert org.Lead.get_by_custom_id("Auth0_User_Id__c", "auth0|65f1")["Name"] == "Augusta Byron"
    assert org.query("SELECT COUNT() FROM Lead")["totalSize"] == 1


def test_upsert_body_tells_what_happened(http: httpx.Client) -> None:
    reply = http.patch(f"{API}/sobjects/Lead/Auth0_User_Id__c/auth0%7C1", json=a_lead())

    assert reply.status_code == 201
    assert reply.json() == {"id": "00QHs0000000001MAA", "success": True, "errors": [], "created": True}


def test_upsert_key_distinguishes_case_when_its_field_does(org: Salesforce) -> None:
    org.Lead.upsert("Auth0_User_Id__c/auth0%7Cabc", a_lead())

    assert org.Lead.upsert("Auth0_User_Id__c/auth0%7CABC", a_lead()) == 201


def test_upsert_that_matches_several_records_lists_them(org: Salesforce, http: httpx.Client) -> None:
    org.Lead.create(a_lead(Email="ada@example.com"))
    org.Lead.create(a_lead(Email="ada@example.com"))

    reply = http.patch(f"{API}/sobjects/Lead/Email/ada@example.com", json={"FirstName": "Augusta"})

    assert reply.status_code == 300
    assert reply.json() == [f"{API}/sobjects/Lead/00QHs0000000001MAA", f"{API}/sobjects/Lead/00QHs0000000002MAA"]
    with pytest.raises(SalesforceMoreThanOneRecord):
        org.Lead.upsert("Email/ada@example.com", {"FirstName": "Augusta"})


def test_asked_fields_alone_are_returned(http: httpx.Client, org: Salesforce) -> None:
    lead_id = org.Lead.create(a_lead())["id"]

    body = http.get(f"{API}/sobjects/Lead/{lead_id}", params={"fields": "FirstName,company"}).json()

    del body["attributes"]
    assert body == {"FirstName": "Ada", "Company": "Analytical Engines", "Id": lead_id}


def test_parent_may_be_named_by_its_external_id(org: Salesforce) -> None:
    account_id = org.Account.create({"Name": "Engines", "Auth0_User_Id__c": "org|1"})["id"]

    contact_id = org.Contact.create({"LastName": "Byron", "Account": {"Auth0_User_Id__c": "org|1"}})["id"]

    assert org.Contact.get(contact_id)["AccountId"] == account_id


def test_compound_address_follows_its_parts(org: Salesforce) -> None:
    lead_id = org.Lead.create(a_lead(City="London", Country="United Kingdom"))["id"]

    assert org.Lead.get(lead_id)["Address"] == {
        "city": "London",
        "country": "United Kingdom",
        "geocodeAccuracy": None,
        "latitude": None,
        "longitude": None,
        "postalCode": None,
        "state": None,
        "street": None,
    }


REFUSED = [
    (
        {"LastName": None, "Company": None},
        "REQUIRED_FIELD_MISSING",
        "Required fields are missing: [LastName, Company]",
        ["LastName", "Company"],
    ),
    (
        {"FirstName": "x" * 41},
        "STRING_TOO_LONG",
        f"First Name: data value too large: {'x' * 41} (max length=40)",
        ["FirstName"],
    ),
    (
        {"Email": "x" * 70 + "@example.com"},
        "STRING_TOO_LONG",
        f"Email: data value too large: {'x' * 70}@example.com (max length=80)",
        ["Email"],
    ),
    ({"Email": "foo"}, "INVALID_EMAIL_ADDRESS", "Email: invalid email address: foo", ["Email"]),
    (
        {"CleanStatus": "Sparkling"},
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "Clean Status: bad value for restricted picklist field: Sparkling",
        ["CleanStatus"],
    ),
    ({"Nickname": "Ada"}, "INVALID_FIELD", "No such column 'Nickname' on sobject of type Lead", []),
    (
        {"CreatedDate": "2024-01-01T00:00:00Z"},
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        "Unable to create/update fields: CreatedDate. Please check the security settings of this field and verify "
        "that it is read/write for your profile or permission set.",
        ["CreatedDate"],
    ),
    ({"OwnerId": "nonsense"}, "MALFORMED_ID", "Owner ID: id value of incorrect type: nonsense", ["OwnerId"]),
    ({"OwnerId": "005Hs00000zzzzz"}, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", []),
]


@pytest.mark.parametrize(("fields", "code", "message", "names"), REFUSED)
def test_create_that_breaks_a_rule_is_refused_in_the_vendors_words(
    http: httpx.Client, fields: dict[str, Any], code: str, message: str, names: list[str]
) -> None:
    reply = http.post(f"{API}/sobjects/Lead", json=a_lead(**fields))

    assert reply.status_code == 400
    assert reply.json() == [{"message": message, "errorCode": code, "fields": names}]


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"Marketing_Consent__c": "true"}, "boolean from VALUE_STRING value true"),
        ({"Marketing_Consent__c": None}, "boolean from null value null"),
        ({"NumberOfEmployees": "many"}, "int from VALUE_STRING value many"),
        ({"LastName": 5}, "string from VALUE_NUMBER_INT value 5"),
        ({"EmailBouncedDate": "yesterday"}, "datetime from VALUE_STRING value yesterday"),
    ],
)
def test_value_of_the_wrong_json_type_spoils_the_call(http: httpx.Client, fields: dict[str, Any], what: str) -> None:
    lead_id = http.post(f"{API}/sobjects/Lead", json=a_lead()).json()["id"]

    reply = http.patch(f"{API}/sobjects/Lead/{lead_id}", json=fields)

    assert reply.status_code == 400
    assert reply.json()[0]["errorCode"] == "JSON_PARSER_ERROR"
    assert reply.json()[0]["message"].startswith(f"Cannot deserialize instance of {what}")


def test_body_that_is_no_json_is_refused(http: httpx.Client) -> None:
    reply = http.post(f"{API}/sobjects/Lead", content=b"{", headers={"Content-Type": "application/json"})

    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")


def test_number_may_come_as_text(org: Salesforce) -> None:
    lead_id = org.Lead.create(a_lead(NumberOfEmployees="10000", AnnualRevenue="12.5"))["id"]

    lead = org.Lead.get(lead_id)
    assert (lead["NumberOfEmployees"], lead["AnnualRevenue"]) == (10000, 12.5)


def test_required_field_cannot_be_cleared(org: Salesforce) -> None:
    lead_id = org.Lead.create(a_lead())["id"]

    with pytest.raises(SalesforceMalformedRequest) as caught:
        org.Lead.update(lead_id, {"LastName": ""})

    assert caught.value.content == [
        {
            "message": "Required fields are missing: [LastName]",
            "errorCode": "REQUIRED_FIELD_MISSING",
            "fields": ["LastName"],
        }
    ]


def test_unique_external_id_is_taken_once(org: Salesforce) -> None:
    org.Lead.create(a_lead(Auth0_User_Id__c="auth0|1"))

    with pytest.raises(SalesforceMalformedRequest) as caught:
        org.Lead.create(a_lead(Auth0_User_Id__c="auth0|1"))

    assert caught.value.content == [
        {
            "message": "duplicate value found: Auth0_User_Id__c duplicates value on record with id: 00QHs0000000001MAA",
            "errorCode": "DUPLICATE_VALUE",
            "fields": [],
        }
    ]


def test_external_id_of_a_deleted_record_is_free_again(org: Salesforce) -> None:
    org.Lead.delete(org.Lead.create(a_lead(Auth0_User_Id__c="auth0|1"))["id"])

    assert org.Lead.create(a_lead(Auth0_User_Id__c="auth0|1"))["success"] is True


def test_contact_takes_only_an_account_as_its_account(org: Salesforce) -> None:
    lead_id = org.Lead.create(a_lead())["id"]

    with pytest.raises(SalesforceMalformedRequest, match=f"Account ID: id value of incorrect type: {lead_id}"):
        org.Contact.create({"LastName": "Byron", "AccountId": lead_id})


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("Lead/00QHs0000000009", 404, "NOT_FOUND"),
        ("Lead/003Hs0000000009", 400, "MALFORMED_ID"),
        ("Lead/00QHs0000000009AAA", 400, "MALFORMED_ID"),
        ("Lead/who", 404, "NOT_FOUND"),
        ("Lead/Auth0_User_Id__c/nobody", 404, "NOT_FOUND"),
        ("Lead/Company/nobody", 404, "NOT_FOUND"),
        ("Unicorn/describe", 404, "NOT_FOUND"),
    ],
)
def test_record_that_is_not_there_is_told_from_an_id_that_is_none(
    http: httpx.Client, path: str, status: int, code: str
) -> None:
    reply = http.get(f"{API}/sobjects/{path}")

    assert (reply.status_code, reply.json()[0]["errorCode"]) == (status, code)


def test_upsert_key_is_not_repeated_in_the_body(http: httpx.Client) -> None:
    reply = http.patch(f"{API}/sobjects/Lead/Auth0_User_Id__c/a", json=a_lead(Auth0_User_Id__c="a"))

    assert reply.status_code == 400
    assert reply.json()[0]["message"] == "The Auth0_User_Id__c field should not be specified in the sobject data."


def test_write_log_tells_what_was_sent_and_what_was_new(sandbox: SandboxProcess, org: Salesforce) -> None:
    lead_id = org.Lead.create(a_lead())["id"]
    org.Lead.update(lead_id, {"FirstName": "Ada", "Title": "Countess"})

    created, updated = sandbox.writes()
    assert (created["number"], created["operation"], created["id"]) == (1, "create", lead_id)
    assert (updated["operation"], updated["object"], updated["source"]) == ("update", "Lead", "api")
    assert updated["fields"] == {"FirstName": "Ada", "Title": "Countess"}
    assert updated["changed"] == ["Title"]
    assert sandbox.writes(after=1) == [updated]
