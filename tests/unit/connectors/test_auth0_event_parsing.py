"""Events of event streams and of the subscription: what each asks for, and what is wrong with malformed ones."""

import json
import timeit
import typing
from datetime import UTC, datetime
from typing import Any

import pytest
from auth0.management.types import EventStreamSubscribeEventsEventTypeEnum

from crosswalk.connectors.auth0.events import IGNORED_EVENTS, USER_EVENTS, parse_event_stream_body, profile_of
from crosswalk.connectors.auth0.malformed import MalformedEvent
from crosswalk.domain.event import Disposition, Source


def a_user(**fields: Any) -> dict[str, Any]:
    return {
        "user_id": "auth0|65f1c0ffee",
        "email": "ana@example.com",
        "updated_at": "2025-10-03T14:09:32.149Z",
        **fields,
    }


def a_body(**fields: Any) -> bytes:
    event = {
        "specversion": "1.0",
        "type": "user.updated",
        "source": "urn:auth0:example.auth0app.com",
        "id": "evt_4SrN8cLzVWnPHbYc8EXvJi",
        "time": "2025-10-03T14:09:33.001Z",
        "data": {"object": a_user()},
        "a0tenant": "example",
        **fields,
    }
    return json.dumps({name: value for name, value in event.items() if value is not None}).encode()


def test_an_updated_user_is_a_state_with_its_own_time():
    body = a_body()

    event = parse_event_stream_body(body)

    assert event.id == "evt_4SrN8cLzVWnPHbYc8EXvJi"
    assert event.source is Source.EVENT_STREAM
    assert event.type == "user.updated"
    assert event.occurred_at == datetime(2025, 10, 3, 14, 9, 33, 1000, tzinfo=UTC)
    assert event.disposition is Disposition.STATE
    assert event.user_id == "auth0|65f1c0ffee"
    assert event.updated_at == "2025-10-03T14:09:32.149000Z"
    assert event.raw == body


def test_the_profile_is_the_user_byte_for_byte():
    body = (
        b'{"id":"e1","type":"user.created","time":"2025-10-03T14:09:33Z","data":{"object":'
        b'{"user_id" : "auth0|1", "new_thing": 1.50, "name":"\\u00c1na"}}}'
    )

    event = parse_event_stream_body(body)

    assert profile_of(event) == b'{"user_id" : "auth0|1", "new_thing": 1.50, "name":"\\u00c1na"}'


def test_a_user_without_updated_at_is_as_old_as_its_event():
    event = parse_event_stream_body(a_body(data={"object": {"user_id": "auth0|1"}}))

    assert event.updated_at == "2025-10-03T14:09:33.001000Z"


def test_a_deleted_user_carries_the_time_of_the_deletion():
    body = a_body(type="user.deleted", data={"object": a_user(deleted_at="2025-10-03T14:09:32.900Z")})

    event = parse_event_stream_body(body)

    assert event.disposition is Disposition.DELETED
    assert event.user_id == "auth0|65f1c0ffee"
    assert event.updated_at == "2025-10-03T14:09:32.900000Z"


def test_every_event_type_of_the_sdk_is_known_and_no_other():
    literal, _ = typing.get_args(EventStreamSubscribeEventsEventTypeEnum)

    assert set(USER_EVENTS) | set(IGNORED_EVENTS) == set(typing.get_args(literal))
    assert len(USER_EVENTS) + len(IGNORED_EVENTS) == 25


@pytest.mark.parametrize(
    ("event_type", "note"),
    [
        ("organization.member.added", "organization events: no enabled flow uses them"),
        ("group.role.assigned", "group events: no enabled flow uses them"),
        ("connection.created", "connection events: no enabled flow uses them"),
        ("user.teleported", "unknown event type 'user.teleported'"),
    ],
)
def test_events_that_nothing_depends_on_are_ignored_with_the_reason(event_type: str, note: str):
    event = parse_event_stream_body(a_body(type=event_type, data={"object": {"id": "org_1"}}))

    assert (event.disposition, event.note, event.user_id) == (Disposition.IGNORED, note, None)


def test_a_test_event_is_ignored_even_if_it_names_a_user():
    event = parse_event_stream_body(a_body(a0purpose="test"))

    assert (event.disposition, event.note) == (Disposition.IGNORED, "test event")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "body: is not JSON: input data was truncated"),
        (b"hello", "body: is not JSON: invalid character (byte 0)"),
        (b"[]", "body: expected an object, found array"),
        (b'{"id": "caf\xe9"}', "body: expected UTF-8, found other bytes at byte 11"),
        (b'{"data":' + b"[" * 100_000, "body: expected JSON, found it nested too deeply to be an event"),
        (a_body(id=None), "id: is missing"),
        (a_body(id=7), "id: expected a string, found number"),
        (a_body(id=""), "id: expected the event's id, found an empty string"),
        (a_body(type=None), "type: is missing"),
        (a_body(time="yesterday"), "time: expected a time such as 2025-10-03T14:09:32.149Z"),
        (a_body(data=None), "data: is missing"),
        (a_body(data=[]), "data: expected an object, found array"),
        (a_body(data={}), "data.object: is missing"),
        (a_body(data={"object": a_user(user_id=5)}), "data.object.user_id: expected a string, found number"),
        (a_body(data={"object": {"email": "x"}}), "data.object.user_id: is missing"),
        (
            a_body(data={"object": a_user(user_id="")}),
            "data.object.user_id: expected the user's id, found an empty string",
        ),
        (
            a_body(data={"object": a_user(updated_at="soon")}),
            "data.object.updated_at: expected a time such as 2025-10-03T14:09:32.149Z",
        ),
        (a_body(data={"object": a_user(updated_at=1)}), "data.object.updated_at: expected a string, found number"),
    ],
)
def test_a_malformed_body_is_refused_naming_the_field(body: bytes, message: str):
    with pytest.raises(MalformedEvent) as caught:
        parse_event_stream_body(body)

    assert str(caught.value) == message


def test_reading_an_event_of_two_kilobytes_takes_microseconds():
    body = a_body(data={"object": a_user(app_metadata={f"key{n}": "value" * 4 for n in range(50)})})
    seconds = min(timeit.repeat(lambda: parse_event_stream_body(body), number=1000, repeat=5)) / 1000

    # The target is 15 µs; a busy machine gets room.
    assert seconds < 60e-6
