"""Jobs that write: the independent client's own round trips, the rules for files, and what a job says about itself."""

import csv
import io
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from simple_salesforce import Salesforce

from crosswalk_sandbox.process import SandboxProcess
from crosswalk_sandbox.salesforce.bulk import endpoints

from .builders import API
from .in_process import Clock, an_org, client_of

INGEST = f"{API}/jobs/ingest"
DEADLINE_SECONDS = 20


def until(found: Callable[[], Any], wanted: Callable[[Any], bool]) -> Any:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not wanted(value := found()):
        assert time.monotonic() < deadline, f"still {value}"
        time.sleep(0.01)
    return value


def open_job(http: httpx.Client, operation: str = "insert", object_name: str = "Contact", **more: Any) -> str:
    order = {"operation": operation, "object": object_name, "contentType": "CSV", **more}
    reply = http.post(INGEST, json=order)
    assert reply.status_code == 200, reply.text
    job_id: str = reply.json()["id"]
    return job_id


def run_job(http: httpx.Client, content: str, operation: str = "insert", **more: Any) -> dict[str, Any]:
    """Make, fill and close a job, and wait for its end; returns what it says about itself then."""
    job_id = open_job(http, operation, **more)
    headers = {"Content-Type": "text/csv"}
    assert http.put(f"{INGEST}/{job_id}/batches", content=content, headers=headers).status_code == 201
    assert http.patch(f"{INGEST}/{job_id}", json={"state": "UploadComplete"}).status_code == 200
    ended = ("JobComplete", "Failed", "Aborted")
    info: dict[str, Any] = until(lambda: http.get(f"{INGEST}/{job_id}").json(), lambda job: job["state"] in ended)
    return info


def rows_of(http: httpx.Client, job_id: str, kind: str) -> list[dict[str, str]]:
    reply = http.get(f"{INGEST}/{job_id}/{kind}")
    assert (reply.status_code, reply.headers["content-type"]) == (200, "text/csv; charset=UTF-8")
    return list(csv.DictReader(io.StringIO(reply.text)))


def test_independent_client_inserts_and_reads_its_results(org: Salesforce) -> None:
    records = [{"LastName": f"Person {number}", "Email": f"p{number}@example.com"} for number in range(450)]
    records.append({"LastName": "", "Email": "nameless@example.com"})

    (result,) = org.bulk2.Contact.insert(records=records, wait=0)

    assert {key: result[key] for key in ("numberRecordsTotal", "numberRecordsProcessed", "numberRecordsFailed")} == {
        "numberRecordsTotal": 451,
        "numberRecordsProcessed": 451,
        "numberRecordsFailed": 1,
    }
    successes = list(csv.DictReader(io.StringIO(org.bulk2.Contact.get_successful_records(result["job_id"]))))
    (failure,) = csv.DictReader(io.StringIO(org.bulk2.Contact.get_failed_records(result["job_id"])))
    assert len(successes) == 450
    assert successes[0]["sf__Created"] == "true"
    assert org.Contact.get(successes[0]["sf__Id"])["Email"] == successes[0]["Email"]
    assert failure["sf__Error"] == "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --"
    assert failure["sf__Id"] == ""
    assert failure["Email"] == "nameless@example.com"
    assert org.query("SELECT COUNT() FROM Contact")["totalSize"] == 450


def test_independent_client_upserts_updates_and_deletes(org: Salesforce) -> None:
    people = [{"Auth0_User_Id__c": f"auth0|{number}", "LastName": "Byron"} for number in range(10)]
    org.bulk2.Contact.upsert(records=people[:4], external_id_field="Auth0_User_Id__c", wait=0)

    (upserted,) = org.bulk2.Contact.upsert(records=people, external_id_field="Auth0_User_Id__c", wait=0)

    results = org.bulk2.Contact.get_all_ingest_records(upserted["job_id"])
    created = [row["sf__Created"] for row in results["successfulRecords"]]
    assert created == ["false"] * 4 + ["true"] * 6
    ids = [row["sf__Id"] for row in results["successfulRecords"]]
    org.bulk2.Contact.update(records=[{"Id": each, "Title": "Countess"} for each in ids], wait=0)
    org.bulk2.Contact.delete(records=[{"Id": each} for each in ids[:3]], wait=0)
    assert org.query("SELECT COUNT() FROM Contact WHERE Title = 'Countess'")["totalSize"] == 7


