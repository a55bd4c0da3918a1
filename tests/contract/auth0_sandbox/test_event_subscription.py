from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from auth0.management import AsyncManagementClient, ManagementClient
from auth0.management.core.api_error import ApiError
from auth0.management.errors import BadRequestError, GoneError

from crosswalk_sandbox.auth0 import Tenant


def read(auth0: ManagementClient, count: int, **parameters: Any) -> list[tuple[str, str]]:
    """Return (e-mail, offset) of the first `count` events of a subscription."""
    found: list[tuple[str, str]] = []
    for message in auth0.events.subscribe(**parameters):
        event = getattr(message, "event", None)
        if event is not None:
            found.append((str(event.data.object.email), str(message.offset)))
        if len(found) == count:
            break
    return found


def test_a_new_subscription_begins_with_a_heartbeat_and_then_tells_new_events(
    auth0: ManagementClient, tenant: Tenant
) -> None:
    tenant.create_user({"email": "before@example.com"})

    messages = iter(auth0.events.subscribe())
    first = next(messages)
    tenant.create_user({"email": "ada@example.com"})
    later = next(message for message in messages if getattr(message, "event", None) is not None)

    assert not hasattr(first, "event")
    assert first.offset  # type: ignore[union-attr]
    assert later.event.type == "user.created"  # type: ignore[union-attr]
    assert later.event.data.object.email == "ada@example.com"  # type: ignore[union-attr]
    assert later.event.a_0_stream is None  # type: ignore[union-attr]


def test_a_subscription_resumes_after_a_stored_offset(auth0: ManagementClient, tenant: Tenant) -> None:
    start = next(iter(auth0.events.subscribe())).offset  # type: ignore[union-attr]
    for name in ("a", "b", "c", "d"):
        tenant.create_user({"email": f"{name}@example.com"})

    first_two = read(auth0, 2, from_=start)
    rest = read(auth0, 2, from_=first_two[-1][1])

    assert [email for email, _ in first_two] == ["a@example.com", "b@example.com"]
    assert [email for email, _ in rest] == ["c@example.com", "d@example.com"]


def test_a_subscription_can_begin_at_a_moment_and_choose_types(auth0: ManagementClient, tenant: Tenant) -> None:
    user_id = tenant.create_user({"email": "a@example.com"})["user_id"]
    tenant.update_user(user_id, {"email": "b@example.com"})
    tenant.delete_user(user_id)

    everything = read(auth0, 3, from_timestamp="2020-01-01T00:00:00Z")
    some = read(auth0, 2, from_timestamp="2020-01-01T00:00:00Z", event_type=["user.created", "user.deleted"])

    assert [email for email, _ in everything] == ["a@example.com", "b@example.com", "b@example.com"]
    assert [email for email, _ in some] == ["a@example.com", "b@example.com"]


async def test_the_async_client_receives_events_while_they_happen(
    async_auth0: AsyncManagementClient, tenant: Tenant
) -> None:
    seen: list[str] = []
    created = 0
    async for message in async_auth0.events.subscribe():
        event = getattr(message, "event", None)
        if event is not None:
            seen.append(event.data.object.email)
        if len(seen) == 3:
            break
        if event is not None or created == 0:
            created += 1
            tenant.create_user({"email": f"person{created}@example.com"})

    assert seen == ["person1@example.com", "person2@example.com", "person3@example.com"]


def test_the_frames_are_those_of_the_vendor(http: httpx.Client, token: str, tenant: Tenant) -> None:
    tenant.create_user({"email": "ada@example.com"})
    tenant.knobs.subscription_seconds = 0.3

    answer = http.get(
        "/api/v2/events",
        params={"from_timestamp": "2020-01-01T00:00:00Z"},
        headers={"authorization": f"Bearer {token}"},
    )

    blocks = answer.text.strip().split("\n\n")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert blocks[0] == ":connected"
    assert blocks[1] == "retry: 1000"
    assert [line.split(":")[0] for line in blocks[2].split("\n")] == ["id", "event", "data"]
    event = dict(line.split(": ", 1) for line in blocks[3].split("\n"))
    assert event["event"] == "user.created"
    data = json.loads(event["data"])
    assert data["type"] == "user.created"
    assert data["offset"] == event["id"]
    assert data["event"]["data"]["object"]["email"] == "ada@example.com"
    heartbeat = json.loads(blocks[-1].split("data: ")[1])
    assert heartbeat == {"type": "offset-only", "offset": event["id"]}


def test_an_unknown_cursor_is_refused(auth0: ManagementClient) -> None:
    with pytest.raises(BadRequestError) as error:
        next(iter(auth0.events.subscribe(from_="nonsense")))
    assert error.value.body["errorCode"] == "invalid_cursor"


def test_a_cursor_from_before_a_reset_is_gone(auth0: ManagementClient, tenant: Tenant) -> None:
    cursor = next(iter(auth0.events.subscribe())).offset  # type: ignore[union-attr]
    tenant.reset()

    with pytest.raises(GoneError) as error:
        next(iter(auth0.events.subscribe(from_=cursor)))
    assert error.value.body["errorCode"] == "cursor_expired"


def test_an_open_subscription_ends_with_an_error_when_its_events_are_gone(
    auth0: ManagementClient, tenant: Tenant
) -> None:
    messages = iter(auth0.events.subscribe())
    next(messages)
    tenant.reset()

    last = [message for message in messages if hasattr(message, "error")][-1]

    assert last.error.code == "cursor_expired"  # type: ignore[union-attr]


def test_an_unknown_event_type_is_refused(auth0: ManagementClient) -> None:
    with pytest.raises(ApiError) as error:
        next(iter(auth0.events.subscribe(event_type=["user.role.assigned"])))
    assert error.value.status_code == 400
