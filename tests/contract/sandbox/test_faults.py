"""Faults by rules, as independent clients feel them, and held against the log of what was injected."""

from __future__ import annotations

import json
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest
from auth0.management import ManagementClient
from auth0.management.errors import TooManyRequestsError, UnauthorizedError
from simple_salesforce import Salesforce, SalesforceExpiredSession, SalesforceGeneralError, SalesforceRefusedRequest

from crosswalk_sandbox.faults import read_fault_rules
from crosswalk_sandbox.process import SandboxFailedError, SandboxProcess

API = "/services/data/v62.0"
ONCE = {"max_retries": 0}
PERSON = {"connection": "Username-Password-Authentication", "password": "Difference-Engine-1"}


def set_rule(sandbox: SandboxProcess, vendor: str, effect: dict[str, Any], **rule: Any) -> None:
    sandbox.fault_rules([{"vendor": vendor, "effect": effect, **rule}])


def leads(count: int) -> list[dict[str, Any]]:
    return [
        {"attributes": {"type": "Lead"}, "LastName": f"Byron {number}", "Company": "Engines"} for number in range(count)
    ]


def lead_count(sandbox: SandboxProcess) -> int:
    return len(sandbox.state()["salesforce"]["Lead"])


@pytest.mark.parametrize("at", ["before-reading", "after-write", "after-headers", "half-body"])
def test_broken_connection_leaves_the_write_applied_unless_it_broke_before(
    sandbox: SandboxProcess, org_http: httpx.Client, at: str
) -> None:
    set_rule(sandbox, "salesforce", {"kind": "drop", "at": at}, when={"next": 1})

    with pytest.raises(httpx.RemoteProtocolError) as broken:
        org_http.post(f"{API}/sobjects/Lead", json=leads(1)[0])

    assert lead_count(sandbox) == (0 if at == "before-reading" else 1)
    assert ("incomplete" in str(broken.value) or "complete message body" in str(broken.value)) == (
        at in ("after-headers", "half-body")
    )
    assert org_http.get(f"{API}/limits").status_code == 200


@pytest.mark.parametrize(("at", "written"), [("before-write", 0), ("after-write", 1)])
def test_timeout_hits_before_or_after_the_write(
    sandbox: SandboxProcess, org_http: httpx.Client, at: str, written: int
) -> None:
    set_rule(sandbox, "salesforce", {"kind": "timeout", "at": at, "hold_seconds": 30}, when={"next": 1})

    with pytest.raises(httpx.ReadTimeout):
        org_http.post(f"{API}/sobjects/Lead", json=leads(1)[0], timeout=httpx.Timeout(10, read=0.3))

    assert lead_count(sandbox) == written


def test_malformed_reply_is_no_json_though_its_length_is_right(sandbox: SandboxProcess, org_http: httpx.Client) -> None:
    set_rule(sandbox, "salesforce", {"kind": "malformed"}, when={"next": 1})

    reply = org_http.get(f"{API}/limits")

    assert reply.status_code == 200
    assert int(reply.headers["content-length"]) == len(reply.content) > 10
    with pytest.raises(json.JSONDecodeError):
        reply.json()


def test_reply_without_a_body_has_nothing_to_malform(sandbox: SandboxProcess, org_http: httpx.Client) -> None:
    lead_id = org_http.post(f"{API}/sobjects/Lead", json=leads(1)[0]).json()["id"]
    set_rule(sandbox, "salesforce", {"kind": "malformed"})

    reply = org_http.delete(f"{API}/sobjects/Lead/{lead_id}")

    assert (reply.status_code, reply.content) == (204, b"")


def test_page_of_a_proxy_reaches_simple_salesforce_as_its_general_error(
    sandbox: SandboxProcess, org: Salesforce
) -> None:
    set_rule(sandbox, "salesforce", {"kind": "status", "status": 502, "body": "html"}, when={"next": 1})

    with pytest.raises(SalesforceGeneralError) as error:
        org.query("SELECT Id FROM Lead")

    assert (error.value.status, "<h1>502 Bad Gateway</h1>" in str(error.value.content)) == (502, True)