def test_job_describes_itself_as_the_vendor_does(http: httpx.Client) -> None:
    made = http.post(INGEST, json={"operation": "insert", "object": "contact", "contentType": "CSV"}).json()

    assert made == {
        "id": "750Hs0000000001IAA",
        "operation": "insert",
        "object": "Contact",
        "createdById": "005Hs0000000001IAA",
        "createdDate": made["createdDate"],
        "systemModstamp": made["createdDate"],
        "state": "Open",
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": 62.0,
        "lineEnding": "LF",
        "columnDelimiter": "COMMA",
        "contentUrl": "services/data/v62.0/jobs/ingest/750Hs0000000001IAA/batches",
    }
    info = run_job(http, "LastName\nByron\n")
    assert (info["state"], info["jobType"], info["retries"]) == ("JobComplete", "V2Ingest", 0)
    assert (info["numberRecordsProcessed"], info["numberRecordsFailed"]) == (1, 0)
    assert "contentUrl" not in info


def test_empty_cell_keeps_a_value_and_na_clears_it(http: httpx.Client) -> None:
    person = {"LastName": "Byron", "Title": "Countess", "Department": "Poetry", "Auth0_User_Id__c": "a"}
    contact = http.post(f"{API}/sobjects/Contact", json=person).json()["id"]

    content = f"Id,Title,Department,Marketing_Consent__c\n{contact},,#N/A,TRUE\n"
    info = run_job(http, content, "update")

    row = http.get(f"{API}/sobjects/Contact/{contact}").json()
    assert info["numberRecordsFailed"] == 0
    assert (row["Title"], row["Department"], row["Marketing_Consent__c"]) == ("Countess", None, True)


@pytest.mark.parametrize(
    ("delimiter", "character"),
    [("COMMA", ","), ("SEMICOLON", ";"), ("PIPE", "|"), ("TAB", "\t"), ("CARET", "^"), ("BACKQUOTE", "`")],
)
def test_delimiters_quotes_and_line_endings_come_back_as_they_went(
    http: httpx.Client, delimiter: str, character: str
) -> None:
    name = f'By"ron{character}\nKing'
    quoted = '"' + name.replace('"', '""') + '"'
    content = f"LastName{character}Title\r\n{quoted}{character}Zoë\r\n"

    info = run_job(http, content, columnDelimiter=delimiter, lineEnding="CRLF")

    text = http.get(f"{INGEST}/{info['id']}/successfulResults").text
    header, row = csv.reader(io.StringIO(text, newline=""), delimiter=character)
    assert header == ["sf__Id", "sf__Created", "LastName", "Title"]
    assert row[2:] == [name, "Zoë"]
    assert text.endswith('"\r\n')
    assert http.get(f"{API}/sobjects/Contact/{row[0]}").json()["LastName"] == name


def test_parents_are_found_by_their_own_key(http: httpx.Client) -> None:
    account = http.post(f"{API}/sobjects/Account", json={"Name": "E", "Auth0_User_Id__c": "org|1"}).json()["id"]

    info = run_job(http, "LastName,Account.Auth0_User_Id__c\nByron,org|1\nKing,org|9\n")

    (success,) = rows_of(http, info["id"], "successfulResults")
    (failure,) = rows_of(http, info["id"], "failedResults")
    assert http.get(f"{API}/sobjects/Contact/{success['sf__Id']}").json()["AccountId"] == account
    assert failure["sf__Error"] == (
        "INVALID_FIELD:Foreign key external ID: org|9 not found for field Auth0_User_Id__c in entity Account:--"
    )


