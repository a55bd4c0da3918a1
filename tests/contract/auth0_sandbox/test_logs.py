from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from auth0.management import ManagementClient
from auth0.management.errors import BadRequestError, NotFoundError
from auth0.management.types import CreateLogStreamHttpRequestBody, LogStreamHttpSink

from crosswalk_sandbox.auth0 import Tenant

from .conftest import Receiver, ada, wait_until


def create_stream(auth0: ManagementClient, url: str, content_format: str, **sink: Any) -> str:
    request = CreateLogStreamHttpRequestBody(
        name="to the hub",
        type="http",
        sink=LogStreamHttpSink(
            http_endpoint=url, http_authorization="stream-secret", http_content_format=content_format, **sink
        ),
    )
    return str(auth0.log_streams.create(request=request).id)


def test_an_api_change_is_logged_with_request_and_answer(auth0: ManagementClient, tenant: Tenant) -> None:
    user_id = auth0.users.create(**ada()).user_id or ""

    (log,) = [entry for entry in auth0.logs.list() if entry.type == "sapi"]

    assert log.description == "Create a User"
    assert not log.user_id
    assert log.client_id == "m2m-client"
    details: Any = log.details
    assert details["request"]["method"] == "post"
    assert details["request"]["path"] == "/api/v2/users"
    assert details["request"]["body"]["email"] == "ada@example.com"
    assert details["request"]["body"]["password"] == "*****"
    assert details["response"]["statusCode"] == 201
    assert details["response"]["body"]["user_id"] == user_id
    assert log.log_id is not None
    assert log.log_id.startswith("90020") and log.log_id.isdecimal() and len(log.log_id) == 56
    assert auth0.logs.get(log.log_id).type == "sapi"


def test_each_kind_of_change_has_its_own_log(auth0: ManagementClient) -> None:
    user_id = auth0.users.create(**ada()).user_id or ""
    auth0.users.update(user_id, email="ada@new.example")
    auth0.users.update(user_id, password="Analytical-Engine-2")
    auth0.users.update(user_id, phone_number="+442079460000")
    auth0.users.delete(user_id)

    types = [entry.type for entry in auth0.logs.list(sort="date:1")]

    updates = [entry for entry in auth0.logs.list(sort="date:1") if entry.description == "Update a User"]
    details: Any = updates[0].details
    assert details["request"]["method"] == "patch"
    assert details["request"]["path"] == f"/api/v2/users/{user_id.replace('|', '%7C')}"
    assert types == ["seccft", "sapi", "sapi", "sce", "sapi", "scp", "sapi", "scpn", "sapi", "du"]


def test_logs_are_read_from_a_checkpoint_oldest_first(http: httpx.Client, token: str, tenant: Tenant) -> None:
    for number in range(5):
        tenant.create_user({"email": f"person{number}@example.com"})
    headers = {"authorization": f"Bearer {token}"}

    first = http.get("/api/v2/logs", params={"from": "", "take": 4}, headers=headers).json()
    rest = http.get("/api/v2/logs", params={"from": first[-1]["log_id"], "take": 100}, headers=headers).json()
    done = http.get("/api/v2/logs", params={"from": rest[-1]["log_id"], "take": 100}, headers=headers).json()

    emails = [entry["details"]["response"]["body"]["email"] for entry in (first + rest) if entry["type"] == "sapi"]
    assert len(first) == 4
    assert emails == [f"person{number}@example.com" for number in range(5)]
    assert done == []
    ids = [entry["log_id"] for entry in first + rest]
    assert ids == sorted(ids)


def test_logs_are_searched_newest_first(http: httpx.Client, token: str, tenant: Tenant) -> None:
    user_id = tenant.create_user({"email": "ada@example.com"})["user_id"]
    tenant.update_user(user_id, {"email": "b@example.com"})
    headers = {"authorization": f"Bearer {token}"}

    found = http.get("/api/v2/logs", params={"q": "type:(sapi OR sce)", "fields": "type"}, headers=headers).json()

    assert found == [{"type": "sce"}, {"type": "sapi"}, {"type": "sapi"}]


