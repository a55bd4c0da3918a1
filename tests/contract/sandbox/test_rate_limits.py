"""Limits of both vendors: the tenant's requests by plan, the org's calls by day and at once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from auth0.management import ManagementClient
from auth0.management.errors import TooManyRequestsError
from simple_salesforce import Salesforce

from crosswalk_sandbox.process import SandboxProcess

from .conftest import tenant_token

API = "/services/data/v62.0"
ONCE = {"max_retries": 0}
PERSON = {"connection": "Username-Password-Authentication", "password": "Difference-Engine-1"}


def accepted_of(http: httpx.Client, path: str, count: int, **request: object) -> int:
    method = str(request.pop("method", "GET"))
    return sum(http.request(method, path, **request).status_code != 429 for _ in range(count))  # type: ignore[arg-type]


def test_free_plan_allows_two_requests_and_says_when_the_next_is_there(
    sandbox: SandboxProcess, auth0: ManagementClient
) -> None:
    sandbox.auth0_settings(rate_limit_plan="free")

    with pytest.raises(TooManyRequestsError) as error:
        for _ in range(3):
            auth0.users.list(request_options=ONCE)

    headers = error.value.headers or {}
    assert error.value.body == {
        "statusCode": 429,
        "error": "Too Many Requests",
        "message": "Global limit has been reached",
        "errorCode": "too_many_requests",
    }
    assert (headers["x-ratelimit-limit"], headers["x-ratelimit-remaining"]) == ("2", "0")
    assert 0 <= int(headers["x-ratelimit-reset"]) - time.time() <= 2


def test_auth0_python_gets_through_the_free_plan_by_its_headers(
    sandbox: SandboxProcess, auth0: ManagementClient
) -> None:
    sandbox.auth0_settings(rate_limit_plan="free")

    answers = [list(auth0.users.list()) for _ in range(4)]

    assert answers == [[], [], [], []]


@pytest.mark.parametrize(
    ("plan", "path", "allowed", "limit"),
    [
        ("free", "/api/v2/roles", 2, "2"),
        ("enterprise", "/api/v2/roles", 50, "50"),
        ("enterprise-non-production", "/api/v2/roles", 10, "10"),
        ("enterprise", "/api/v2/organizations/name/none", 20, "20"),
        ("essentials", "/api/v2/users", 40, "40"),
        ("essentials", "/api/v2/logs", 10, "10"),
        ("essentials", "/api/v2/roles", 10, "10"),
    ],
)
def test_each_endpoint_has_the_burst_that_its_plan_publishes(
    sandbox: SandboxProcess, tenant_http: httpx.Client, plan: str, path: str, allowed: int, limit: str
) -> None:
    sandbox.auth0_settings(rate_limit_plan=plan)
    # Slower than any refill, so that the burst alone counts.
    sandbox.clock(speed=0.0001)

    assert accepted_of(tenant_http, path, allowed + 3) == allowed
    assert tenant_http.get(path).headers["x-ratelimit-limit"] == limit


def test_limit_of_one_endpoint_leaves_the_others_open(sandbox: SandboxProcess, tenant_http: httpx.Client) -> None:
    sandbox.auth0_settings(rate_limit_plan="essentials")
    sandbox.clock(speed=0.0001)
    accepted_of(tenant_http, "/api/v2/logs", 11)

    assert tenant_http.get("/api/v2/logs").json()["errorCode"] == "too_many_requests"
    assert tenant_http.get("/api/v2/users").status_code == 200


def test_requests_come_back_with_the_sandbox_time(sandbox: SandboxProcess, tenant_http: httpx.Client) -> None:
    sandbox.auth0_settings(rate_limit_plan="essentials")
    sandbox.clock(speed=0.0001)
    accepted_of(tenant_http, "/api/v2/logs", 11)

    sandbox.clock(advance=3)  # of 100 a minute, five come in three seconds

    assert accepted_of(tenant_http, "/api/v2/logs", 8) == 5


def test_logins_to_one_account_are_limited_and_to_another_are_not(
    sandbox: SandboxProcess, auth0: ManagementClient, tenant_http: httpx.Client
) -> None:
    access = sandbox.access.auth0
    sandbox.auth0_settings(rate_limit_plan="enterprise")
    sandbox.clock(speed=0.0001)

    def login(username: str) -> httpx.Response:
        body = {
            "grant_type": "password",
            "username": username,
            "password": "wrong",
            "client_id": access.client_id,
            "client_secret": access.client_secret,
        }
        return tenant_http.post("/oauth/token", json=body)

    statuses = [login("ada@example.com").status_code for _ in range(21)]
    refused = login("ADA@example.com")

    assert (statuses[:20].count(429), statuses[20]) == (0, 429)
    assert refused.json()["error_description"] == "Too many logins with the same username or email."
    assert login("mary@example.com").status_code != 429


def test_userinfo_is_limited_by_user(sandbox: SandboxProcess, tenant_http: httpx.Client) -> None:
    sandbox.auth0_settings(rate_limit_plan="enterprise")
    sandbox.clock(speed=0.0001)

    first = accepted_of(tenant_http, "/userinfo", 13, headers={"authorization": "Bearer one"})
    second = accepted_of(tenant_http, "/userinfo", 1, headers={"authorization": "Bearer another"})

    assert (first, second) == (10, 1)


def test_token_endpoint_of_the_free_plan_allows_thirty_and_the_management_limit_is_apart(
    sandbox: SandboxProcess, tenant_http: httpx.Client
) -> None:
    sandbox.auth0_settings(rate_limit_plan="free")
    sandbox.clock(speed=0.0001)

    assert accepted_of(tenant_http, "/oauth/token", 33, method="POST", json={}) == 30
    assert tenant_http.get("/api/v2/users").status_code == 200


def test_a_body_that_was_looked_into_still_reaches_its_endpoint(
    sandbox: SandboxProcess, tenant_http: httpx.Client
) -> None:
    sandbox.auth0_settings(rate_limit_plan="enterprise")

    assert len(tenant_token(sandbox, tenant_http)) > 100


def test_one_subscription_is_all_that_the_free_plan_keeps_open(
    sandbox: SandboxProcess, tenant_http: httpx.Client
) -> None:
    sandbox.auth0_settings(rate_limit_plan="free", heartbeat_seconds=0.02)

    with tenant_http.stream("GET", "/api/v2/events") as first:
        # A reference to the lines is kept, since dropping them would end the stream.
        lines = first.iter_lines()
        next(lines)
        with tenant_http.stream("GET", "/api/v2/events") as second:
            refused = second.status_code, second.headers.get("retry-after")
    deadline = time.monotonic() + 5
    while not opens(sandbox, tenant_http):
        assert time.monotonic() < deadline, "the place was never free again"

    assert (first.status_code, refused) == (200, (429, "5"))


def opens(sandbox: SandboxProcess, http: httpx.Client) -> bool:
    """Whether a subscription can be opened, once the plan's request limit has room again."""
    sandbox.clock(advance=2)
    with http.stream("GET", "/api/v2/events") as stream:
        return stream.status_code == 200


