"""Many records by a job of the Bulk API 2.0, against the sandbox org: results as by calls, and no write twice."""

from collections.abc import AsyncIterator, Sequence

import pytest
from msgspec.structs import replace

from crosswalk.connectors.base import BulkJob, Rejected, RetryLater, Written
from crosswalk.connectors.salesforce.client import SalesforceClient
from crosswalk.connectors.salesforce.settings import SalesforceSettings
from crosswalk.domain.write import RecordWrite
from crosswalk_sandbox.process import SandboxProcess
from tests.contract.connectors.test_salesforce_connector import KEY, a_lead, an_update, leads_of

ABOVE = 4


class Book:
    """Remembers jobs in memory."""

    def __init__(self, jobs: Sequence[BulkJob] = ()) -> None:
        self.jobs = list(jobs)
        self.under_way: set[str] = set()

    async def started(self, job: BulkJob) -> None:
        self.jobs.append(job)
        self.under_way.add(job.id)

    def ended(self, job: BulkJob) -> None:
        self.under_way.discard(job.id)


@pytest.fixture
async def bulk_org(salesforce_settings: SalesforceSettings) -> AsyncIterator[SalesforceClient]:
    async with SalesforceClient(replace(salesforce_settings, bulk_above=ABOVE)) as client:
        yield client


def leads(number: int, **fields: str | None) -> list[RecordWrite]:
    return [a_lead(f"auth0|{index}", **{"Title": f"Buyer, {index}", **fields}) for index in range(number)]


def jobs_made(sandbox: SandboxProcess) -> int:
    return sum(count for path, count in sandbox.calls()["by_path"].items() if path.endswith("/jobs/ingest"))


def collections_sent(sandbox: SandboxProcess) -> int:
    return sum(count for path, count in sandbox.calls()["by_path"].items() if "composite/sobjects" in path)


async def test_many_creates_go_out_by_one_job_and_are_there_for_another_client(
    bulk_org: SalesforceClient, sandbox: SandboxProcess
) -> None:
    results = await bulk_org.write_in_bulk(leads(5, LastName='Ito "the ｲﾄｳ",\nJunior'), book := Book())

    found = leads_of(sandbox)
    assert results == [Written(lead["Id"], created=True) for lead in found]
    assert [(lead[KEY], lead["Title"]) for lead in found] == [(f"auth0|{n}", f"Buyer, {n}") for n in range(5)]
    assert {lead["LastName"] for lead in found} == {'Ito "the ｲﾄｳ",\nJunior'}
    assert (jobs_made(sandbox), collections_sent(sandbox)) == (1, 0)
    assert (len(book.jobs), book.under_way) == (1, set())


async def test_updates_empty_a_field_and_leave_alone_what_they_do_not_name(
    bulk_org: SalesforceClient, sandbox: SandboxProcess
) -> None:
    created = await bulk_org.write(leads(5))
    ids = [result.record_id for result in created if isinstance(result, Written)]
    updates = [an_update(record_id, f"auth0|{n}", LastName="Sato") for n, record_id in enumerate(ids[:-1])]
    updates.append(an_update(ids[-1], "auth0|4", Title=None))

    results = await bulk_org.write_in_bulk(updates, Book())

    assert results == [Written(record_id, created=False) for record_id in ids]
    assert [(lead["LastName"], lead["Title"]) for lead in leads_of(sandbox)] == [
        *(("Sato", f"Buyer, {n}") for n in range(4)),
        ("Ito", None),
    ]
    assert jobs_made(sandbox) == 1


async def test_a_row_that_fails_has_its_own_result_as_by_calls(bulk_org: SalesforceClient) -> None:
    writes = [*leads(5), a_lead("auth0|long", LastName="x" * 81), a_lead("auth0|none", Company=None)]

    by_job = await bulk_org.write_in_bulk(writes, Book())
    by_calls = await bulk_org.write(writes)

    assert [type(result) for result in by_job] == [Written] * 5 + [Rejected] * 2
    assert [(r.code, r.fields) for r in by_job if isinstance(r, Rejected)] == [
        ("STRING_TOO_LONG", ("LastName",)),
        ("REQUIRED_FIELD_MISSING", ("Company",)),
    ]
    assert [(r.code, r.fields) for r in by_calls if isinstance(r, Rejected)] == [
        ("STRING_TOO_LONG", ("LastName",)),
        ("REQUIRED_FIELD_MISSING", ("Company",)),
    ]


async def test_few_records_and_those_that_are_written_twice_go_out_by_calls(
    bulk_org: SalesforceClient, sandbox: SandboxProcess
) -> None:
    twice = [a_lead("auth0|twice", Title="First"), a_lead("AUTH0|TWICE", Title="Second")]

    few = await bulk_org.write_in_bulk(leads(ABOVE), Book())
    mixed = await bulk_org.write_in_bulk([*leads(ABOVE, LastName="Sato"), *twice], Book())

    assert [type(result) for result in [*few, *mixed]] == [Written] * (2 * ABOVE + 2)
    assert jobs_made(sandbox) == 0


async def test_a_text_that_csv_would_take_for_nothing_goes_out_by_a_call(
    bulk_org: SalesforceClient, sandbox: SandboxProcess
) -> None:
    results = await bulk_org.write_in_bulk([*leads(5), a_lead("auth0|odd", Title="#N/A")], Book())

    assert len([r for r in results if isinstance(r, Written)]) == 6
    assert leads_of(sandbox)[-1]["Title"] == "#N/A"
    assert jobs_made(sandbox) == 1


async def test_what_a_job_of_the_same_batch_wrote_is_not_written_again(
    bulk_org: SalesforceClient, sandbox: SandboxProcess
) -> None:
    """As after a crash between the upload and the books; meanwhile one of the plans came to be another."""
    before = Book()
    first = await bulk_org.write_in_bulk(leads(6), before)
    again = [*leads(5), a_lead("auth0|5", Title="Director")]

    results = await bulk_org.write_in_bulk(again, Book(before.jobs))

    assert results[:5] == first[:5]
    assert isinstance(results[5], Written)
    assert not results[5].created
    assert leads_of(sandbox)[-1]["Title"] == "Director"
    assert (jobs_made(sandbox), collections_sent(sandbox)) == (1, 1)


async def test_a_job_that_was_never_closed_is_given_up_and_its_rows_written_anew(
    bulk_org: SalesforceClient, sandbox: SandboxProcess
) -> None:
    rules = [
        {
            "vendor": "salesforce",
            "effect": {"kind": "drop", "at": "before-reading"},
            "match": {"methods": ["PUT"]},
        }
    ]
    sandbox.fault_rules(rules)
    book = Book()
    failed = await bulk_org.write_in_bulk(leads(5), book)
    sandbox.fault_rules([])

    results = await bulk_org.write_in_bulk(leads(5), Book(book.jobs))

    assert {type(result) for result in failed} == {RetryLater}
    assert book.under_way == {job.id for job in book.jobs}
    assert {type(result) for result in results} == {Written}
    assert len(leads_of(sandbox)) == 5


async def test_an_org_that_takes_no_jobs_is_written_to_by_calls(
    bulk_org: SalesforceClient, sandbox: SandboxProcess
) -> None:
    rules = [
        {
            "vendor": "salesforce",
            "effect": {"kind": "status", "status": 403},
            "match": {"path": "*/jobs/ingest"},
        }
    ]
    sandbox.fault_rules(rules)

    results = await bulk_org.write_in_bulk(leads(5), Book())

    assert {type(result) for result in results} == {Written}
    assert collections_sent(sandbox) == 1
    sandbox.fault_rules([])
