"""Lead conversion: what becomes of the lead, and what it becomes."""

import httpx
import pytest
from simple_salesforce import Salesforce, SalesforceMalformedRequest

from crosswalk_sandbox.process import SandboxFailedError, SandboxProcess
from crosswalk_sandbox.salesforce import RecordRefused
from crosswalk_sandbox.salesforce.lead_conversion import Conversion, convert_lead

from .builders import a_lead
from .orgs import an_org, values


def test_converted_lead_becomes_a_contact_of_a_new_account_with_an_opportunity(
    sandbox: SandboxProcess, org: Salesforce
) -> None:
    lead = a_lead(
        Email="ada@example.com", Phone="+44 20 1", City="London", LeadSource="Web", Auth0_User_Id__c="auth0|1"
    )
    lead_id = org.Lead.create(lead)["id"]

    result = sandbox.administer("convert", leadId=lead_id)

    converted = org.Lead.get(lead_id)
    assert converted["IsConverted"] is True
    assert converted["Status"] == "Closed - Converted"
    assert converted["ConvertedContactId"] == result["contactId"]
    assert converted["ConvertedAccountId"] == result["accountId"]
    assert converted["ConvertedOpportunityId"] == result["opportunityId"]
    contact = org.Contact.get(result["contactId"])
    assert (contact["Name"], contact["Email"], contact["MailingCity"]) == ("Ada Byron", "ada@example.com", "London")
    assert (contact["AccountId"], contact["Auth0_User_Id__c"]) == (result["accountId"], "auth0|1")
    account = org.Account.get(result["accountId"])
    assert (account["Name"], account["BillingCity"], account["Phone"]) == ("Analytical Engines", "London", "+44 20 1")
    opportunity = org.Opportunity.get(result["opportunityId"])
    assert (opportunity["Name"], opportunity["StageName"]) == ("Analytical Engines-", "Prospecting")
    assert opportunity["AccountId"] == result["accountId"]


def test_converted_lead_is_read_only_for_clients(sandbox: SandboxProcess, org: Salesforce) -> None:
    lead_id = org.Lead.create(a_lead(Auth0_User_Id__c="auth0|1"))["id"]
    sandbox.administer("convert", leadId=lead_id)

    for write in (
        lambda: org.Lead.update(lead_id, {"Title": "Countess"}),
        lambda: org.Lead.upsert("Auth0_User_Id__c/auth0|1", {"Title": "Countess"}),
        lambda: org.Task.create({"Subject": "Call", "WhoId": lead_id}),
    ):
        with pytest.raises(SalesforceMalformedRequest) as refused:
            write()
        assert refused.value.content[0]["errorCode"] == "CANNOT_UPDATE_CONVERTED_LEAD"
        assert refused.value.content[0]["message"] == "cannot reference converted lead"
    assert org.Lead.delete(lead_id) == 204


def test_second_conversion_is_refused(sandbox: SandboxProcess, org: Salesforce) -> None:
    lead_id = org.Lead.create(a_lead())["id"]
    sandbox.administer("convert", leadId=lead_id)

    with pytest.raises(SandboxFailedError, match="CANNOT_UPDATE_CONVERTED_LEAD"):
        sandbox.administer("convert", leadId=lead_id)


def test_conversion_into_a_known_contact_fills_only_what_is_empty() -> None:
    org = an_org()
    account = org.insert("Account", {"Name": "Engines"})
    contact = org.insert("Contact", {"LastName": "Byron", "Title": "Countess", "AccountId": account})
    lead = org.insert("Lead", a_lead(Title="Engineer", Email="ada@example.com"))

    order = Conversion(leadId=lead, accountId=account, contactId=contact, doNotCreateOpportunity=True)
    result = convert_lead(org, order, source="page")

    ids = {"leadId": lead, "accountId": account, "contactId": contact, "opportunityId": None}
    assert result == {**ids, "success": True}
    joined = org.get("Contact", contact)
    assert (joined["Title"], joined["Email"], joined["FirstName"]) == ("Countess", "ada@example.com", "Ada")
    assert (len(org.rows("Account")), len(org.rows("Contact")), len(org.rows("Opportunity"))) == (1, 1, 0)


def test_activities_and_campaigns_follow_the_contact() -> None:
    org = an_org()
    lead = org.insert("Lead", a_lead())
    org.insert("Task", {"Subject": "Call", "WhoId": lead})
    campaign = org.insert("Campaign", {"Name": "Spring"})
    org.insert("CampaignMember", {"CampaignId": campaign, "LeadId": lead})

    contact = convert_lead(org, Conversion(leadId=lead), source="page")["contactId"]

    assert values(org, "SELECT WhoId FROM Task") == [(contact,)]
    assert values(org, "SELECT LeadId, ContactId FROM CampaignMember") == [(lead, contact)]


def test_refused_conversion_leaves_nothing_behind() -> None:
    org = an_org()
    stranger = org.insert("Contact", {"LastName": "Babbage"})
    lead = org.insert("Lead", a_lead())
    before, writes = org.snapshot(), len(org.writes)

    with pytest.raises(RecordRefused, match="The contact is not associated with the specified account"):
        convert_lead(org, Conversion(leadId=lead, contactId=stranger), source="page")

    assert (org.snapshot(), len(org.writes)) == (before, writes)


def test_status_must_be_a_converted_one() -> None:
    org = an_org()
    lead = org.insert("Lead", a_lead())

    with pytest.raises(RecordRefused, match="INVALID_STATUS: invalid convertedStatus: Open"):
        convert_lead(org, Conversion(leadId=lead, convertedStatus="Open"), source="page")


def test_person_converts_a_lead_on_the_page(http: httpx.Client, org: Salesforce, sandbox: SandboxProcess) -> None:
    lead_id = org.Lead.create(a_lead())["id"]
    assert f"/sandbox/Lead/{lead_id}/convert" in http.get(f"/sandbox/Lead/{lead_id}").text

    reply = http.post(f"/sandbox/Lead/{lead_id}/convert")

    assert (reply.status_code, reply.headers["location"]) == (303, "/sandbox/")
    assert [(each["operation"], each["object"], each["source"]) for each in sandbox.writes(1)] == [
        ("create", "Account", "page"),
        ("create", "Contact", "page"),
        ("create", "Opportunity", "page"),
        ("update", "Lead", "page"),
    ]
    assert f"/sandbox/Lead/{lead_id}/convert" not in http.get(f"/sandbox/Lead/{lead_id}").text