def test_rows_of_a_chunk_that_share_a_key_are_all_refused(http: httpx.Client) -> None:
    content = "Auth0_User_Id__c,LastName\ntwin,A\nsingle,B\ntwin,C\n,D\n"

    info = run_job(http, content, "upsert", externalIdFieldName="Auth0_User_Id__c")

    errors = [row["sf__Error"] for row in rows_of(http, info["id"], "failedResults")]
    assert errors == [
        "DUPLICATE_VALUE:Duplicate external id specified: twin:--",
        "DUPLICATE_VALUE:Duplicate external id specified: twin:--",
        "MISSING_ARGUMENT:Auth0_User_Id__c not specified:--",
    ]


def test_value_of_another_type_fails_its_row_alone(http: httpx.Client) -> None:
    header = "LastName,Birthdate,Marketing_Consent__c,MailingLatitude\n"
    content = f"{header}A,1815-12-10,yes,1.5\nB,soon,no,\nC,,perhaps,\nD,,,NaN\n"

    info = run_job(http, content)

    errors = [row["sf__Error"] for row in rows_of(http, info["id"], "failedResults")]
    assert errors == [
        "INVALID_TYPE_ON_FIELD_IN_RECORD:Birthdate: value not of required type: soon:Birthdate --",
        "INVALID_TYPE_ON_FIELD_IN_RECORD:Marketing Consent: value not of required type: perhaps:"
        "Marketing_Consent__c --",
        "INVALID_TYPE_ON_FIELD_IN_RECORD:Mailing Latitude: value not of required type: NaN:MailingLatitude --",
    ]
    assert info["numberRecordsProcessed"] == 4


def test_hard_delete_leaves_nothing_in_the_recycle_bin_nor_of_what_went_along(http: httpx.Client) -> None:
    account = http.post(f"{API}/sobjects/Account", json={"Name": "Engines"}).json()["id"]
    http.post(f"{API}/sobjects/Contact", json={"LastName": "Byron", "AccountId": account})

    info = run_job(http, f"Id\n{account}\n", "hardDelete", object_name="Account")

    assert rows_of(http, info["id"], "successfulResults") == [
        {"sf__Id": account, "sf__Created": "false", "Id": account}
    ]
    for name in ("Account", "Contact"):
        found = http.get(f"{API}/queryAll", params={"q": f"SELECT Id FROM {name} WHERE Name != 'x'"}).json()  # noqa: S608
        assert found["totalSize"] == 0
    window = {"start": info["createdDate"][:17] + "00Z", "end": "2099-01-01T00:00:00Z"}
    log = http.get(f"{API}/sobjects/Account/deleted", params=window).json()["deletedRecords"]
    assert [each["id"] for each in log] == [account]


@pytest.mark.parametrize(
    ("operation", "content", "message"),
    [
        ("insert", "LastName,Nickname\nA,B\n", "InvalidBatch : Field name not found : Nickname"),
        ("update", "LastName\nA\n", "InvalidBatch : Field name not found : Id"),
        ("upsert", "LastName\nA\n", "InvalidBatch : Field name not found : Auth0_User_Id__c"),
        ("delete", "Id,LastName\n003Hs0000000001,A\n", "InvalidBatch : The 'delete' batch must contain only ids"),
        ("insert", "LastName,lastname\nA,B\n", "InvalidBatch : Field name is given twice : LastName"),
        (
            "insert",
            "LastName\r\nA\r\n",
            "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF",
        ),
        ("insert", "", "InvalidBatch : Records not found: the upload has no header row"),
    ],
)
def test_file_that_does_not_fit_fails_the_job_and_stays_unprocessed(
    http: httpx.Client, operation: str, content: str, message: str
) -> None:
    more = {"externalIdFieldName": "Auth0_User_Id__c"} if operation == "upsert" else {}

    info = run_job(http, content, operation, **more)

    assert (info["state"], info["errorMessage"], info["numberRecordsProcessed"]) == ("Failed", message, 0)
    unprocessed = http.get(f"{INGEST}/{info['id']}/unprocessedrecords").text
    assert list(csv.reader(io.StringIO(unprocessed))) == list(csv.reader(io.StringIO(content)))


