"""How writes become calls, and how answers become one result for each write."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from crosswalk.connectors.base import (
    ApiUsage,
    ConfigurationWrong,
    ConflictFound,
    LinkLost,
    Rejected,
    RetryLater,
    WriteResult,
    Written,
)
from crosswalk.connectors.errors import MalformedAnswer
from crosswalk.connectors.salesforce.collections import encode_call, plan_calls, send_call
from crosswalk.connectors.salesforce.describe import describe
from crosswalk.connectors.salesforce.query import query
from crosswalk.connectors.salesforce.settings import ClientCredentials, SalesforceSettings
from crosswalk.connectors.salesforce.transport import Transport
from crosswalk.connectors.secret import Secret
from crosswalk.connectors.shared_token import SharedToken, Token
from crosswalk.domain.ids import RecordId
from crosswalk.domain.place import Place
from crosswalk.domain.values import FieldValue
from crosswalk.domain.write import Action, FieldWrite, Reason, RecordWrite

FIXTURES = Path(__file__).parents[2] / "fixtures" / "salesforce"
PLACE = Place("crosswalk.yaml", 1)
SETTINGS = SalesforceSettings("https://org.my.salesforce.com", ClientCredentials("id", Secret("s3cret")))


def a_create(user_id: str, object_name: str = "Lead", **fields: FieldValue) -> RecordWrite:
    return RecordWrite(Action.CREATE, object_name, None, ("Auth0_User_Id__c", user_id), field_writes(fields))


def an_update(record_id: str, user_id: str, object_name: str = "Lead", **fields: FieldValue) -> RecordWrite:
    external_id = ("Auth0_User_Id__c", user_id)
    return RecordWrite(Action.UPDATE, object_name, RecordId(record_id), external_id, field_writes(fields))


def field_writes(fields: dict[str, FieldValue]) -> tuple[FieldWrite, ...]:
    return tuple(FieldWrite(name, None, value, Reason.CHANGED, PLACE) for name, value in fields.items())


def an_org(answer: Callable[[httpx.Request], httpx.Response]) -> Transport:
    async def fetch() -> Token:
        return Token(Secret("token"), base_url="https://org.my.salesforce.com")

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return Transport(SETTINGS, http, SharedToken(fetch, time.monotonic), lambda: datetime(2025, 1, 1, tzinfo=UTC), None)


async def results_of(writes: list[RecordWrite], answer: Callable[[httpx.Request], httpx.Response]) -> list[WriteResult]:
    [[call]] = plan_calls(writes)
    return await send_call(an_org(answer), call)


async def result_of_error(write: RecordWrite, **error: Any) -> WriteResult:
    body = [{"success": False, "errors": [error]}]
    [result] = await results_of([write], lambda request: httpx.Response(200, json=body))
    return result


def test_creates_are_upserts_and_updates_go_by_id():
    [wave] = plan_calls([a_create("auth0|1", LastName="Ito"), an_update("00Q000000000001AAA", "auth0|2", Title=None)])

    assert [(call.path, json.loads(encode_call(call))) for call in wave] == [
        (
            "composite/sobjects/Lead/Auth0_User_Id__c",
            {
                "allOrNone": False,
                "records": [{"attributes": {"type": "Lead"}, "LastName": "Ito", "Auth0_User_Id__c": "auth0|1"}],
            },
        ),
        (
            "composite/sobjects",
            {
                "allOrNone": False,
                "records": [{"attributes": {"type": "Lead"}, "Title": None, "Id": "00Q000000000001AAA"}],
            },
        ),
    ]


def test_a_call_holds_200_records_of_one_object():
    leads = [a_create(f"auth0|{number}") for number in range(401)]
    contacts = [a_create(f"auth0|c{number}", "Contact") for number in range(3)]

    [wave] = plan_calls([*leads, *contacts])

    assert [(call.path.split("/")[2], len(call.writes)) for call in wave] == [
        ("Lead", 200),
        ("Lead", 200),
        ("Lead", 1),
        ("Contact", 3),
    ]


def test_two_writes_for_one_record_follow_each_other():
    writes = [
        an_update("00Q000000000001AAA", "auth0|1", Title="first"),
        an_update("00Q000000000001", "auth0|9", Title="second, by the short id"),
        a_create("AUTH0|9", Title="third, by the external id"),
        an_update("00Q000000000002AAA", "auth0|2", Title="apart from them"),
    ]

    waves = plan_calls(writes)

    assert [[call.positions for call in wave] for wave in waves] == [[(0, 3)], [(1,)], [(2,)]]


def test_nothing_to_write_is_no_call():
    assert plan_calls([]) == []


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (
            {"statusCode": "UNABLE_TO_LOCK_ROW", "message": "unable to obtain exclusive access"},
            RetryLater("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access", 2.0, alone=True),
        ),
        (
            {"statusCode": "EXCEEDED_MAX_SIZE_REQUEST", "message": "too much"},
            RetryLater("EXCEEDED_MAX_SIZE_REQUEST", "too much", 300.0),
        ),
        (
            {
                "statusCode": "DUPLICATE_VALUE",
                "message": "duplicate value found: Key__c duplicates value on record with id: 00Q5500001AbCdE",
                "fields": ["Auth0_User_Id__c"],
            },
            ConflictFound(
                "DUPLICATE_VALUE",
                "duplicate value found: Key__c duplicates value on record with id: 00Q5500001AbCdE",
                (RecordId("00Q5500001AbCdE"),),
            ),
        ),
        (
            {
                "statusCode": "DUPLICATES_DETECTED",
                "message": "Use one of these records?",
                "duplicateResult": {
                    "matchResults": [
                        {"matchRecords": [{"record": {"Id": "00Q000000000001AAA"}, "matchConfidence": 100.0}]}
                    ]
                },
            },
            ConflictFound("DUPLICATES_DETECTED", "Use one of these records?", (RecordId("00Q000000000001AAA"),)),
        ),
        (
            {"statusCode": "ENTITY_IS_DELETED", "message": "entity is deleted"},
            LinkLost("ENTITY_IS_DELETED", "entity is deleted"),
        ),
        (
            {"statusCode": "INVALID_CROSS_REFERENCE_KEY", "message": "invalid cross reference id"},
            LinkLost("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"),
        ),
        (
            {"statusCode": "INVALID_CROSS_REFERENCE_KEY", "message": "Owner ID: id not valid", "fields": ["OwnerId"]},
            Rejected("INVALID_CROSS_REFERENCE_KEY", "Owner ID: id not valid", ("OwnerId",)),
        ),
        (
            {"statusCode": "STRING_TOO_LONG", "message": "too long", "fields": ["Title"]},
            Rejected("STRING_TOO_LONG", "too long", ("Title",)),
        ),
        (
            {"statusCode": "NEW_IN_SUMMER", "message": "never heard of"},
            Rejected("NEW_IN_SUMMER", "never heard of"),
        ),
        (
            {"statusCode": "INVALID_FIELD_FOR_INSERT_UPDATE", "message": "read only", "fields": ["Name"]},
            ConfigurationWrong("INVALID_FIELD_FOR_INSERT_UPDATE", "read only", ("Name",)),
        ),
        (
            {"statusCode": "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "message": "LeadTrigger: null pointer"},
            ConfigurationWrong("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "LeadTrigger: null pointer", of_all=False),
        ),
        (
            {"statusCode": "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "message": "LeadTrigger: UNABLE_TO_LOCK_ROW"},
            RetryLater("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "LeadTrigger: UNABLE_TO_LOCK_ROW", 2.0, alone=True),
        ),
    ],
)
async def test_each_code_has_its_result(error: dict[str, Any], result: WriteResult):
    assert await result_of_error(an_update("00Q000000000001AAA", "auth0|1", Title="x"), **error) == result


async def test_a_reference_to_nothing_in_a_create_is_no_lost_link():
    result = await result_of_error(
        a_create("auth0|1"), statusCode="INVALID_CROSS_REFERENCE_KEY", message="invalid cross reference id"
    )

    assert result == Rejected("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")


@pytest.mark.parametrize(
    ("status", "code", "result"),
    [
        (503, "SERVER_UNAVAILABLE", RetryLater("SERVER_UNAVAILABLE", "said the org", 2.0)),
        (500, "UNKNOWN_EXCEPTION", RetryLater("UNKNOWN_EXCEPTION", "said the org", 2.0)),
        (403, "REQUEST_LIMIT_EXCEEDED", RetryLater("REQUEST_LIMIT_EXCEEDED", "said the org", 300.0)),
        (401, "INVALID_SESSION_ID", RetryLater("INVALID_SESSION_ID", "said the org", 2.0)),
        (403, "API_DISABLED_FOR_ORG", ConfigurationWrong("API_DISABLED_FOR_ORG", "said the org")),
        (404, "NOT_FOUND", ConfigurationWrong("NOT_FOUND", "said the org")),
        (400, "INVALID_FIELD", ConfigurationWrong("INVALID_FIELD", "said the org")),
        (400, "JSON_PARSER_ERROR", Rejected("JSON_PARSER_ERROR", "said the org")),
    ],
)
async def test_a_refused_call_is_the_result_of_its_record(status: int, code: str, result: WriteResult):
    body = [{"errorCode": code, "message": "said the org"}]

    assert await results_of([a_create("auth0|1")], lambda request: httpx.Response(status, json=body)) == [result]


@pytest.mark.parametrize("limit", ["ConcurrentRequests (Concurrent API Requests)", "ConcurrentPerOrgLongTxn"])
async def test_too_many_calls_at_one_moment_are_tried_again_soon_and_not_when_the_day_is_over(limit: str):
    body = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": f"{limit} Limit exceeded."}]

    [result] = await results_of([a_create("auth0|1")], lambda request: httpx.Response(403, json=body))

    assert result == RetryLater("REQUEST_LIMIT_EXCEEDED", f"{limit} Limit exceeded.", 2.0)


async def test_the_wait_that_the_org_asks_for_is_kept():
    answer = httpx.Response(503, headers={"Retry-After": "40"}, json=[])

    [result] = await results_of([a_create("auth0|1")], lambda request: answer)

    assert result == RetryLater("HTTP_503", "the answer carried no Salesforce error", 40.0)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<html>maintenance</html>", "Salesforce's answer to a collections call is not a list of results"),
        (b"[]", "Salesforce answered a collections call of 1 records with 0 results"),
    ],
)
async def test_a_malformed_answer_is_tried_again(body: bytes, message: str):
    [result] = await results_of([a_create("auth0|1")], lambda request: httpx.Response(200, content=body))

    assert result == RetryLater("MALFORMED_ANSWER", message, 2.0)


async def test_no_answer_is_tried_again():
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("")

    [result] = await results_of([a_create("auth0|1")], answer)

    assert isinstance(result, RetryLater)
    assert (result.code, result.after_s) == ("UNREACHABLE", 2.0)
    assert "org.my.salesforce.com gave no answer to PATCH composite/sobjects" in result.message
    assert "ReadTimeout" in result.message


def refusing_values(bad: set[str], calls: list[int]) -> Callable[[httpx.Request], httpx.Response]:
    def answer(request: httpx.Request) -> httpx.Response:
        records = json.loads(request.content)["records"]
        calls.append(len(records))
        if any(record["LastName"] in bad for record in records):
            return httpx.Response(400, json=[{"errorCode": "JSON_PARSER_ERROR", "message": "cannot read"}])
        saved = [{"id": f"00Q{record['LastName']:0>15}", "success": True, "created": True} for record in records]
        return httpx.Response(200, json=saved)

    return answer


async def test_a_record_that_spoils_the_whole_call_is_found_and_its_neighbours_are_written():
    calls: list[int] = []
    writes = [a_create(f"auth0|{number}", LastName=str(number)) for number in range(200)]

    results = await results_of(writes, refusing_values({"123"}, calls))

    assert results[123] == Rejected("JSON_PARSER_ERROR", "cannot read")
    assert [type(result) for result in results].count(Written) == 199
    assert results[124] == Written(RecordId("00Q000000000000124"), created=True)
    assert len(calls) <= 17


async def test_the_search_for_spoiling_records_is_bounded():
    calls: list[int] = []
    writes = [a_create(f"auth0|{number}", LastName=str(number)) for number in range(200)]

    results = await results_of(writes, refusing_values({str(number) for number in range(200)}, calls))

    assert len(calls) <= 33
    assert {type(result) for result in results} == {Rejected, RetryLater}


async def test_a_recorded_upsert_is_understood():
    exchange = json.loads((FIXTURES / "upsert-by-email.json").read_text())[1]
    sent = exchange["request"]["body"]["records"]
    writes = [
        RecordWrite(
            Action.CREATE,
            "Contact",
            None,
            ("Email", record["Email"]),
            field_writes({"FirstName": record["FirstName"], "LastName": record["LastName"]}),
        )
        for record in sent
    ]
    [[call]] = plan_calls(writes)

    results = await send_call(an_org(lambda request: httpx.Response(200, json=exchange["response"]["body"])), call)

    assert json.loads(encode_call(call)) == exchange["request"]["body"]
    assert call.path == "composite/sobjects/Contact/Email"
    assert results[0] == Written(RecordId("0035500001H9kZuAAJ"), created=True)
    assert results[15] == Written(RecordId("0035500001H9ka9AAB"), created=True)
    assert len(results) == 16


async def test_a_recorded_update_is_understood():
    exchange = json.loads((FIXTURES / "query-and-update.json").read_text())[2]
    writes = [
        an_update(record["Id"], f"auth0|{number}", "Account", NumberOfEmployees="10000")
        for number, record in enumerate(exchange["request"]["body"]["records"])
    ]

    results = await results_of(writes, lambda request: httpx.Response(200, json=exchange["response"]["body"]))

    assert results[0] == Written(RecordId("0012300000bVTq1AAG"), created=False)
    assert len(results) == 6


async def test_a_recorded_query_is_understood():
    exchange = json.loads((FIXTURES / "query-and-update.json").read_text())[1]

    rows = await query(an_org(lambda request: httpx.Response(200, json=exchange["response"]["body"])), "SELECT Id")

    assert [row["Name"] for row in rows] == [f"Account {number}" for number in (4, 0, 5, 1, 3, 2)]


async def test_a_recorded_description_is_understood():
    body = (FIXTURES / "describe.Lead.json").read_bytes()

    lead = await describe(an_org(lambda request: httpx.Response(200, content=body)), "Lead")

    name, status, converted = lead.field("LastName"), lead.field("Status"), lead.field("isconverted")
    assert (lead.name, lead.createable, lead.updateable, lead.field("Nope")) == ("Lead", True, True, None)
    assert name is not None
    assert (name.type, name.length, name.nillable, name.createable) == ("string", 80, False, True)
    assert status is not None
    assert [choice.value for choice in status.picklist_values if choice.active] == [
        "Open - Not Contacted",
        "Working - Contacted",
        "Closed - Converted",
        "Closed - Not Converted",
    ]
    assert converted is not None
    assert (converted.type, converted.updateable) == ("boolean", False)


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'{"records": 5}'])
async def test_a_query_answer_that_is_no_page_is_refused(body: bytes):
    with pytest.raises(MalformedAnswer, match="expected a page of records as JSON"):
        await query(an_org(lambda request: httpx.Response(200, content=body)), "SELECT Id FROM Lead")


async def test_a_redirect_is_a_wrong_configuration():
    answer = httpx.Response(302, headers={"Location": "https://login.example.com"})

    [result] = await results_of([a_create("auth0|1")], lambda request: answer)

    assert result == ConfigurationWrong("HTTP_302", "the answer carried no Salesforce error")


async def test_the_usage_that_the_org_reports_is_kept():
    def answer(request: httpx.Request) -> httpx.Response:
        headers = {"Sforce-Limit-Info": "api-usage=18/5000; per-app-api-usage=17/250(appName=x)"}
        return httpx.Response(200, headers=headers, json=[{"id": "00Q000000000001AAA", "success": True}])

    org = an_org(answer)
    [[call]] = plan_calls([a_create("auth0|1")])

    await send_call(org, call)

    assert org.usage == ApiUsage(18, 5000, datetime(2025, 1, 1, tzinfo=UTC))
    assert org.calls == 1


def test_encoding_and_reading_a_full_call_is_quick():
    fields = {f"Field_{number}__c": f"value {number}" for number in range(15)}
    writes = [a_create(f"auth0|{number}", **fields) for number in range(200)]

    started = time.perf_counter()
    for _ in range(10):
        [[call]] = plan_calls(writes)
        encode_call(call)
    seconds = (time.perf_counter() - started) / 10

    # The target is 2 ms; a busy machine gets room.
    assert seconds < 10e-3
