"""Tenant log events: three delivery formats, items with and without envelope, and what each type asks for."""

import json
from pathlib import Path
from typing import Any

import pytest

from crosswalk.connectors.auth0.log_events import parse_log_item, parse_log_stream_body
from crosswalk.connectors.auth0.malformed import MalformedEvent
from crosswalk.domain.event import Disposition, Source

FIXTURES = Path(__file__).parents[2] / "fixtures" / "auth0"

OPERATION = ("ignored", None, "a management operation that is not about a user")
PROTECTION = "attack protection: no enabled flow uses it"
HOMER = "google-oauth2|105261262156475850461"

SECURITY_OUTCOMES = [
    OPERATION,
    OPERATION,
    OPERATION,
    OPERATION,
    OPERATION,
    OPERATION,
    OPERATION,
    ("ignored", None, "log type 'fcoa' is a failure: nothing changed"),
    OPERATION,
    OPERATION,
    ("ignored", HOMER, PROTECTION),
    ("ignored", HOMER, PROTECTION),
    OPERATION,
    OPERATION,
    ("ignored", None, PROTECTION),
    ("ignored", None, PROTECTION),
    OPERATION,
    OPERATION,
    OPERATION,
    OPERATION,
    OPERATION,
    OPERATION,
    OPERATION,
    ("ignored", HOMER, PROTECTION),
    OPERATION,
    OPERATION,
    OPERATION,
    ("ignored", HOMER, "second-factor prompts: no enabled flow uses them"),
    OPERATION,
    OPERATION,
    ("changed", HOMER, ""),
    ("changed", "google-oauth2|888888888888888888888", ""),
    OPERATION,
    OPERATION,
    OPERATION,
    OPERATION,
    OPERATION,
    OPERATION,
]

SIGNUP_OUTCOMES = [
    ("changed", "auth0|6182002f34f4dd006b05b5c7", ""),
    ("changed", "auth0|618223a4e3f49e006948565c", ""),
    ("changed", "auth0|618232c562bac1006935a7af", ""),
]


def items_of(name: str) -> list[Any]:
    return [entry.get("event", entry) for entry in json.loads((FIXTURES / name).read_text())]


def an_item(log_id: str | None = "900", **data: Any) -> dict[str, Any]:
    item: dict[str, Any] = {"data": {"type": "ss", "date": "2021-11-03T03:21:19.503Z", "user_id": "auth0|1", **data}}
    return item if log_id is None else {"log_id": log_id, **item}


def an_operation(method: str, path: str, **response: Any) -> dict[str, Any]:
    details = {"request": {"method": method, "path": path}, "response": {"statusCode": 200, "body": response}}
    return an_item(type="sapi", user_id="auth0|admin", details=details)


def outcome_of(item: Any) -> tuple[str, str | None, str]:
    event = parse_log_item(json.dumps(item).encode())
    return event.disposition.value, event.user_id, event.note


@pytest.mark.parametrize(
    ("name", "outcomes"),
    [("tenant-logs.security.json", SECURITY_OUTCOMES), ("tenant-logs.signup.json", SIGNUP_OUTCOMES)],
)
@pytest.mark.parametrize("body_format", ["array", "lines", "object with logs"])
def test_every_recorded_event_has_the_outcome_written_here(
    name: str, outcomes: list[tuple[str, str | None, str]], body_format: str
):
    items = items_of(name)
    bodies = {
        "array": json.dumps(items),
        "lines": "\n".join(json.dumps(item) for item in items) + "\n",
        "object with logs": json.dumps({"logs": items}),
    }

    events = parse_log_stream_body(bodies[body_format].encode())

    assert [(event.disposition.value, event.user_id, event.note) for event in events] == outcomes
    assert {event.source for event in events} == {Source.LOG_STREAM}


def test_recorded_times_in_both_forms_are_utc():
    events = parse_log_stream_body(json.dumps(items_of("tenant-logs.security.json")).encode())

    assert events[0].occurred_at.isoformat() == "2025-10-03T14:09:32.149000+00:00"
    assert events[33].occurred_at.isoformat() == "2023-06-16T04:52:50.663000+00:00"


def test_the_id_is_the_envelopes_then_the_datas_then_one_from_the_content():
    events = parse_log_stream_body(json.dumps(items_of("tenant-logs.security.json")).encode())

    assert events[19].id == "90020230516172812328948000000000000001223372037498448373"
    assert events[30].id == "90020230523204756343781000000000000001223372037583230452"
    assert events[31].id == "sha256:b444e72433739a92f695dbf482fc5d057c089667162f350affebe351be12e8d4"


def test_an_item_without_an_id_has_the_same_one_whatever_the_order_of_its_fields():
    one = b'{"data":{"type":"ss","date":"2021-11-03T03:21:19.503Z","user_id":"auth0|1"}}'
    other = b'{"data": {"user_id":"auth0|1", "date":"2021-11-03T03:21:19.503Z","type":"ss"}}'

    assert parse_log_item(one).id == parse_log_item(other).id


