"""Many records in one call: results in order, one for each, and the recorded traffic of a real org played again."""

from typing import Any

import httpx
import pytest

from crosswalk_sandbox.process import SandboxProcess

from .builders import API, a_lead, typed
from .replay import Replay, exchanges_of

COLLECTION = f"{API}/composite/sobjects"
BY_USER = f"{COLLECTION}/Lead/Auth0_User_Id__c"


def leads(*records: dict[str, Any], all_or_none: bool = False) -> dict[str, Any]:
    return {"allOrNone": all_or_none, "records": [typed("Lead", record) for record in records]}


def test_one_bad_record_does_not_hold_back_its_neighbours(http: httpx.Client) -> None:
    records = [a_lead(Auth0_User_Id__c=f"auth0|{number}") for number in range(200)]
    records[117]["Email"] = "foo"

    results = http.patch(BY_USER, json=leads(*records)).json()

    assert [index for index, result in enumerate(results) if not result["success"]] == [117]
    assert results[117] == {
        "success": False,
        "created": False,
        "errors": [
            {
                "statusCode": "INVALID_EMAIL_ADDRESS",
                "message": "Email: invalid email address: foo",
                "fields": ["Email"],
            }
        ],
    }
    assert results[0] == {"id": "00QHs0000000001MAA", "success": True, "errors": [], "created": True}


def test_all_or_none_undoes_every_record(http: httpx.Client, sandbox: SandboxProcess) -> None:
    reply = http.post(COLLECTION, json=leads(a_lead(), a_lead(Email="foo"), all_or_none=True))

    first, second = reply.json()
    assert reply.status_code == 200
    assert first["errors"] == [
        {
            "statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK",
            "message": "Record rolled back because not all records were valid and the request was using "
            "AllOrNone header",
            "fields": [],
        }
    ]
    assert second["errors"][0]["statusCode"] == "INVALID_EMAIL_ADDRESS"
    assert sandbox.state()["salesforce"]["Lead"] == []
    assert sandbox.writes() == []


def test_all_or_none_brings_back_what_was_changed_and_deleted(http: httpx.Client) -> None:
    created = http.post(COLLECTION, json=leads(a_lead(Auth0_User_Id__c="a"), a_lead())).json()
    first, second = (result["id"] for result in created)

    changes = leads({"Id": first, "Auth0_User_Id__c": "b"}, {"Id": second, "LastName": None}, all_or_none=True)
    http.patch(COLLECTION, json=changes)
    http.delete(COLLECTION, params={"ids": f"{first},00QHs0000000009MAA", "allOrNone": "true"})

    assert http.get(f"{API}/sobjects/Lead/Auth0_User_Id__c/a").json()["Id"] == first


def test_records_that_share_a_key_in_one_upsert_are_all_refused(http: httpx.Client) -> None:
    records = [a_lead(Auth0_User_Id__c=key) for key in ("twin", "single", "twin")]

    results = http.patch(BY_USER, json=leads(*records)).json()

    assert [result["success"] for result in results] == [False, True, False]
    assert results[2]["errors"] == [
        {
            "statusCode": "DUPLICATE_VALUE",
            "message": "Duplicate external id specified: twin",
            "fields": ["Auth0_User_Id__c"],
        }
    ]


def test_upsert_that_matches_several_records_is_refused(http: httpx.Client) -> None:
    http.post(COLLECTION, json=leads(a_lead(Email="ada@example.com"), a_lead(Email="ada@example.com")))

    results = http.patch(f"{COLLECTION}/Lead/Email", json=leads(a_lead(Email="ada@example.com"))).json()

    assert results[0]["errors"] == [
        {
            "statusCode": "DUPLICATE_EXTERNAL_ID",
            "message": "More than one record found for external id field: [00QHs0000000001MAA, 00QHs0000000002MAA]",
            "fields": ["Email"],
        }
    ]


@pytest.mark.parametrize(
    ("record", "code"),
    [
        ({"Id": "00QHs0000000001MAA", "Nickname": "x"}, "INVALID_FIELD"),
        ({"Id": "00QHs0000000009"}, "INVALID_CROSS_REFERENCE_KEY"),
        ({"Id": "003Hs0000000009"}, "MALFORMED_ID"),
        ({"FirstName": "Ada"}, "MISSING_ARGUMENT"),
    ],
)
def test_update_of_a_record_that_cannot_be_updated_says_why(
    http: httpx.Client, record: dict[str, Any], code: str
) -> None:
    http.post(COLLECTION, json=leads(a_lead()))

    results = http.patch(COLLECTION, json=leads(record)).json()

    assert [(result["success"], result["errors"][0]["statusCode"]) for result in results] == [(False, code)]


def test_update_of_a_deleted_record_says_so(http: httpx.Client) -> None:
    lead_id = http.post(COLLECTION, json=leads(a_lead())).json()[0]["id"]
    assert http.delete(COLLECTION, params={"ids": lead_id}).json() == [{"id": lead_id, "success": True, "errors": []}]

    results = http.patch(COLLECTION, json=leads({"Id": lead_id, "FirstName": "x"})).json()

    error = {"statusCode": "ENTITY_IS_DELETED", "message": "entity is deleted", "fields": []}
    assert results == [{"success": False, "errors": [error]}]


def test_value_of_the_wrong_json_type_spoils_the_whole_call(http: httpx.Client, sandbox: SandboxProcess) -> None:
    reply = http.post(COLLECTION, json=leads(a_lead(), a_lead(Marketing_Consent__c="yes")))

    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")
    assert sandbox.writes() == []


def test_more_than_200_records_are_refused(http: httpx.Client) -> None:
    reply = http.post(COLLECTION, json=leads(*[a_lead()] * 201))

    assert reply.status_code == 400
    assert reply.json()[0]["errorCode"] == "EXCEEDED_ID_LIMIT"


def test_retrieve_keeps_the_order_and_marks_what_is_missing(http: httpx.Client) -> None:
    created = http.post(COLLECTION, json=leads(a_lead(FirstName="A"), a_lead(FirstName="B"))).json()
    first, second = (result["id"] for result in created)

    body = {"ids": [second, "00QHs0000000009", first], "fields": ["FirstName"]}
    found = http.post(f"{COLLECTION}/Lead", json=body).json()

    assert [each and each["FirstName"] for each in found] == ["B", None, "A"]


def test_collections_call_counts_as_one_call(http: httpx.Client, sandbox: SandboxProcess) -> None:
    reply = http.post(COLLECTION, json=leads(*[a_lead()] * 200))

    assert reply.headers["sforce-limit-info"] == "api-usage=1/100000"
    assert sandbox.calls()["by_path"]["POST /services/data/{version}/composite/sobjects"] == 1


@pytest.mark.parametrize("name", ["upsert_by_email", "upsert_by_id"])
def test_recorded_traffic_gets_the_recorded_replies(http: httpx.Client, name: str) -> None:
    replay = Replay(http)

    for exchange in exchanges_of(name):
        replay.check(exchange)


@pytest.mark.parametrize("name", ["update_accounts", "extract_accounts"])
def test_recorded_calls_about_accounts_get_the_recorded_replies(http: httpx.Client, name: str) -> None:
    exchanges = exchanges_of(name)
    for row in exchanges[0]["response"]["body"]["records"]:
        http.post(f"{API}/sobjects/Account", json={"Name": row["Name"]})
    replay = Replay(http)

    for exchange in exchanges:
        replay.check(exchange)