def test_error_without_a_body_comes_from_both(sandbox: SandboxProcess, org_http: httpx.Client) -> None:
    for vendor in ("salesforce", "auth0"):
        set_rule(sandbox, vendor, {"kind": "status", "status": 503, "body": "empty"}, when={"next": 1})
        sandbox_url = f"https://{sandbox.access.auth0.domain}/userinfo" if vendor == "auth0" else f"{API}/limits"

        reply = org_http.get(sandbox_url)

        assert (reply.status_code, reply.content) == (503, b"")


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ("TotalRequests", "TotalRequests Limit exceeded."),
        ("ConcurrentRequests", "ConcurrentRequests (Concurrent API Requests) Limit exceeded."),
        ("ConcurrentPerOrgLongTxn", "ConcurrentPerOrgLongTxn Limit exceeded."),
    ],
)
def test_limit_of_the_org_is_a_refused_request(
    sandbox: SandboxProcess, org: Salesforce, limit: str, message: str
) -> None:
    set_rule(sandbox, "salesforce", {"kind": "limit", "limit": limit}, match={"operations": ["query"]})

    with pytest.raises(SalesforceRefusedRequest) as error:
        org.query("SELECT Id FROM Lead")

    assert error.value.content == [{"message": message, "errorCode": "REQUEST_LIMIT_EXCEEDED"}]
    assert org.limits()["DailyApiRequests"]["Max"] == 100_000


def test_exhausted_daily_limit_lasts_until_the_calls_are_a_day_old(
    sandbox: SandboxProcess, org_http: httpx.Client
) -> None:
    set_rule(sandbox, "salesforce", {"kind": "exhaust-daily-limit"}, when={"next": 1})
    sandbox.settings(token_lifetime_s=10 * 86_400)
    renewed = org_http.post(
        "/services/oauth2/token",
        data={
            "grant_type": "client_credentials",
            "client_id": sandbox.access.salesforce.client_id,
            "client_secret": sandbox.access.salesforce.client_secret,
        },
    )
    org_http.headers["Authorization"] = f"Bearer {renewed.json()['access_token']}"

    statuses = [org_http.get(f"{API}/sobjects").status_code for _ in range(2)]
    sandbox.clock(advance=86_400 + 60)

    assert statuses == [403, 403]
    assert org_http.get(f"{API}/sobjects").headers["sforce-limit-info"] == "api-usage=1/100000"


def test_revoked_token_is_an_expired_session_in_mid_run(sandbox: SandboxProcess, org: Salesforce) -> None:
    set_rule(sandbox, "salesforce", {"kind": "revoke-token"}, when={"calls": [2, 2]})

    org.query("SELECT Id FROM Lead")
    with pytest.raises(SalesforceExpiredSession):
        org.query("SELECT Id FROM Lead")


def test_records_of_a_collection_fail_alone_and_repeatably(sandbox: SandboxProcess, org_http: httpx.Client) -> None:
    locks = {"kind": "record-failure", "code": "UNABLE_TO_LOCK_ROW"}
    rules = [{"vendor": "salesforce", "effect": locks, "match": {"objects": ["Lead"]}, "when": {"rate": 0.2}}]

    def failed_places() -> list[int]:
        sandbox.fault_rules(rules, seed=11)
        results = org_http.post(f"{API}/composite/sobjects", json={"records": leads(100)}).json()
        failed = [place for place, result in enumerate(results) if not result["success"]]
        assert {results[place]["errors"][0]["statusCode"] for place in failed} == {"UNABLE_TO_LOCK_ROW"}
        return failed

    first = failed_places()
    logged = [entry["call"] - 1 for entry in sandbox.fault_log()]

    assert first == logged
    assert 8 <= len(first) <= 34  # a binomial draw of 100 by 0.2, three standard deviations around 20
    assert failed_places() == first
    assert lead_count(sandbox) == 2 * (100 - len(first))


def test_maintenance_window_opens_and_closes_by_the_sandbox_clock(
    sandbox: SandboxProcess, org_http: httpx.Client
) -> None:
    window = {"from_seconds": 600, "until_seconds": 900}
    set_rule(sandbox, "salesforce", {"kind": "status"}, when=window)

    statuses = []
    for seconds in (0, 600, 299, 2):
        sandbox.clock(advance=seconds)
        statuses.append(org_http.get(f"{API}/limits").status_code)

    assert statuses == [200, 503, 503, 200]


def test_latency_follows_its_distribution_and_is_logged(sandbox: SandboxProcess, org_http: httpx.Client) -> None:
    delay = {"shape": "uniform", "low_ms": 60, "high_ms": 90}
    set_rule(sandbox, "salesforce", {"kind": "latency", "delay": delay}, when={"every": 2})

    started = time.monotonic()
    for _ in range(4):
        org_http.get(f"{API}/limits")
    took_ms = (time.monotonic() - started) * 1000

    drawn = [entry["details"]["ms"] for entry in sandbox.fault_log()]
    assert [entry["call"] for entry in sandbox.fault_log()] == [2, 4]
    assert all(60 <= each <= 90 for each in drawn)
    assert took_ms >= sum(drawn)