def test_quotes_that_do_not_match_fail_the_job_after_the_good_rows(http: httpx.Client) -> None:
    good = "".join(f"Person {number}\n" for number in range(200))

    info = run_job(http, f'LastName\n{good}"unfinished\n')

    assert info["state"] == "Failed"
    assert info["errorMessage"].startswith("ClientInputError : Failed to parse CSV near line 202: ")
    assert info["numberRecordsProcessed"] == 200


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ({"operation": "merge"}, "operation must be one of insert, update, upsert, delete, hardDelete, not merge"),
        ({"object": "Unicorn"}, "Unable to find object: Unicorn"),
        ({"columnDelimiter": "DOT"}, "columnDelimiter must be one of BACKQUOTE, CARET, COMMA"),
        ({"lineEnding": "CR"}, "lineEnding must be one of LF, CRLF, not CR"),
        ({"lineEnding": ["LF"]}, "lineEnding must be one of LF, CRLF, not ['LF']"),
        ({"contentType": "JSON"}, "contentType must be CSV, not JSON"),
        ({"operation": "upsert"}, "External ID was blank for Contact. An External ID must be specified for upsert."),
        (
            {"operation": "upsert", "externalIdFieldName": "Title"},
            "Field name provided, Title does not match an External ID, Salesforce Id, or indexed field for Contact",
        ),
    ],
)
def test_bad_job_is_refused(http: httpx.Client, order: dict[str, Any], message: str) -> None:
    reply = http.post(INGEST, json={"operation": "insert", "object": "Contact", **order})

    (error,) = reply.json()
    assert (reply.status_code, error["errorCode"]) == (400, "INVALIDJOB")
    assert message in error["message"]


def test_job_takes_one_file_and_only_while_open(http: httpx.Client) -> None:
    job_id = open_job(http)
    address = f"{INGEST}/{job_id}/batches"
    http.put(address, content="LastName\nA\n")

    again = http.put(address, content="LastName\nB\n")
    http.patch(f"{INGEST}/{job_id}", json={"state": "UploadComplete"})
    late = http.put(address, content="LastName\nC\n")

    assert (again.status_code, again.json()[0]["errorCode"]) == (400, "INVALIDJOBSTATE")
    assert "Found multiple contents for job" in again.json()[0]["message"]
    assert (late.status_code, late.json()[0]["errorCode"]) == (400, "INVALIDJOBSTATE")


def test_job_made_with_its_file_starts_at_once(http: httpx.Client) -> None:
    parts = {
        "job": (None, '{"operation": "insert", "object": "Contact"}', "application/json"),
        "content": ("people.csv", "LastName\nByron\n", "text/csv"),
    }

    made = http.post(INGEST, files=parts).json()

    address = f"{INGEST}/{made['id']}"
    assert made["state"] == "UploadComplete"
    info = until(lambda: http.get(address).json(), lambda job: job["state"] == "JobComplete")
    assert info["numberRecordsProcessed"] == 1
    lacking = http.post(INGEST, files={"job": parts["job"]})
    assert (lacking.status_code, lacking.json()[0]["errorCode"]) == (400, "INVALIDJOB")


def test_locked_record_fails_its_row_and_no_other(http: httpx.Client, sandbox: SandboxProcess) -> None:
    first, second = (http.post(f"{API}/sobjects/Contact", json={"LastName": name}).json()["id"] for name in "AB")
    sandbox.faults(lock_once=[first])

    info = run_job(http, f"Id,Title\n{first},Dr\n{second},Dr\n", "update")

    (failure,) = rows_of(http, info["id"], "failedResults")
    assert failure["sf__Id"] == first
    assert failure["sf__Error"].startswith("UNABLE_TO_LOCK_ROW:")
    assert http.get(f"{API}/sobjects/Contact/{second}").json()["Title"] == "Dr"


