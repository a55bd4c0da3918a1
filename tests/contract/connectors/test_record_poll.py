"""Changed records by their time of change, asked of the sandbox org, whose times are whole seconds as the vendor's."""

from simple_salesforce import Salesforce

from crosswalk.connectors.salesforce.changes import change_of
from crosswalk.connectors.salesforce.client import SalesforceClient
from crosswalk.domain.event import Event
from crosswalk.domain.record import MODIFIED_FIELD
from crosswalk_sandbox.process import SandboxProcess
from tests.contract.connectors.test_salesforce_connector import other_client

BEGINNING = "2000-01-01T00:00:00.000+0000"


async def read(org: SalesforceClient, read_to: str | None = None) -> Event:
    [[event]] = [page async for page in org.changes_since("Lead", ["Title"], BEGINNING, read_to)]
    return event


def titles_within_one_second(crm: Salesforce, lead: str, *titles: str) -> str:
    """Give a record these titles, all in the same second; return the time of change."""
    while True:
        times = []
        for title in titles:
            crm.Lead.update(lead, {"Title": title})
            times.append(crm.Lead.get(lead)[MODIFIED_FIELD])
        if len(set(times)) == 1:
            return str(times[0])


async def test_what_was_changed_and_changed_back_within_the_second_that_was_read_is_told_once_more(
    org: SalesforceClient, sandbox: SandboxProcess
):
    crm = other_client(sandbox)
    lead = crm.Lead.create({"LastName": "Lovelace", "Company": "Known"})["id"]
    modified = titles_within_one_second(crm, lead, "COUNTESS", "Countess", "COUNTESS")

    first, again, same = await read(org), await read(org, modified), await read(org, modified)

    assert [change_of(event).fields[MODIFIED_FIELD] for event in (first, again)] == [modified, modified]
    assert first.id != again.id == same.id


async def test_what_changed_in_an_earlier_second_is_told_once(org: SalesforceClient, sandbox: SandboxProcess):
    other_client(sandbox).Lead.create({"LastName": "Lovelace", "Company": "Known"})

    first, same = await read(org), await read(org, "2040-01-01T00:00:00.000+0000")

    assert first.id == same.id
