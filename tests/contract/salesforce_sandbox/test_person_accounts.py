"""Person Accounts: one person as an account and as a contact."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simple_salesforce import Salesforce, SalesforceMalformedRequest

from crosswalk_sandbox.process import SandboxProcess
from crosswalk_sandbox.salesforce import Org, RecordRefused
from crosswalk_sandbox.salesforce.custom_schema import CustomField
from crosswalk_sandbox.salesforce.lead_conversion import Conversion, convert_lead
from crosswalk_sandbox.salesforce.merging import merge_records

from .orgs import an_org, values


def test_person_account_has_its_contact(sandbox: SandboxProcess, org: Salesforce) -> None:
    sandbox.administer("person-accounts")
    person = {"LastName": "Byron", "FirstName": "Ada", "PersonEmail": "Ada@Example.com", "Auth0_User_Id__pc": "auth0|1"}

    account_id = org.Account.create(person)["id"]

    account = org.Account.get(account_id)
    assert (account["Name"], account["IsPersonAccount"], account["PersonEmail"]) == (
        "Ada Byron",
        True,
        "ada@example.com",
    )
    contact = org.Contact.get(account["PersonContactId"])
    assert (contact["Name"], contact["Email"], contact["AccountId"]) == ("Ada Byron", "ada@example.com", account_id)
    assert (contact["IsPersonAccount"], contact["Auth0_User_Id__c"]) == (True, "auth0|1")
    found = org.query("SELECT PersonContact.Email FROM Account WHERE PersonEmail = 'ada@example.com'")["records"]
    assert found[0]["PersonContact"]["Email"] == "ada@example.com"


def test_fields_of_people_are_only_there_when_person_accounts_are_on(sandbox: SandboxProcess, org: Salesforce) -> None:
    before = {field["name"] for field in org.Account.describe()["fields"]}
    sandbox.administer("person-accounts")
    after = {field["name"]: field for field in org.Account.describe()["fields"]}

    assert "PersonEmail" not in before
    assert {"IsPersonAccount", "PersonEmail", "PersonContactId", "PersonMailingCity", "LastName"} <= set(after)
    assert after["Name"]["nillable"] is True
    custom = after["Auth0_User_Id__pc"]
    assert (custom["externalId"], custom["unique"], custom["custom"]) == (False, False, True)


@pytest.mark.parametrize(
    ("fields", "code", "names"),
    [
        ({"Name": "Engines", "LastName": "Byron"}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["Name"]),
        ({"FirstName": "Ada"}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["FirstName"]),
        ({"Industry": "Energy"}, "REQUIRED_FIELD_MISSING", ["Name"]),
    ],
)
def test_account_is_a_person_or_a_business(fields: dict[str, Any], code: str, names: list[str]) -> None:
    org = an_org(person_accounts=True)

    with pytest.raises(RecordRefused) as refused:
        org.insert("Account", fields)

    (problem,) = refused.value.problems
    assert (problem.code, problem.fields) == (code, names)


def test_change_on_either_side_shows_on_both() -> None:
    org = an_org(person_accounts=True)
    account = org.insert("Account", {"LastName": "Byron"})
    contact = org.get("Account", account)["PersonContactId"]

    org.update("Account", account, {"LastName": "Lovelace", "PersonMailingCity": "London", "Phone": "1"})
    org.update("Contact", contact, {"Email": "ada@example.com", "Marketing_Consent__c": True})

    assert values(org, "SELECT Name, MailingCity, Phone FROM Contact") == [("Lovelace", "London", "1")]
    assert values(org, "SELECT Name, PersonEmail, Marketing_Consent__pc FROM Account") == [
        ("Lovelace", "ada@example.com", True)
    ]


def test_contact_of_a_person_goes_with_the_account_and_not_alone(sandbox: SandboxProcess, org: Salesforce) -> None:
    sandbox.administer("person-accounts")
    account = org.Account.create({"LastName": "Byron"})["id"]
    contact = org.Account.get(account)["PersonContactId"]

    with pytest.raises(SalesforceMalformedRequest) as refused:
        org.Contact.delete(contact)
    assert refused.value.content[0]["errorCode"] == "INVALID_PERSON_ACCOUNT_OPERATION"

    org.Account.delete(account)
    assert org.query("SELECT COUNT() FROM Contact")["totalSize"] == 0


def test_deleted_person_comes_back_whole() -> None:
    org = an_org(person_accounts=True)
    account = org.insert("Account", {"LastName": "Byron", "PersonEmail": "ada@example.com"})
    before = org.snapshot()
    org.delete("Account", account)
    assert (org.rows("Account"), org.rows("Contact")) == ([], [])

    org.undelete("Account", account)

    assert org.snapshot() == before


def test_merged_people_are_one_account_and_one_contact() -> None:
    org = an_org(person_accounts=True)
    master, loser = (org.insert("Account", {"LastName": name}) for name in ("Byron", "Lovelace"))
    master_contact, loser_contact = (org.get("Account", each)["PersonContactId"] for each in (master, loser))
    org.insert("Task", {"Subject": "Call", "WhoId": loser_contact})

    merge_records(org, "Account", master, [loser], {"PersonEmail": "ada@example.com"}, source="page")

    assert values(org, "SELECT Id, AccountId, Email FROM Contact") == [(master_contact, master, "ada@example.com")]
    assert values(org, "SELECT WhoId FROM Task") == [(master_contact,)]
    assert org.tables["Contact"].rows[loser_contact]["MasterRecordId"] == master_contact
    business = org.insert("Account", {"Name": "Engines"})
    with pytest.raises(RecordRefused, match="INVALID_PERSON_ACCOUNT_OPERATION"):
        merge_records(org, "Account", master, [business], {}, source="page")


def test_key_of_a_person_is_unique_among_all_contacts() -> None:
    org = an_org(person_accounts=True)
    org.insert("Contact", {"LastName": "Byron", "Auth0_User_Id__c": "auth0|1"})

    with pytest.raises(RecordRefused, match="DUPLICATE_VALUE"):
        org.insert("Account", {"LastName": "Byron", "Auth0_User_Id__pc": "auth0|1"})
    assert org.rows("Account") == []


def test_new_field_of_contact_shows_on_people() -> None:
    org = an_org(person_accounts=True)
    org.setup.define_field("Contact", CustomField(name="Tier__c", length=4))

    account = org.insert("Account", {"LastName": "Byron", "Tier__pc": "gold"})

    assert org.get("Contact", org.get("Account", account)["PersonContactId"])["Tier__c"] == "gold"


def test_lead_without_a_company_becomes_a_person() -> None:
    org = an_org(person_accounts=True)
    lead = org.insert("Lead", {"FirstName": "Ada", "LastName": "Byron", "Email": "ada@example.com"})

    result = convert_lead(org, Conversion(leadId=lead, doNotCreateOpportunity=True), source="page")

    account = org.get("Account", result["accountId"])
    assert (account["Name"], account["PersonEmail"]) == ("Ada Byron", "ada@example.com")
    assert account["PersonContactId"] == result["contactId"]


CHANGES = st.lists(
    st.tuples(
        st.booleans(),
        st.sampled_from(["LastName", "FirstName", "Phone", "Email", "MailingCity", "Title"]),
        st.sampled_from(["a@example.com", "b@example.com"]),
    ),
    max_size=8,
)


def sides(org: Org) -> tuple[list[Any], list[Any]]:
    (account,), (contact,) = org.rows("Account"), org.rows("Contact")
    pairs = sorted(org.person_fields.items())
    return [contact.get(name) for name, _ in pairs], [account.get(person) for _, person in pairs]


@given(CHANGES)
def test_account_and_contact_of_a_person_always_agree(changes: list[tuple[bool, str, str]]) -> None:
    org = an_org(person_accounts=True)
    account = org.insert("Account", {"LastName": "Byron", "PersonTitle": "Countess"})
    contact = org.get("Account", account)["PersonContactId"]

    for on_account, name, value in changes:
        if on_account:
            org.update("Account", account, {org.person_fields[name]: value})
        else:
            org.update("Contact", contact, {name: value})

    of_contact, of_account = sides(org)
    assert of_contact == of_account
    assert org.rows("Account")[0]["Name"] == org.rows("Contact")[0]["Name"]
