"""The further objects: what describes say of them, what they compute, what they refuse, and custom ones."""

import tracemalloc
from datetime import UTC, datetime
from typing import Any

import pytest
from simple_salesforce import Salesforce, SalesforceMalformedRequest

from crosswalk_sandbox.process import SandboxProcess
from crosswalk_sandbox.salesforce import Org, RecordRefused
from crosswalk_sandbox.salesforce.catalog import OBJECT_NAMES

from .orgs import an_org, values

A_USER = {
    "Username": "ada@example.com",
    "LastName": "Byron",
    "Email": "ada@example.com",
    "Alias": "ada",
    "TimeZoneSidKey": "Europe/London",
    "LocaleSidKey": "en_GB",
    "EmailEncodingKey": "UTF-8",
    "LanguageLocaleKey": "en_US",
}
A_DEAL = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-05-01"}


@pytest.mark.parametrize("name", OBJECT_NAMES)
def test_every_object_describes_every_attribute_of_its_fields(name: str) -> None:
    described = an_org().objects[name].describe("v62.0", "https://org.example")

    assert {len(field) for field in described["fields"]} == {57}
    assert described["urls"]["sobject"] == f"/services/data/v62.0/sobjects/{name}"
    assert described["fields"][0]["name"] == "Id"


@pytest.mark.parametrize("name", OBJECT_NAMES)
def test_child_relationships_lead_to_fields_that_point_back(name: str) -> None:
    org = an_org()

    for child in org.schema[name].child_relationships:
        assert name in org.schema[child.object].fields[child.field].references
        assert org.tables[child.object].is_indexed(child.field)


def inserted(org: Org, name: str, **fields: Any) -> dict[str, Any]:
    return org.get(name, org.insert(name, fields))


def test_opportunity_follows_its_stage() -> None:
    org = an_org()
    deal = inserted(org, "Opportunity", **A_DEAL, Amount=200)
    shown = ("Probability", "ExpectedRevenue", "IsClosed", "IsWon", "ForecastCategoryName", "Fiscal")
    assert [deal[name] for name in shown] == [10, 20.0, False, False, "Pipeline", "2026 2"]

    org.update("Opportunity", deal["Id"], {"StageName": "Closed Won"})

    deal = org.get("Opportunity", deal["Id"])
    assert [deal[name] for name in shown] == [100, 200.0, True, True, "Closed", "2026 2"]


def test_case_has_a_number_and_takes_after_its_contact() -> None:
    org = an_org()
    account = org.insert("Account", {"Name": "Engines"})
    contact = org.insert("Contact", {"LastName": "Byron", "Email": "ada@example.com", "AccountId": account})

    case = inserted(org, "Case", Subject="Broken", ContactId=contact)
    assert (case["CaseNumber"], case["AccountId"], case["ContactEmail"]) == ("00001000", account, "ada@example.com")
    assert (case["Status"], case["IsClosed"], case["ClosedDate"]) == ("New", False, None)

    org.update("Case", case["Id"], {"Status": "Closed"})
    case = org.get("Case", case["Id"])
    assert (case["IsClosed"], case["ClosedDate"]) == (True, "2026-03-04T12:00:00.000+0000")


def test_task_is_closed_when_completed_and_belongs_to_an_account() -> None:
    org = an_org()
    account = org.insert("Account", {"Name": "Engines"})
    contact = org.insert("Contact", {"LastName": "Byron", "AccountId": account})

    task = inserted(org, "Task", Subject="Call", WhoId=contact)
    assert [task[name] for name in ("Status", "Priority", "IsClosed", "AccountId")] == [
        "Not Started",
        "Normal",
        False,
        account,
    ]

    org.update("Task", task["Id"], {"Status": "Completed"})
    task = org.get("Task", task["Id"])
    assert (task["IsClosed"], task["CompletedDateTime"]) == (True, "2026-03-04T12:00:00.000+0000")


def test_event_has_a_start_an_end_and_a_duration() -> None:
    org = an_org()
    start = "2026-03-05T10:00:00Z"

    by_duration = inserted(org, "Event", Subject="Call", StartDateTime=start, DurationInMinutes=90)
    by_end = inserted(org, "Event", Subject="Call", StartDateTime=start, EndDateTime="2026-03-05T10:30:00Z")

    assert (by_duration["EndDateTime"], by_duration["ActivityDate"]) == ("2026-03-05T11:30:00.000+0000", "2026-03-05")
    assert by_end["DurationInMinutes"] == 30
    with pytest.raises(RecordRefused, match="DurationInMinutes"):
        org.insert("Event", {"Subject": "Call", "StartDateTime": start})
    with pytest.raises(RecordRefused, match="Event duration can not be negative"):
        org.insert("Event", {"StartDateTime": start, "EndDateTime": "2026-03-05T09:00:00Z"})