def test_limits_resource_names_every_limit_that_clients_look_for(org: Salesforce) -> None:
    limits = org.limits()

    assert limits["DailyApiRequests"] == {"Max": 100_000, "Remaining": 99_999}
    assert all(set(each) >= {"Max", "Remaining"} for each in limits.values())
    assert {"DailyBulkV2QueryJobs", "DailyStreamingApiEvents", "HourlyPublishedPlatformEvents"} <= set(limits)


def test_long_running_calls_fill_the_concurrency_limit(sandbox: SandboxProcess, org_http: httpx.Client) -> None:
    sandbox.settings(concurrent_limit=3)
    hold = {"kind": "latency", "delay": {"shape": "constant", "ms": 1500}}
    rule = {"vendor": "salesforce", "effect": hold, "match": {"operations": ["query"]}}
    sandbox.fault_rules([rule])
    entered = threading.Barrier(4)

    def long_query() -> int:
        entered.wait(5)
        return org_http.get(f"{API}/query", params={"q": "SELECT Id FROM Lead"}).status_code

    with ThreadPoolExecutor(3) as pool:
        running = [pool.submit(long_query) for _ in range(3)]
        entered.wait(5)
        wait_until_logged(sandbox, 3)
        young = org_http.get(f"{API}/limits")
        sandbox.clock(advance=20)
        old = org_http.get(f"{API}/limits")
        finished = [each.result(60) for each in running]
    after = org_http.get(f"{API}/limits")

    assert (young.status_code, old.status_code, after.status_code) == (200, 403, 200)
    assert old.json() == [
        {
            "message": "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
            "errorCode": "REQUEST_LIMIT_EXCEEDED",
        }
    ]
    # Those that run already are not ended; the vendor refuses new ones.
    assert finished == [200, 200, 200]


def wait_until_logged(sandbox: SandboxProcess, count: int) -> None:
    deadline = time.monotonic() + 5
    while len(sandbox.fault_log()) < count:
        assert time.monotonic() < deadline, "the calls did not start in time"
