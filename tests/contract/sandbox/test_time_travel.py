"""The sandbox's clock: what expires, ages, waits or is stamped follows it, forward by a jump or by running faster."""

from __future__ import annotations

import asyncio
import re
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest
from auth0.management import ManagementClient
from auth0.management.errors import UnauthorizedError
from simple_salesforce import Salesforce, SalesforceExpiredSession

from crosswalk_sandbox.clock import SandboxClock
from crosswalk_sandbox.process import SandboxFailedError, SandboxProcess

from .conftest import tenant_token

API = "/services/data/v62.0"
PERSON = {"connection": "Username-Password-Authentication", "password": "Difference-Engine-1"}
DAY = 86_400.0


def near(moment: datetime, expected: datetime) -> bool:
    return abs((moment - expected).total_seconds()) < 5


def test_clock_jumps_and_a_reset_brings_it_back(sandbox: SandboxProcess) -> None:
    jumped = sandbox.clock(advance=3600)
    sandbox.reset()

    assert near(datetime.fromisoformat(jumped["now"]), datetime.now(UTC) + timedelta(hours=1))
    assert (jumped["ahead_seconds"], jumped["speed"]) == (3600.0, 1.0)
    assert sandbox.clock()["ahead_seconds"] == 0.0


def test_clock_runs_faster_from_the_order_on(sandbox: SandboxProcess) -> None:
    sandbox.clock(speed=1000)
    started = time.monotonic()
    while sandbox.clock()["ahead_seconds"] < 60:
        assert time.monotonic() - started < 50

    assert time.monotonic() - started >= 0.05


@pytest.mark.parametrize("order", [{"advance": -1.0}, {"speed": 0.0}, {"speed": 1e9}])
def test_clock_never_goes_back_nor_stands_still(sandbox: SandboxProcess, order: dict[str, float]) -> None:
    with pytest.raises(SandboxFailedError, match="found"):
        sandbox.clock(**order)


def test_salesforce_session_expires_and_its_stamps_follow(sandbox: SandboxProcess, org: Salesforce) -> None:
    sandbox.clock(advance=3600)
    lead_id = org.Lead.create({"LastName": "Byron", "Company": "Engines"})["id"]

    stamp = datetime.fromisoformat(org.Lead.get(lead_id)["SystemModstamp"])
    sandbox.clock(advance=3700)

    assert near(stamp, datetime.now(UTC) + timedelta(hours=1))
    with pytest.raises(SalesforceExpiredSession):
        org.Lead.get(lead_id)


def test_answers_carry_the_sandbox_time(
    sandbox: SandboxProcess, tenant_http: httpx.Client, org_http: httpx.Client
) -> None:
    sandbox.clock(advance=3600)

    dates = [parsedate_to_datetime(http.get("/nowhere").headers["Date"]) for http in (tenant_http, org_http)]

    assert [near(date, datetime.now(UTC) + timedelta(hours=1)) for date in dates] == [True, True]


def test_updated_window_opens_at_the_sandbox_time(sandbox: SandboxProcess, org: Salesforce) -> None:
    sandbox.clock(advance=3600)
    lead_id = org.Lead.create({"LastName": "Byron", "Company": "Engines"})["id"]
    sandbox.clock(advance=120)

    now = datetime.now(UTC) + timedelta(seconds=3720)
    updated = org.Lead.updated(now - timedelta(minutes=10), now)

    assert updated["ids"] == [lead_id]


def test_api_calls_age_over_a_rolling_day(sandbox: SandboxProcess, org_http: httpx.Client) -> None:
    # The vendor counts any 24 hours, not calendar days: half of the calls leave the window before the others.
    def used() -> int:
        return int(org_http.get(f"{API}/limits").headers["sforce-limit-info"].partition("=")[2].partition("/")[0])

    sandbox.settings(token_lifetime_s=10 * DAY)
    access = sandbox.access.salesforce
    form = {"grant_type": "client_credentials", "client_id": access.client_id, "client_secret": access.client_secret}
    token = org_http.post("/services/oauth2/token", data=form).json()["access_token"]
    org_http.headers["Authorization"] = f"Bearer {token}"

    first = [used(), used()]
    sandbox.clock(advance=DAY / 2)
    second = used()
    sandbox.clock(advance=DAY / 2 + 60)
    third = used()

    assert (first, second, third) == ([1, 2], 3, 2)


def test_tenant_tokens_expire_and_carry_the_sandbox_time(
    sandbox: SandboxProcess, auth0: ManagementClient, tenant_http: httpx.Client
) -> None:
    auth0.users.list()
    sandbox.clock(advance=DAY + 60)

    with pytest.raises(UnauthorizedError) as error:
        auth0.users.list()

    assert error.value.body["message"] == "Expired token received for JSON Web Token validation"
    renewed = tenant_token(sandbox, tenant_http)
    assert tenant_http.get("/api/v2/users", headers={"authorization": f"Bearer {renewed}"}).status_code == 200


