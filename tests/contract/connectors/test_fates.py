"""What became of records, asked of the sandbox org."""

import pytest
from simple_salesforce import Salesforce

from crosswalk.connectors.base import LinkLost, Rejected
from crosswalk.connectors.salesforce.client import SalesforceClient
from crosswalk.domain.fate import Alive, Converted, Deleted, Merged, Vanished
from crosswalk.domain.ids import RecordId
from crosswalk.domain.place import Place
from crosswalk.domain.record import Record
from crosswalk.domain.write import Action, FieldWrite, Reason, RecordWrite
from crosswalk_sandbox.process import SandboxProcess
from tests.contract.connectors.test_salesforce_connector import other_client

KEY = "Auth0_User_Id__c"


@pytest.fixture
def crm(sandbox: SandboxProcess) -> Salesforce:
    return other_client(sandbox)


def a_lead(crm: Salesforce, name: str) -> RecordId:
    return RecordId(crm.Lead.create({"LastName": name, "Company": "Known"})["id"])


async def test_each_fate_is_told_in_one_call(org: SalesforceClient, crm: Salesforce, sandbox: SandboxProcess):
    there, converted, master, loser, deleted, restored = (a_lead(crm, f"Lead{number}") for number in range(6))
    answer = sandbox.administer("convert", leadId=converted)
    sandbox.administer("merge", object="Lead", master=master, losers=[loser], fields={})
    crm.Lead.delete(deleted)
    crm.Lead.delete(restored)
    sandbox.administer("undelete", object="Lead", id=restored)
    unknown = RecordId("00QHs00000zzzzzMAA")
    before = org.calls

    fates = await org.find_fates(
        "Lead", ["LastName", KEY], [there, converted, master, loser, deleted, restored, unknown]
    )

    assert org.calls - before == 1
    assert fates == {
        there: Alive(Record("Lead", there, {"LastName": "Lead0", KEY: None})),
        converted: Converted(answer["contactId"], answer["accountId"], answer["opportunityId"]),
        master: Alive(Record("Lead", master, {"LastName": "Lead2", KEY: None})),
        loser: Merged(master),
        deleted: Deleted(),
        restored: Alive(Record("Lead", restored, {"LastName": "Lead5", KEY: None})),
        unknown: Vanished(),
    }


async def test_a_converted_lead_that_was_deleted_lives_on_in_its_contact(
    org: SalesforceClient, crm: Salesforce, sandbox: SandboxProcess
):
    lead = a_lead(crm, "Gone")
    contact = sandbox.administer("convert", leadId=lead, doNotCreateOpportunity=True)["contactId"]
    crm.Lead.delete(lead)

    fates = await org.find_fates("Lead", [KEY], [lead])

    fate = fates[lead]
    assert isinstance(fate, Converted) and fate.contact_id == contact


async def test_objects_that_are_neither_merged_nor_converted_are_asked_for_deletion_alone(
    org: SalesforceClient, crm: Salesforce
):
    task = RecordId(crm.Task.create({"Subject": "Call"})["id"])
    crm.Task.delete(task)

    assert await org.find_fates("Task", ["Subject"], [task]) == {task: Deleted()}


async def test_a_write_to_a_converted_lead_means_a_lost_link_and_a_new_one_of_its_id_a_refusal(
    org: SalesforceClient, crm: Salesforce, sandbox: SandboxProcess
):
    lead = RecordId(crm.Lead.create({"LastName": "Both", "Company": "Known", KEY: "auth0|both"})["id"])
    sandbox.administer("convert", leadId=lead)
    field = FieldWrite("LastName", "Both", "New", Reason.CHANGED, Place("crosswalk.yaml", 1))

    [update, create] = await org.write(
        [
            RecordWrite(Action.UPDATE, "Lead", lead, (KEY, "auth0|other"), (field,)),
            RecordWrite(Action.CREATE, "Lead", None, (KEY, "auth0|both"), (field,)),
        ]
    )

    assert isinstance(update, LinkLost) and update.code == "CANNOT_UPDATE_CONVERTED_LEAD"
    assert isinstance(create, Rejected) and create.code == "CANNOT_UPDATE_CONVERTED_LEAD"
