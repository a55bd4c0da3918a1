"""What an event is for is told by what it says: access that ends or changes goes before everything else."""

import json

import pytest

from crosswalk.connectors.auth0.events import parse_event_stream_body
from crosswalk.connectors.auth0.log_events import parse_log_item
from crosswalk.domain.purpose import Purpose


def an_event(kind: str = "user.updated", **user: object) -> bytes:
    data = {"object": {"user_id": "auth0|1", "updated_at": "2026-02-01T10:00:00.000Z", **user}}
    return json.dumps({"id": "evt_1", "type": kind, "time": "2026-02-01T10:00:00.000Z", "data": data}).encode()


def an_operation(method: str, path: str, body: object = None) -> bytes:
    request = {"method": method, "path": path, "body": body}
    return json.dumps({"type": "sapi", "date": "2026-02-01T10:00:00.000Z", "details": {"request": request}}).encode()


@pytest.mark.parametrize(
    ("body", "purpose"),
    [
        (an_event("user.deleted"), Purpose.OFFBOARDING),
        (an_event(blocked=True), Purpose.OFFBOARDING),
        (an_event(blocked=False), Purpose.PROFILE),
        (an_event(blocked="yes, by Grace"), Purpose.PROFILE),
        (an_event(), Purpose.PROFILE),
    ],
)
def test_events_of_leavers_are_urgent(body: bytes, purpose: Purpose) -> None:
    assert parse_event_stream_body(body).purpose is purpose


@pytest.mark.parametrize(
    ("body", "purpose"),
    [
        (an_operation("delete", "/api/v2/users/auth0%7C1"), Purpose.OFFBOARDING),
        (an_operation("post", "/api/v2/users/auth0%7C1/roles", {"roles": ["rol_1"]}), Purpose.OFFBOARDING),
        (an_operation("delete", "/api/v2/users/auth0%7C1/roles"), Purpose.OFFBOARDING),
        (an_operation("patch", "/api/v2/users/auth0%7C1", {"blocked": True}), Purpose.OFFBOARDING),
        (an_operation("patch", "/api/v2/users/auth0%7C1", {"blocked": False}), Purpose.PROFILE),
        (an_operation("patch", "/api/v2/users/auth0%7C1", ["not", "an", "object"]), Purpose.PROFILE),
        (an_operation("patch", "/api/v2/users/auth0%7C1", {"name": "Ada"}), Purpose.PROFILE),
    ],
)
def test_what_the_log_says_of_access_is_urgent(body: bytes, purpose: Purpose) -> None:
    assert parse_log_item(body).purpose is purpose


def test_a_deleted_user_in_the_log_is_urgent() -> None:
    item = json.dumps({"type": "sdu", "date": "2026-02-01T10:00:00.000Z", "user_id": "auth0|1"}).encode()

    assert parse_log_item(item).purpose is Purpose.OFFBOARDING