def test_auth0_python_gets_the_vendors_429_with_its_headers(sandbox: SandboxProcess, auth0: ManagementClient) -> None:
    set_rule(sandbox, "auth0", {"kind": "throttle", "retry_after_seconds": 30})

    with pytest.raises(TooManyRequestsError) as error:
        auth0.users.list(request_options=ONCE)

    headers = error.value.headers or {}
    assert error.value.body["errorCode"] == "too_many_requests"
    assert headers["x-ratelimit-remaining"] == "0"
    assert 25 <= int(headers["x-ratelimit-reset"]) - time.time() <= 31


def test_auth0_python_waits_as_long_as_retry_after_says(sandbox: SandboxProcess, auth0: ManagementClient) -> None:
    effect = {"kind": "throttle", "headers": "retry-after", "retry_after_seconds": 1}
    set_rule(sandbox, "auth0", effect, match={"operations": ["query"]}, when={"next": 1})

    started = time.monotonic()
    list(auth0.users.list())

    assert 1.0 <= time.monotonic() - started < 30
    assert [entry["call"] for entry in sandbox.fault_log()] == [1]


def test_throttling_without_headers_has_none(sandbox: SandboxProcess, tenant_http: httpx.Client) -> None:
    set_rule(sandbox, "auth0", {"kind": "throttle", "headers": "none"}, match={"path": "/api/v2/users*"})

    reply = tenant_http.get("/api/v2/users")

    assert reply.status_code == 429
    assert not [name for name in reply.headers if name.startswith("x-ratelimit") or name == "retry-after"]
    assert tenant_http.get("/api/v2/roles").status_code == 200


def test_tenant_errors_have_the_form_of_the_api_that_was_called(
    sandbox: SandboxProcess, tenant_http: httpx.Client
) -> None:
    set_rule(sandbox, "auth0", {"kind": "status", "status": 500})

    management = tenant_http.get("/api/v2/users").json()
    token = tenant_http.post("/oauth/token", json={}).json()

    assert management == {
        "statusCode": 500,
        "error": "Internal Server Error",
        "message": "An internal server error occurred",
    }
    assert set(token) == {"error", "error_description"}


def test_revoked_tenant_token_is_refused_and_a_new_one_is_good(
    sandbox: SandboxProcess, auth0: ManagementClient, tenant_http: httpx.Client
) -> None:
    sandbox.auth0_faults(revoke_tokens=True)

    with pytest.raises(UnauthorizedError):
        auth0.users.list()

    access = sandbox.access.auth0
    body = {
        "grant_type": "client_credentials",
        "client_id": access.client_id,
        "client_secret": access.client_secret,
        "audience": f"https://{access.domain}/api/v2/",
    }
    token = tenant_http.post("/oauth/token", json=body).json()["access_token"]
    assert tenant_http.get("/api/v2/users", headers={"authorization": f"Bearer {token}"}).status_code == 200


def test_search_that_lags_finds_a_user_later_though_it_can_be_read_at_once(
    sandbox: SandboxProcess, auth0: ManagementClient
) -> None:
    sandbox.auth0_settings(search_delay_seconds=5)
    kept = auth0.users.create(email="kept@example.com", **PERSON)
    sandbox.clock(advance=6)
    user = auth0.users.create(email="ada@example.com", **PERSON)
    auth0.users.update(str(kept.user_id), given_name="New")
    auth0.users.update(str(kept.user_id), given_name="Newer")

    def found() -> list[tuple[str | None, str | None]]:
        return [(one.email, one.given_name) for one in auth0.users.list(sort="email:1")]

    assert found() == [("kept@example.com", None)]
    assert auth0.users.get(str(user.user_id)).email == "ada@example.com"
    sandbox.clock(advance=6)
    assert found() == [("ada@example.com", None), ("kept@example.com", "Newer")]


def subscribed(
    sandbox: SandboxProcess, tls: Any, token: str, start: dict[str, str]
) -> Generator[dict[str, Any], None, None]:
    """The messages of an event subscription."""
    headers = {"authorization": token}
    address = f"https://{sandbox.access.auth0.domain}/api/v2/events"
    with (
        httpx.Client(verify=tls, timeout=5, trust_env=False) as client,
        client.stream("GET", address, params=start, headers=headers) as stream,
    ):
        for line in stream.iter_lines():
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))


