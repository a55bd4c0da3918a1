"""Faults of what goes out by itself, events and logs, and of single records on every way in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from auth0.management import ManagementClient

from crosswalk_sandbox.process import SandboxProcess

from .receiving import Receiver

API = "/services/data/v62.0"
PERSON = {"connection": "Username-Password-Authentication", "password": "Difference-Engine-1"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


def event_stream(tenant_http: httpx.Client, receiver: Receiver) -> str:
    body = {
        "name": "hub",
        "subscriptions": [{"event_type": "user.created"}],
        "destination": {
            "type": "webhook",
            "configuration": {
                "webhook_endpoint": receiver.url,
                "webhook_authorization": {"method": "bearer", "token": "not-secret"},
            },
        },
    }
    return str(tenant_http.post("/api/v2/event-streams", json=body).json()["id"])


def sign_up(auth0: ManagementClient, names: str) -> None:
    for name in names:
        auth0.users.create(email=f"{name}@example.com", **PERSON)


def first_letters(receiver: Receiver) -> str:
    return "".join(body["data"]["object"]["email"][0] for body in receiver.bodies)


def test_lost_event_is_neither_delivered_nor_listed_as_failed(
    sandbox: SandboxProcess, auth0: ManagementClient, tenant_http: httpx.Client, receiver: Receiver
) -> None:
    stream_id = event_stream(tenant_http, receiver)
    rule = {"effect": {"kind": "lose-events"}, "match": {"topics": ["user.*"]}, "when": {"calls": [2, 2]}}
    sandbox.fault_rules([{"vendor": "auth0", **rule}])

    sign_up(auth0, "abc")
    wait_until(lambda: len(receiver.bodies) == 2)

    assert sorted(first_letters(receiver)) == ["a", "c"]
    assert tenant_http.get(f"/api/v2/event-streams/{stream_id}/deliveries").json()["deliveries"] == []
    assert [(one["rule"], one["call"], one["target"]) for one in sandbox.fault_log()] == [("rule 1", 2, "user.created")]


def test_delayed_event_waits_for_the_sandbox_time(
    sandbox: SandboxProcess, auth0: ManagementClient, tenant_http: httpx.Client, receiver: Receiver
) -> None:
    event_stream(tenant_http, receiver)
    late = {"kind": "delay-events", "delay": {"shape": "constant", "ms": 60_000}}
    sandbox.fault_rules([{"vendor": "auth0", "effect": late, "when": {"next": 1}}])

    sign_up(auth0, "ab")
    wait_until(lambda: len(receiver.bodies) == 1)
    before = first_letters(receiver)
    sandbox.clock(advance=60)
    wait_until(lambda: len(receiver.bodies) == 2)

    assert (before, first_letters(receiver)) == ("b", "ba")


def test_logs_of_a_stream_repeat_and_are_lost_by_their_type(
    sandbox: SandboxProcess, auth0: ManagementClient, tenant_http: httpx.Client, receiver: Receiver
) -> None:
    sink = {"httpEndpoint": receiver.url, "httpContentFormat": "JSONARRAY"}
    log_stream = {"name": "hub", "type": "http", "sink": sink}
    assert tenant_http.post("/api/v2/log-streams", json=log_stream).status_code == 200
    rules = [
        {
            "effect": {"kind": "duplicate-events", "copies": 2},
            "match": {"channels": ["log-stream"], "topics": ["sapi"]},
        },
        {"effect": {"kind": "lose-events"}, "match": {"topics": ["du"]}},
    ]
    sandbox.fault_rules([{"vendor": "auth0", **rule} for rule in rules])

    user_id = str(auth0.users.create(email="ada@example.com", **PERSON).user_id)
    auth0.users.delete(user_id)
    wait_until(lambda: sum(item["data"]["type"] == "sapi" for body in receiver.bodies for item in body) >= 6)

    types = [item["data"]["type"] for body in receiver.bodies for item in body]
    assert types.count("sapi") % 3 == 0
    assert "du" not in types


def test_record_fails_in_a_call_about_it_alone(sandbox: SandboxProcess, org_http: httpx.Client) -> None:
    failure = {"kind": "record-failure", "code": "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "message": "Trigger failed"}
    sandbox.fault_rules([{"vendor": "salesforce", "effect": failure, "when": {"next": 1}}])
    lead = {"LastName": "Byron", "Company": "Engines"}

    replies = [org_http.post(f"{API}/sobjects/Lead", json=lead) for _ in range(2)]

    assert [reply.status_code for reply in replies] == [400, 201]
    assert replies[0].json() == [
        {"message": "Trigger failed", "errorCode": "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "fields": []}
    ]


def test_records_of_a_bulk_job_fail_alone(sandbox: SandboxProcess, org_http: httpx.Client) -> None:
    sandbox.fault_rules([{"vendor": "salesforce", "effect": {"kind": "record-failure"}, "when": {"every": 2}}])
    jobs = f"{API}/jobs/ingest"
    job: dict[str, Any] = org_http.post(jobs, json={"object": "Lead", "operation": "insert"}).json()
    rows = "LastName,Company\n" + "".join(f"Byron {number},Engines\n" for number in range(4))
    org_http.put(f"{jobs}/{job['id']}/batches", content=rows, headers={"content-type": "text/csv"})
    org_http.patch(f"{jobs}/{job['id']}", json={"state": "UploadComplete"})

    wait_until(lambda: org_http.get(f"{jobs}/{job['id']}").json()["state"] == "JobComplete")

    failed = org_http.get(f"{jobs}/{job['id']}/failedResults").text.splitlines()
    assert org_http.get(f"{jobs}/{job['id']}").json()["numberRecordsFailed"] == 2
    assert [("Byron 1" in line, "Byron 3" in line) for line in failed[1:]] == [(True, False), (False, True)]
    assert all("UNABLE_TO_LOCK_ROW" in line for line in failed[1:])