def test_aborted_job_writes_nothing_and_keeps_its_rows(http: httpx.Client, sandbox: SandboxProcess) -> None:
    job_id = open_job(http)
    http.put(f"{INGEST}/{job_id}/batches", content="LastName\nByron\n")

    aborted = http.patch(f"{INGEST}/{job_id}", json={"state": "Aborted"}).json()
    closing = http.patch(f"{INGEST}/{job_id}", json={"state": "UploadComplete"})

    assert aborted["state"] == "Aborted"
    assert closing.status_code == 400
    assert rows_of(http, job_id, "unprocessedrecords") == [{"LastName": "Byron"}]
    assert sandbox.writes() == []


def test_job_at_work_can_be_aborted_and_holds_back_no_other_call(http: httpx.Client) -> None:
    rows = "".join(f"Person {number}\n" for number in range(60_000))
    job_id = open_job(http)
    http.put(f"{INGEST}/{job_id}/batches", content=f"LastName\n{rows}")

    closed = http.patch(f"{INGEST}/{job_id}", json={"state": "UploadComplete"}).json()
    at_work = until(lambda: http.get(f"{INGEST}/{job_id}").json(), lambda job: job["numberRecordsProcessed"] > 0)
    started = time.perf_counter()
    collection = {"records": [{"attributes": {"type": "Lead"}, "LastName": "B", "Company": "C"}] * 50}
    reply = http.post(f"{API}/composite/sobjects", json=collection)
    waited = time.perf_counter() - started
    aborted = http.patch(f"{INGEST}/{job_id}", json={"state": "Aborted"})

    assert closed["state"] == "UploadComplete"
    assert at_work["state"] == "InProgress"
    assert [each["success"] for each in reply.json()] == [True] * 50
    assert waited < 1
    assert aborted.status_code == 200
    done = len(rows_of(http, job_id, "successfulResults"))
    assert 0 < done < 60_000
    assert done + len(rows_of(http, job_id, "unprocessedrecords")) == 60_000
    assert http.get(f"{API}/query", params={"q": "SELECT COUNT() FROM Contact"}).json()["totalSize"] == done


def test_reset_stops_jobs_at_work(http: httpx.Client, sandbox: SandboxProcess) -> None:
    job_id = open_job(http)
    rows = "".join(f"Person {number}\n" for number in range(20_000))
    http.put(f"{INGEST}/{job_id}/batches", content=f"LastName\n{rows}")
    http.patch(f"{INGEST}/{job_id}", json={"state": "UploadComplete"})

    sandbox.reset()

    assert http.get(f"{INGEST}/{job_id}").status_code == 404
    assert sandbox.state()["salesforce"]["Contact"] == []


def test_jobs_are_listed_and_deleted_when_they_have_ended(http: httpx.Client) -> None:
    done, still_open = run_job(http, "LastName\nA\n")["id"], open_job(http)

    listed = http.get(INGEST).json()
    refused, deleted = http.delete(f"{INGEST}/{still_open}"), http.delete(f"{INGEST}/{done}")

    assert (listed["done"], listed["nextRecordsUrl"]) == (True, None)
    assert [(job["id"], job["state"]) for job in listed["records"]] == [(done, "JobComplete"), (still_open, "Open")]
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "INVALIDJOBSTATE")
    assert deleted.status_code == 204
    assert http.get(f"{INGEST}/{done}").status_code == 404


@pytest.fixture
def limited_upload(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(endpoints, "LARGEST_UPLOAD", 100)
    yield 100


async def test_upload_beyond_the_limit_is_refused(limited_upload: int) -> None:
    async with client_of(an_org(Clock())) as client:
        job_id = (await client.post(INGEST, json={"operation": "insert", "object": "Contact"})).json()["id"]

        full = "LastName\n".ljust(limited_upload, "A")
        over = await client.put(f"{INGEST}/{job_id}/batches", content=full + "A")
        fits = await client.put(f"{INGEST}/{job_id}/batches", content=full)

    assert (over.status_code, over.json()[0]["errorCode"]) == (413, "EXCEEDED_MAX_SIZE_REQUEST")
    assert fits.status_code == 201