def test_an_unknown_log_does_not_exist(auth0: ManagementClient) -> None:
    with pytest.raises(NotFoundError):
        auth0.logs.get("90020200101000000000781000000000000001223372036854775808")


@pytest.mark.parametrize("content_format", ["JSONARRAY", "JSONLINES", "JSONOBJECT"])
def test_a_log_stream_delivers_in_the_chosen_format(
    auth0: ManagementClient, receiver: Receiver, tenant: Tenant, content_format: str
) -> None:
    create_stream(auth0, receiver.url, content_format, http_content_type="application/x-logs")

    tenant.create_user({"email": "ada@example.com"})

    request = receiver.wait_for(1)[0]
    match content_format:
        case "JSONARRAY":
            items = request.json()
        case "JSONOBJECT":
            items = request.json()["logs"]
        case _:
            items = [json.loads(line) for line in request.body.splitlines()]
    assert request.headers["authorization"] == "stream-secret"
    assert request.headers["content-type"] == "application/x-logs"
    assert items[0]["data"]["type"] == "sapi"
    assert items[0]["log_id"] == items[0]["data"]["log_id"]
    assert items[0]["data"]["details"]["response"]["body"]["email"] == "ada@example.com"


def test_a_log_stream_tries_again_and_loses_nothing(
    auth0: ManagementClient, receiver: Receiver, tenant: Tenant
) -> None:
    create_stream(auth0, receiver.url, "JSONARRAY")
    receiver.answers = [500]

    for number in range(150):
        tenant.create_user({"email": f"person{number}@example.com"})

    def accepted() -> list[str]:
        return [item["log_id"] for request in receiver.requests[1:] for item in request.json()]

    wait_until(lambda: len(accepted()) >= 150, "arrival of all logs")
    assert accepted() == [entry["log_id"] for entry in tenant.logs.entries()][-150:]
    assert max(len(request.json()) for request in receiver.requests) <= 100


def test_a_paused_stream_continues_where_it_stopped(
    auth0: ManagementClient, receiver: Receiver, tenant: Tenant
) -> None:
    stream_id = create_stream(auth0, receiver.url, "JSONARRAY")
    tenant.create_user({"email": "a@example.com"})
    receiver.wait_for(1)
    auth0.log_streams.update(stream_id, status="paused")
    tenant.create_user({"email": "b@example.com"})

    auth0.log_streams.update(stream_id, status="active")

    second = receiver.wait_for(2)[1].json()
    assert [item["data"]["details"]["response"]["body"]["email"] for item in second] == ["b@example.com"]


def test_a_filtered_stream_gets_its_categories_only(
    auth0: ManagementClient, http: httpx.Client, token: str, receiver: Receiver, tenant: Tenant
) -> None:
    http.post(
        "/api/v2/log-streams",
        headers={"authorization": f"Bearer {token}"},
        json={
            "name": "changes of people",
            "type": "http",
            "sink": {"httpEndpoint": receiver.url, "httpContentFormat": "JSONARRAY"},
            "filters": [{"type": "category", "name": "user.success"}],
        },
    )
    user_id = tenant.create_user({"email": "a@example.com"})["user_id"]

    tenant.delete_user(user_id)

    items = receiver.wait_for(1)[0].json()
    assert [item["data"]["type"] for item in items] == ["du"]


def test_a_log_stream_needs_a_safe_endpoint(auth0: ManagementClient) -> None:
    with pytest.raises(BadRequestError) as error:
        create_stream(auth0, "http://hub.example/logs", "JSONARRAY")
    assert "http://hub.example/logs" in error.value.body["message"]


def test_log_streams_are_listed_and_deleted(auth0: ManagementClient, receiver: Receiver) -> None:
    stream_id = create_stream(auth0, receiver.url, "JSONLINES")

    assert [stream.id for stream in auth0.log_streams.list()] == [stream_id]
    auth0.log_streams.delete(stream_id)
    with pytest.raises(NotFoundError):
        auth0.log_streams.get(stream_id)