def test_one_object_is_one_event():
    events = parse_log_stream_body(json.dumps(an_item(), indent=2).encode())

    assert [(event.id, event.user_id) for event in events] == [("900", "auth0|1")]


def test_a_flat_item_of_the_logs_endpoint_is_understood():
    item = {"_id": "901", "date": "2021-11-03T03:21:19.503Z", "type": "sce", "user_id": "auth0|1", "isMobile": False}

    event = parse_log_item(json.dumps(item).encode(), Source.LOG_POLL)

    assert (event.id, event.source, event.disposition) == ("901", Source.LOG_POLL, Disposition.CHANGED)


def test_an_empty_list_holds_no_events():
    assert parse_log_stream_body(b"[]") == []


@pytest.mark.parametrize("log_type", ["ss", "sv", "sce", "scu", "scpn", "gd_enrollment_complete", "gd_unenroll"])
def test_types_that_change_a_profile_ask_for_a_read(log_type: str):
    assert outcome_of(an_item(type=log_type)) == ("changed", "auth0|1", "")


def test_a_deletion_is_told_with_its_time():
    event = parse_log_item(json.dumps(an_item(type="du")).encode())

    assert (event.disposition, event.user_id) == (Disposition.DELETED, "auth0|1")
    assert event.updated_at == "2021-11-03T03:21:19.503000Z"


@pytest.mark.parametrize(
    ("log_type", "note"),
    [
        ("s", "logins: no enabled flow uses them"),
        ("seacft", "logins: no enabled flow uses them"),
        ("scp", "a password change alters nothing that is mapped"),
        ("fp", "log type 'fp' is a failure: nothing changed"),
        ("fdu", "log type 'fdu' is a failure: nothing changed"),
        ("mgmt_api_read", "a read changes nothing"),
        ("depnote", "log type 'depnote' does not change a profile"),
    ],
)
def test_other_types_are_ignored_with_the_reason(log_type: str, note: str):
    assert outcome_of(an_item(type=log_type)) == ("ignored", "auth0|1", note)


@pytest.mark.parametrize("user_id", ["", None])
def test_a_change_that_names_no_user_is_ignored(user_id: str | None):
    assert outcome_of(an_item(user_id=user_id)) == ("ignored", None, "names no user")


@pytest.mark.parametrize(
    ("operation", "outcome"),
    [
        (an_operation("patch", "/api/v2/users/auth0%7C42"), ("changed", "auth0|42", "")),
        (an_operation("delete", "/api/v2/users/auth0|42"), ("changed", "auth0|42", "")),
        (an_operation("POST", "/api/v2/users/auth0%7C42/identities"), ("changed", "auth0|42", "")),
        (an_operation("patch", "/v2/users/auth0%7C42"), ("changed", "auth0|42", "")),
        (an_operation("post", "/api/v2/users", user_id="auth0|43"), ("changed", "auth0|43", "")),
        (an_operation("post", "/api/v2/users"), ("ignored", None, "names no user")),
        (an_operation("get", "/api/v2/users/auth0%7C42"), ("ignored", None, "a read changes nothing")),
        (an_operation("post", "/api/v2/users-imports"), OPERATION),
        (an_item(type="sapi"), ("ignored", None, "a management operation without its request")),
    ],
)
def test_a_management_operation_is_about_the_user_in_its_path(
    operation: dict[str, Any], outcome: tuple[str, str | None, str]
):
    assert outcome_of(operation) == outcome


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"  ", "body: expected log events as JSON, found nothing"),
        (b"[1]", "item 1: body: expected an object, found number"),
        (b"[{]", "body: is not JSON: expected '\"' (byte 2)"),
        (b'{"logs": [{"log_id": "1", "data": {"type": "ss"}}]}', "item 1: data.date: is missing"),
        (
            b'{"log_id":"1","type":"s","date":"2021-11-03T03:21:19Z"}\n{"log_id":"2","type":7}',
            "item 2: type: expected a string, found number",
        ),
        (
            b'{"log_id":"1","type":"s","date":"2021-11-03T03:21:19Z"}\nnonsense',
            "item 2: body: is not JSON: invalid character (byte 4)",
        ),
        (
            json.dumps([an_item(), an_item(), an_item(date="noon")]).encode(),
            "item 3: data.date: expected a time such as 2025-10-03T14:09:32.149Z",
        ),
        (
            json.dumps([an_item(type="sapi", details={"request": {"method": "post", "path": 4}})]).encode(),
            "item 1: data.details.request.path: expected a string, found number",
        ),
    ],
)
def test_a_malformed_body_is_refused_naming_item_and_field(body: bytes, message: str):
    with pytest.raises(MalformedEvent) as caught:
        parse_log_stream_body(body)

    assert str(caught.value) == message
