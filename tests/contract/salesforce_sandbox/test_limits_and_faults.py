"""The API limit, and the troubles that the control API causes."""

import time

import httpx
import pytest
from simple_salesforce import Salesforce, SalesforceRefusedRequest

from crosswalk_sandbox.process import SandboxFailedError, SandboxProcess

from .builders import API, a_lead, typed


def test_each_reply_tells_the_calls_spent(http: httpx.Client) -> None:
    headers = [http.get(f"{API}/sobjects").headers["sforce-limit-info"] for _ in range(3)]

    assert headers == ["api-usage=1/100000", "api-usage=2/100000", "api-usage=3/100000"]


def test_refused_record_costs_a_call_too(http: httpx.Client) -> None:
    reply = http.post(f"{API}/sobjects/Lead", json={})

    assert reply.headers["sforce-limit-info"] == "api-usage=1/100000"


def test_limits_resource_agrees_with_the_header(org: Salesforce) -> None:
    org.describe()

    assert org.limits()["DailyApiRequests"] == {"Max": 100_000, "Remaining": 99_998}
    assert org.api_usage["api-usage"].used == 2


def test_exhausted_limit_refuses_further_calls(sandbox: SandboxProcess, org: Salesforce) -> None:
    sandbox.settings(daily_limit=2)
    org.limits()
    org.limits()

    with pytest.raises(SalesforceRefusedRequest) as caught:
        org.limits()

    expected = [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]
    assert caught.value.content == expected


def test_outage_lasts_as_long_as_ordered(sandbox: SandboxProcess, http: httpx.Client) -> None:
    sandbox.faults(status=503, for_seconds=0.4)
    started = time.monotonic()

    first = http.get(f"{API}/limits")
    while http.get(f"{API}/limits").status_code == 503:
        assert time.monotonic() - started < 60

    assert (first.status_code, first.json()[0]["errorCode"]) == (503, "SERVER_UNAVAILABLE")
    assert time.monotonic() - started >= 0.3


def test_outage_holds_for_tokens_too_until_it_is_cleared(sandbox: SandboxProcess, anonymous: httpx.Client) -> None:
    sandbox.faults(status=503)
    assert anonymous.post("/services/oauth2/token").status_code == 503

    sandbox.faults(clear=True)

    assert anonymous.post("/services/oauth2/token").status_code == 400


def test_next_calls_fail_as_ordered(sandbox: SandboxProcess, http: httpx.Client) -> None:
    sandbox.faults(fail_next=2, status=500, error_code="UNKNOWN_EXCEPTION", message="An unexpected error occurred.")

    replies = [http.get(f"{API}/limits") for _ in range(3)]

    assert [reply.status_code for reply in replies] == [500, 500, 200]
    assert replies[0].json() == [{"message": "An unexpected error occurred.", "errorCode": "UNKNOWN_EXCEPTION"}]


def test_locked_row_fails_once(sandbox: SandboxProcess, http: httpx.Client) -> None:
    records = {"records": [typed("Lead", a_lead(Auth0_User_Id__c=key)) for key in ("a", "b")]}
    upsert = f"{API}/composite/sobjects/Lead/Auth0_User_Id__c"
    first, _ = (result["id"] for result in http.patch(upsert, json=records).json())
    sandbox.faults(lock_once=[first])

    locked, free = http.patch(upsert, json=records).json()

    assert locked["errors"][0]["statusCode"] == "UNABLE_TO_LOCK_ROW"
    assert free["success"] is True
    assert [result["success"] for result in http.patch(upsert, json=records).json()] == [True, True]


def test_write_with_a_lost_reply_is_applied(sandbox: SandboxProcess, http: httpx.Client) -> None:
    sandbox.faults(drop_after_write=1)

    with pytest.raises(httpx.RemoteProtocolError):
        http.post(f"{API}/sobjects/Lead", json=a_lead())

    assert [write["operation"] for write in sandbox.writes()] == ["create"]
    assert http.post(f"{API}/sobjects/Lead", json=a_lead()).status_code == 201
    assert sandbox.errors() == ""


def test_latency_is_added_to_each_call(sandbox: SandboxProcess, http: httpx.Client) -> None:
    sandbox.settings(latency_ms=120)
    started = time.monotonic()

    http.get(f"{API}/limits")

    assert time.monotonic() - started >= 0.12


def test_calls_are_counted_by_path_template(sandbox: SandboxProcess, http: httpx.Client) -> None:
    http.post(f"{API}/sobjects/Lead", json=a_lead())
    http.get(f"{API}/query/", params={"q": "SELECT Id FROM Lead"})
    sandbox.faults(fail_next=1)
    http.get(f"{API}/query", params={"q": "SELECT Id FROM Lead"})

    assert sandbox.calls() == {
        "total": 4,
        "by_path": {
            "GET /services/data/{version}/query": 2,
            "POST /services/data/{version}/sobjects/{object}": 1,
            "POST /services/oauth2/token": 1,
        },
    }


@pytest.mark.parametrize(("order", "named"), [({"stauts": 503}, "stauts"), ({"status": "down"}, "status")])
def test_misspelt_order_is_refused_with_its_name(sandbox: SandboxProcess, order: dict[str, object], named: str) -> None:
    with pytest.raises(SandboxFailedError, match=named):
        sandbox.faults(**order)


def test_reset_ends_troubles_and_settings(sandbox: SandboxProcess, http: httpx.Client) -> None:
    http.post(f"{API}/sobjects/Lead", json=a_lead())
    sandbox.faults(status=503)
    sandbox.settings(daily_limit=1, latency_ms=200)

    sandbox.reset()

    reply = http.post(f"{API}/sobjects/Lead", json=a_lead())
    assert (reply.status_code, reply.headers["sforce-limit-info"]) == (201, "api-usage=1/100000")
    assert len(sandbox.state()["salesforce"]["Lead"]) == 1