def test_person_is_once_in_a_campaign(org: Salesforce) -> None:
    campaign = org.Campaign.create({"Name": "Spring"})["id"]
    lead = org.Lead.create({"LastName": "Byron", "Company": "Engines", "Email": "ada@example.com"})["id"]

    member = org.CampaignMember.create({"CampaignId": campaign, "LeadId": lead, "Status": "Responded"})["id"]

    shown = org.CampaignMember.get(member)
    assert (shown["Email"], shown["CompanyOrAccount"], shown["HasResponded"]) == ("ada@example.com", "Engines", True)
    with pytest.raises(SalesforceMalformedRequest, match="Already a campaign member"):
        org.CampaignMember.create({"CampaignId": campaign, "LeadId": lead})
    with pytest.raises(SalesforceMalformedRequest, match="REQUIRED_FIELD_MISSING"):
        org.CampaignMember.create({"CampaignId": campaign})


def test_products_are_sold_and_become_assets() -> None:
    org = an_org()
    product = org.insert("Product2", {"Name": "Engine", "ProductCode": "E-1"})
    deal = org.insert("Opportunity", A_DEAL)

    line = inserted(org, "OpportunityLineItem", OpportunityId=deal, Product2Id=product, Quantity=3, UnitPrice=2.5)
    assert (line["TotalPrice"], line["Name"], line["ProductCode"]) == (7.5, "Deal Engine", "E-1")
    with pytest.raises(RecordRefused, match="Every asset needs an account, a contact, or both"):
        org.insert("Asset", {"Name": "Engine 1", "Product2Id": product})
    with pytest.raises(RecordRefused, match="DELETE_FAILED"):
        org.delete("Product2", product)
    org.delete("Opportunity", deal)
    assert org.rows("OpportunityLineItem") == []


def test_contract_ends_when_its_term_is_over() -> None:
    org = an_org()
    account = org.insert("Account", {"Name": "Engines"})

    contract = inserted(org, "Contract", AccountId=account, StartDate="2026-01-31", ContractTerm=1)

    assert (contract["EndDate"], contract["ContractNumber"], contract["Status"]) == ("2026-02-27", "00000100", "Draft")


def test_user_needs_a_profile_and_a_name_of_its_own(org: Salesforce) -> None:
    profile = org.query("SELECT Id FROM Profile WHERE Name = 'Standard User'")["records"][0]["Id"]
    user = org.User.create({**A_USER, "ProfileId": profile, "FederationIdentifier": "auth0|1"})["id"]

    shown = org.User.get(user)
    assert (shown["Name"], shown["IsActive"], shown["CommunityNickname"]) == ("Byron", True, "ada")
    with pytest.raises(SalesforceMalformedRequest) as refused:
        org.User.create({**A_USER, "ProfileId": profile})
    assert refused.value.content[0]["errorCode"] == "DUPLICATE_USERNAME"
    with pytest.raises(SalesforceMalformedRequest, match=r"REQUIRED_FIELD_MISSING.*ProfileId"):
        org.User.create(A_USER)
    with pytest.raises(SalesforceMalformedRequest, match="entity type cannot be deleted: User"):
        org.User.delete(user)
    with pytest.raises(SalesforceMalformedRequest, match="entity type cannot be inserted: Profile"):
        org.Profile.create({})


def test_permission_set_is_assigned_once(org: Salesforce) -> None:
    user = org.query("SELECT Id FROM User")["records"][0]["Id"]
    permission_set = org.query("SELECT Id FROM PermissionSet WHERE Name = 'Identity_Integration'")["records"][0]["Id"]
    assignment = {"AssigneeId": user, "PermissionSetId": permission_set}
    first = org.PermissionSetAssignment.create(assignment)["id"]

    with pytest.raises(SalesforceMalformedRequest) as refused:
        org.PermissionSetAssignment.create(assignment)

    assert refused.value.content[0]["errorCode"] == "DUPLICATE_VALUE"
    assert org.PermissionSetAssignment.delete(first) == 204
    assert org.PermissionSetAssignment.create(assignment)["success"] is True


def test_consent_is_kept_for_an_individual() -> None:
    org = an_org()
    individual = org.insert("Individual", {"FirstName": "Ada", "LastName": "Byron"})
    org.insert("Contact", {"LastName": "Byron", "IndividualId": individual})
    purpose = org.insert("DataUsePurpose", {"Name": "Newsletter"})
    point = inserted(org, "ContactPointEmail", ParentId=individual, EmailAddress="ada@example.com")
    consent = {"Name": "Newsletter", "PartyId": individual, "DataUsePurposeId": purpose, "ContactPointType": "Email"}
    capture = {"CaptureContactPointType": "Web", "CaptureSource": "sign-up", "CaptureDate": "2026-03-04T12:00:00Z"}
    org.insert("ContactPointTypeConsent", {**consent, **capture, "PrivacyConsentStatus": "OptOut"})

    assert point["EmailDomain"] == "example.com"
    query = "SELECT Party.Name, DataUsePurpose.Name, PrivacyConsentStatus FROM ContactPointTypeConsent"
    ((party, use, status),) = values(org, query)
    assert (party["Name"], use["Name"], status) == ("Ada Byron", "Newsletter", "OptOut")
    with pytest.raises(RecordRefused, match="INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"):
        org.insert("ContactPointTypeConsent", {**consent, **capture, "PrivacyConsentStatus": "Maybe"})
    org.delete("Individual", individual)
    assert org.rows("ContactPointTypeConsent") == org.rows("ContactPointEmail") == []
    assert values(org, "SELECT IndividualId FROM Contact") == [(None,)]