def test_logs_and_events_are_stamped_by_the_clock_and_logs_age_by_it(
    sandbox: SandboxProcess, auth0: ManagementClient, tenant_http: httpx.Client
) -> None:
    sandbox.auth0_settings(log_retention_days=1)
    user = auth0.users.create(email="ada@example.com", **PERSON)
    [entry, *_] = tenant_http.get("/api/v2/logs", params={"q": "type:sapi"}).json()
    sandbox.clock(advance=DAY / 2)
    later = auth0.users.create(email="mary@example.com", **PERSON)
    sandbox.clock(advance=DAY / 2 + 60)

    token = tenant_token(sandbox, tenant_http)
    kept = tenant_http.get("/api/v2/logs", headers={"authorization": f"Bearer {token}"}).json()
    gone = tenant_http.get(f"/api/v2/logs/{entry['log_id']}", headers={"authorization": f"Bearer {token}"})

    created = user.created_at, later.created_at
    stamps = [each if isinstance(each, datetime) else datetime.fromisoformat(str(each)) for each in created]
    assert near(stamps[1] - timedelta(days=0.5), stamps[0])
    assert near(datetime.fromisoformat(kept[-1]["date"]), datetime.now(UTC) + timedelta(days=0.5))
    assert gone.status_code == 404


def test_cursor_expires_with_the_events_behind_it(
    sandbox: SandboxProcess, auth0: ManagementClient, tenant_http: httpx.Client
) -> None:
    sandbox.auth0_settings(event_retention_days=1)

    def cursor_now() -> str:
        with tenant_http.stream("GET", "/api/v2/events") as stream:
            return next(line.removeprefix("id: ") for line in stream.iter_lines() if line.startswith("id: "))

    cursor = cursor_now()
    auth0.users.create(email="ada@example.com", **PERSON)
    sandbox.clock(advance=DAY + 60)
    tenant_http.headers["Authorization"] = f"Bearer {tenant_token(sandbox, tenant_http)}"

    expired = tenant_http.get("/api/v2/events", params={"from": cursor})

    assert (expired.status_code, expired.json()["message"]) == (410, "Cursor has expired")
    assert cursor_now() != cursor


@pytest.mark.parametrize(("delay", "order"), [(DAY, {"advance": DAY + 1}), (100.0, {"speed": 1000.0})])
def test_waiting_delivery_goes_out_when_time_reaches_its_moment(
    sandbox: SandboxProcess,
    auth0: ManagementClient,
    tenant_http: httpx.Client,
    delay: float,
    order: dict[str, float],
) -> None:
    # The first attempt fails at a closed port; nobody waits for the next in real time.
    sandbox.auth0_settings(retry_delays=[delay])
    body = {
        "name": "hub",
        "subscriptions": [{"event_type": "user.created"}],
        "destination": {
            "type": "webhook",
            "configuration": {
                "webhook_endpoint": "http://127.0.0.1:9/hook",
                "webhook_authorization": {"method": "bearer", "token": "not-secret"},
            },
        },
    }
    stream_id = tenant_http.post("/api/v2/event-streams", json=body).json()["id"]
    auth0.users.create(email="ada@example.com", **PERSON)

    def attempts(authorization: str) -> int:
        reply = tenant_http.get(
            f"/api/v2/event-streams/{stream_id}/deliveries", headers={"authorization": authorization}
        )
        return sum(len(one["attempts"]) for one in reply.json()["deliveries"])

    wait_for(lambda: attempts(tenant_http.headers["authorization"]) == 1)
    sandbox.clock(**order)
    renewed = f"Bearer {tenant_token(sandbox, tenant_http)}"

    wait_for(lambda: attempts(renewed) == 2)


def test_heartbeats_of_a_subscription_come_faster_when_time_does(
    sandbox: SandboxProcess, tenant_http: httpx.Client
) -> None:
    sandbox.clock(speed=100)
    started = time.monotonic()

    with tenant_http.stream("GET", "/api/v2/events") as stream:
        beats = 0
        for line in stream.iter_lines():
            beats += "offset-only" in line and line.startswith("data")
            if beats == 3:
                break

    # 15 seconds of the sandbox lie between two of them.
    assert time.monotonic() - started < 15


async def test_sleeper_wakes_at_a_jump_and_not_before() -> None:
    clock = SandboxClock()
    sleeper = asyncio.create_task(clock.sleep(1000))
    await asyncio.sleep(0)

    clock.advance(999)
    for _ in range(10):  # it is woken by the jump, looks, and sleeps on
        await asyncio.sleep(0)
    was_done = sleeper.done()
    clock.advance(1)
    await asyncio.wait_for(sleeper, 60)

    assert not was_done


async def test_sleeper_wakes_at_a_reset_instead_of_waiting_for_a_moment_of_the_future() -> None:
    clock = SandboxClock()
    clock.advance(DAY)
    sleeper = asyncio.create_task(clock.sleep(10))
    await asyncio.sleep(0)

    clock.reset()

    await asyncio.wait_for(sleeper, 60)
    assert clock.shift() == 0.0


def test_nothing_of_the_sandbox_reads_the_computers_clock_but_the_clock_itself() -> None:
    root = Path(__file__).parents[3] / "src" / "crosswalk_sandbox"
    reading = re.compile(r"\b(datetime\.(now|utcnow|today)|date\.today)\(|(?<!\.)\btime\.(time|monotonic|gmtime)\b")
    # Waiting for a process of its own, certificates, and the process that starts the sandbox from outside.
    outside = {"auth0/actions/builds.py", "auth0/signing_keys.py", "clock.py", "process.py", "tls.py"}

    offenders = [
        f"{path.relative_to(root)}:{number}"
        for path in sorted(root.rglob("*.py"))
        if str(path.relative_to(root)) not in outside
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if reading.search(line)
    ]

    assert offenders == []


def wait_for(condition: object, seconds: float = 60.0) -> None:
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