@pytest.mark.parametrize(
    ("effect", "expected"),
    [
        ({"kind": "lose-events"}, ["a", "c"]),
        ({"kind": "duplicate-events"}, ["a", "b", "b", "c"]),
        ({"kind": "reorder-events"}, ["a", "c", "b"]),
    ],
)
def test_events_of_a_subscription_go_wrong_and_its_cursor_never_goes_back(
    sandbox: SandboxProcess,
    auth0: ManagementClient,
    tenant_http: httpx.Client,
    tls: Any,
    effect: dict[str, Any],
    expected: list[str],
) -> None:
    set_rule(sandbox, "auth0", effect, match={"channels": ["subscription"]}, when={"calls": [2, 2]})
    for name in "abc":
        auth0.users.create(email=f"{name}@example.com", **PERSON)

    arrived: list[str] = []
    offsets: list[str] = []
    beginning = {"from_timestamp": "2020-01-01T00:00:00.000Z"}
    for message in subscribed(sandbox, tls, tenant_http.headers["Authorization"], beginning):
        if message["type"] == "user.created":
            arrived.append(message["event"]["data"]["object"]["email"][0])
            offsets.append(message["offset"])
        if len(arrived) == len(expected):
            break

    sandbox.auth0_settings(heartbeat_seconds=0.05)
    after = subscribed(sandbox, tls, tenant_http.headers["Authorization"], {"from": offsets[-1]})
    assert arrived == expected
    assert [next(after)["type"] for _ in range(2)] == ["offset-only", "offset-only"]
    after.close()


def test_the_example_of_the_page_is_read_and_does_what_it_says(
    sandbox: SandboxProcess, org_http: httpx.Client, tmp_path: Path
) -> None:
    page = (Path(__file__).parents[3] / "docs" / "sandbox.md").read_text(encoding="utf-8")
    example = page.partition("### Fault rules")[2].partition("```json\n")[2].partition("```")[0]
    (tmp_path / "faults.json").write_text(example)

    plan = read_fault_rules(tmp_path / "faults.json")
    sandbox.fault_rules(plan.rules, seed=plan.seed)
    before = org_http.get(f"{API}/limits").status_code
    sandbox.clock(advance=600)
    during = org_http.get(f"{API}/limits").status_code

    assert (before, during) == (200, 503)
    assert {entry["rule"] for entry in sandbox.fault_log()} == {"slow org", "maintenance"}


@pytest.mark.parametrize(
    ("rule", "named"),
    [
        ({"effect": {"kind": "explode"}}, "explode"),
        ({"effect": {"kind": "status"}, "match": {"operations": ["everything"]}}, "everything"),
        ({"effect": {"kind": "status"}, "when": {"rate": 2}}, "`rate` is a probability from 0 to 1, found 2"),
        ({"effect": {"kind": "status"}, "when": {"often": 2}}, "often"),
        ({"effect": {"kind": "drop"}, "match": {"topics": ["user.*"]}}, "does not go by `match.topics`"),
        ({"effect": {"kind": "drop"}, "match": {"successful": True}}, "leave out `match.successful`"),
        ({"effect": {"kind": "throttle"}}, "for vendor `auth0` alone"),
    ],
)
def test_rule_that_makes_no_sense_is_refused_with_its_place(
    sandbox: SandboxProcess, rule: dict[str, Any], named: str
) -> None:
    with pytest.raises(SandboxFailedError) as refused:
        sandbox.fault_rules([{"vendor": "salesforce", **rule}])

    assert named in str(refused.value)
    assert "rules[0]" in str(refused.value)


def test_rule_for_everybody_has_to_name_its_vendor(sandbox: SandboxProcess) -> None:
    with pytest.raises(SandboxFailedError, match="names no vendor"):
        sandbox.fault_rules([{"effect": {"kind": "status"}}])


def test_file_that_is_no_plan_is_refused_by_name_and_place(tmp_path: Path) -> None:
    file = tmp_path / "faults.json"
    file.write_text('{"rules": [{"vendor": "auth0", "effect": {"kind": "latency", "delay": {"shape": "constant"}}}]}')

    with pytest.raises(ValueError, match=r"faults\.json: .*`ms`.*rules\[0\]\.effect\.delay"):
        read_fault_rules(file)


def test_one_tenants_rules_and_log_leave_the_org_alone(sandbox: SandboxProcess, tenant_http: httpx.Client) -> None:
    sandbox.auth0_faults(fail_next=1, status=503)

    statuses = [tenant_http.get("/api/v2/users").status_code for _ in range(2)]

    assert statuses == [503, 200]
    assert [(entry["vendor"], entry["rule"]) for entry in sandbox.fault_log()] == [("auth0", "ordered failures")]


def test_lock_of_a_record_is_no_trouble_of_a_tenant(sandbox: SandboxProcess) -> None:
    with pytest.raises(SandboxFailedError, match="for vendor `salesforce` alone"):
        sandbox.auth0_faults(lock_once=["003000000000001AAA"])