def test_reference_of_the_wrong_kind_is_refused() -> None:
    org = an_org()
    account = org.insert("Account", {"Name": "Engines"})

    with pytest.raises(RecordRefused, match=f"FIELD_INTEGRITY_EXCEPTION: Name ID: .* {account}"):
        org.insert("Task", {"Subject": "Call", "WhoId": account})


def test_custom_object_takes_part_in_everything(sandbox: SandboxProcess, org: Salesforce) -> None:
    fields = [
        {"name": "Number__c", "is_external_id": True, "is_unique": True, "length": 20},
        {"name": "Level__c", "type": "picklist", "values": ["Gold", "Silver"], "is_restricted": True},
        {
            "name": "Contact__c",
            "type": "reference",
            "reference_to": "Contact",
            "child_relationship": "Memberships",
            "is_master_detail": True,
        },
    ]
    sandbox.administer("objects", name="Membership__c", fields=fields)
    contact = org.Contact.create({"LastName": "Byron", "Auth0_User_Id__c": "auth0|1"})["id"]
    by_key = {"Contact__r": {"Auth0_User_Id__c": "auth0|1"}, "Level__c": "Gold"}
    assert org.Membership__c.upsert("Number__c/M-1", by_key) == 201

    query = "SELECT LastName, (SELECT Number__c, Contact__r.LastName FROM Memberships__r) FROM Contact"
    (member,) = org.query(query)["records"][0]["Memberships__r"]["records"]

    assert (member["Number__c"], member["Contact__r"]["LastName"]) == ("M-1", "Byron")
    assert org.Membership__c.describe()["keyPrefix"] == "a00"
    with pytest.raises(SalesforceMalformedRequest, match="bad value for restricted picklist field: Lead"):
        org.Membership__c.upsert("Number__c/M-1", {"Level__c": "Lead"})
    org.Contact.delete(contact)
    assert org.query("SELECT COUNT() FROM Membership__c")["totalSize"] == 0

    sandbox.reset()
    assert "Membership__c" not in {each["name"] for each in org.describe()["sobjects"]}


def test_custom_field_has_its_types_attributes(sandbox: SandboxProcess, org: Salesforce) -> None:
    sandbox.administer("fields", object="Lead", field={"name": "Score__c", "type": "double"})
    sandbox.administer("fields", object="Lead", field={"name": "Is_Vip__c", "type": "boolean"})

    described = {field["name"]: field for field in org.Lead.describe()["fields"]}
    lead = org.Lead.create({"LastName": "Byron", "Company": "Engines", "Score__c": "1.5"})["id"]

    assert [described["Score__c"][name] for name in ("type", "soapType", "precision", "nillable")] == [
        "double",
        "xsd:double",
        18,
        True,
    ]
    shown = org.Lead.get(lead)
    assert (shown["Score__c"], shown["Is_Vip__c"]) == (1.5, False)


def test_loaded_records_keep_to_the_rules_and_are_no_news() -> None:
    org = an_org(now=datetime(2026, 3, 4, tzinfo=UTC))

    ids = org.load("Contact", ({"LastName": f"L{number}", "Email": f"{number}@example.com"} for number in range(3)))

    assert [row["Id"] for row in org.rows("Contact")] == ids
    assert len(org.writes) == 0
    assert values(org, "SELECT Name FROM Contact WHERE Email = '2@EXAMPLE.com'") == [("L2",)]
    with pytest.raises(RecordRefused, match="INVALID_EMAIL_ADDRESS"):
        org.load("Contact", [{"LastName": "Byron", "Email": "nobody"}])


def test_loaded_contact_takes_less_than_three_kilobytes() -> None:
    org = an_org()
    people = [
        {
            "FirstName": "Agnieszka",
            "LastName": f"Nowak{number % 50}",
            "Email": f"a.{number}@example.com",
            "Phone": f"+48 512 {number:06d}",
            "Auth0_User_Id__c": f"auth0|{number:024x}",
        }
        for number in range(3000)
    ]

    tracemalloc.start()
    try:
        org.load("Contact", people)
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert used / len(people) < 3000
