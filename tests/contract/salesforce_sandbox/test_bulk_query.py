"""Jobs that read: pages of CSV, locators, and queries that jobs cannot run."""

import csv
import io
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from simple_salesforce import Salesforce

from .builders import API
from .test_bulk_ingest import run_job, until

QUERY = f"{API}/jobs/query"


def run_query_job(http: httpx.Client, query: str, operation: str = "query", **more: Any) -> dict[str, Any]:
    job_id = http.post(QUERY, json={"operation": operation, "query": query, **more}).json()["id"]
    info: dict[str, Any] = until(
        lambda: http.get(f"{QUERY}/{job_id}").json(), lambda job: job["state"] in ("JobComplete", "Failed")
    )
    return info


def a_crowd(http: httpx.Client, count: int) -> None:
    run_job(http, "LastName\n" + "".join(f"Person {number:05}\n" for number in range(count)))


def test_independent_client_reads_all_pages(http: httpx.Client, org: Salesforce) -> None:
    a_crowd(http, 1001)

    pages = list(org.bulk2.Contact.query("SELECT Id, Name FROM Contact ORDER BY Name", max_records=400, wait=0))

    assert [len(list(csv.DictReader(io.StringIO(page)))) for page in pages] == [400, 400, 201]
    names = [row["Name"] for page in pages for row in csv.DictReader(io.StringIO(page))]
    assert names == [f"Person {number:05}" for number in range(1001)]


def test_independent_client_downloads_to_files(http: httpx.Client, org: Salesforce, tmp_path: Path) -> None:
    a_crowd(http, 30)

    results = org.bulk2.Contact.download("SELECT Name FROM Contact", path=str(tmp_path), max_records=20, wait=0)

    assert [result["number_of_records"] for result in results] == [20, 10]
    assert [len(Path(result["file"]).read_text().splitlines()) for result in results] == [21, 11]


def test_cells_are_quoted_and_parents_are_columns(http: httpx.Client) -> None:
    account = http.post(f"{API}/sobjects/Account", json={"Name": 'The "Engines"'}).json()["id"]
    person = {"LastName": "Byron", "AccountId": account, "Birthdate": "1815-12-10", "Marketing_Consent__c": True}
    created = http.post(f"{API}/sobjects/Contact", json=person).json()["id"]
    http.post(f"{API}/sobjects/Contact", json={"LastName": "King"})
    stamp = http.get(f"{API}/sobjects/Contact/{created}").json()["CreatedDate"]

    query = "select lastname, account.name, Birthdate, Marketing_Consent__c, CreatedDate from contact order by lastname"
    info = run_query_job(http, query)

    reply = http.get(f"{QUERY}/{info['id']}/results")
    lines = reply.text.splitlines()
    assert reply.headers["content-type"] == "text/csv; charset=UTF-8"
    assert (reply.headers["sforce-locator"], reply.headers["sforce-numberofrecords"]) == ("null", "2")
    assert lines[0] == '"LastName","Account.Name","Birthdate","Marketing_Consent__c","CreatedDate"'
    assert lines[1] == f'"Byron","The ""Engines""","1815-12-10","true","{stamp.replace("+0000", "Z")}"'
    assert lines[2].startswith('"King","","","false",')


def test_query_job_describes_itself_as_the_vendor_does(http: httpx.Client) -> None:
    order = {"operation": "query", "query": "SELECT Id FROM Contact", "lineEnding": "CRLF", "columnDelimiter": "PIPE"}
    made = http.post(QUERY, json=order).json()

    assert made == {
        "id": "750Hs0000000001IAA",
        "operation": "query",
        "object": "Contact",
        "createdById": "005Hs0000000001IAA",
        "createdDate": made["createdDate"],
        "systemModstamp": made["systemModstamp"],
        "state": "UploadComplete",
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": 62.0,
        "lineEnding": "CRLF",
        "columnDelimiter": "PIPE",
    }
    info = until(lambda: http.get(f"{QUERY}/{made['id']}").json(), lambda job: job["state"] == "JobComplete")
    assert (info["jobType"], info["numberRecordsProcessed"], info["retries"]) == ("V2Query", 0, 0)
    assert http.get(f"{QUERY}/{made['id']}/results").text == '"Id"\r\n'
    assert [job["id"] for job in http.get(QUERY).json()["records"]] == [made["id"]]
    assert http.delete(f"{QUERY}/{made['id']}").status_code == 204
    assert http.get(f"{QUERY}/{made['id']}").status_code == 404


def test_query_all_sees_the_recycle_bin(http: httpx.Client) -> None:
    contact = http.post(f"{API}/sobjects/Contact", json={"LastName": "Byron"}).json()["id"]
    http.delete(f"{API}/sobjects/Contact/{contact}")

    plain = run_query_job(http, "SELECT Id FROM Contact")
    everything = run_query_job(http, "SELECT Id FROM Contact", "queryAll")

    assert (plain["numberRecordsProcessed"], everything["numberRecordsProcessed"]) == (0, 1)


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ("SELECT FROM Contact", "MALFORMED_QUERY", "unexpected token"),
        ("SELECT Nickname FROM Contact", "INVALID_FIELD", "No such column 'Nickname'"),
        ("SELECT Id FROM Unicorn", "INVALID_TYPE", "sObject type 'Unicorn' is not supported"),
        ("SELECT COUNT() FROM Contact", "API_ERROR", "not supported in Bulk Query"),
        ("SELECT COUNT(Id) FROM Contact", "API_ERROR", "not supported in Bulk Query"),
        ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "API_ERROR", "not supported in Bulk Query"),
        ("SELECT MailingAddress FROM Contact", "API_ERROR", "Selecting compound data not supported in Bulk Query"),
        ("", "INVALIDJOB", "a query job needs its query"),
    ],
)
def test_query_that_a_job_cannot_run_is_refused_at_once(
    http: httpx.Client, query: str, code: str, message: str
) -> None:
    reply = http.post(QUERY, json={"operation": "query", "query": query})

    (error,) = reply.json()
    assert (reply.status_code, error["errorCode"]) == (400, code)
    assert message in error["message"]


def test_query_job_holds_back_no_other_call(http: httpx.Client) -> None:
    a_crowd(http, 5_000)

    started = time.perf_counter()
    job_id = http.post(QUERY, json={"operation": "query", "query": "SELECT Id, Name FROM Contact"}).json()["id"]
    reply = http.post(f"{API}/sobjects/Lead", json={"LastName": "B", "Company": "C"})
    waited = time.perf_counter() - started

    assert reply.status_code == 201
    assert waited < 1
    info = until(lambda: http.get(f"{QUERY}/{job_id}").json(), lambda job: job["state"] == "JobComplete")
    assert info["numberRecordsProcessed"] == 5_000
