"""Server-sent events, and the messages of the event subscription that they carry."""

import json
from datetime import UTC, datetime

import pytest

from crosswalk.connectors.auth0.errors import SubscriptionEnded
from crosswalk.connectors.auth0.sse import Message, MessageReader
from crosswalk.connectors.auth0.subscription import read_message
from crosswalk.connectors.errors import CursorLost, MalformedAnswer
from crosswalk.domain.event import Disposition, Source

STREAM = (
    b":connected\n\nretry: 1000\n\n"
    b'id: a\nevent: offset-only\ndata: {"type":"offset-only",\ndata: "offset":"a"}\n\n'
    b"id: b\r\nevent: user.created\r\ndata:{}\r\n\r\n"
    b'event: user.updated\ndata: {"cut'
)


def noon() -> datetime:
    return datetime(2025, 10, 3, 12, tzinfo=UTC)


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_messages_are_read_however_the_stream_is_cut_into_chunks(size: int):
    reader = MessageReader()

    messages = [
        message for start in range(0, len(STREAM), size) for message in reader.feed(STREAM[start : start + size])
    ]

    assert messages == [
        Message("offset-only", b'{"type":"offset-only",\n"offset":"a"}'),
        Message("user.created", b"{}"),
    ]


def test_a_heartbeat_moves_the_offset_only():
    item = read_message(Message("offset-only", b'{"type":"offset-only","offset":"o7"}'), noon)

    assert (item.offset, item.event) == ("o7", None)


def test_an_event_of_an_unknown_type_survives_byte_for_byte():
    raw = b'{"id":"e1","type":"user.merged","time":"2025-10-03T14:09:33Z","data":{"x" : 1}}'
    data = b'{"type":"user.merged","offset":"o8","event":' + raw + b"}"

    item = read_message(Message("user.merged", data), noon)

    assert item.offset == "o8"
    assert item.event is not None
    assert item.event.raw == raw
    assert item.event.source is Source.SUBSCRIPTION
    assert (item.event.disposition, item.event.note) == (Disposition.IGNORED, "unknown event type 'user.merged'")


def test_an_event_that_cannot_be_understood_does_not_stop_the_subscription():
    event = {"id": "e1", "type": "user.updated", "time": "2025-10-03T14:09:33Z", "data": {"object": {"user_id": 5}}}
    data = json.dumps({"type": "user.updated", "offset": "o9", "event": event}).encode()

    item = read_message(Message("user.updated", data), noon)

    assert item.offset == "o9"
    assert item.event is not None
    assert item.event.disposition is Disposition.IGNORED
    assert item.event.note == "not understood: data.object.user_id: expected a string, found number"
    assert item.event.occurred_at == noon()
    assert item.event.id.startswith("sha256:")


def test_an_expired_cursor_says_that_events_are_lost():
    data = b'{"type":"error","error":{"code":"cursor_expired","message":"Cursor has expired"}}'

    with pytest.raises(CursorLost) as caught:
        read_message(Message("error", data), noon)

    assert (caught.value.status, caught.value.code) == (410, "cursor_expired")
    assert str(caught.value) == "Auth0 answered 410 to GET /api/v2/events (cursor_expired): Cursor has expired"


def test_a_timeout_of_the_stream_asks_for_a_reconnect():
    data = b'{"type":"error","error":{"code":"timeout","message":"Too long","offset":"o3"}}'

    with pytest.raises(SubscriptionEnded) as caught:
        read_message(Message("error", data), noon)

    assert caught.value.offset == "o3"


@pytest.mark.parametrize("data", [b"nonsense", b"{}", b'{"type":"user.created","event":{}}'])
def test_a_message_without_an_offset_is_refused(data: bytes):
    with pytest.raises(MalformedAnswer, match="GET /api/v2/events"):
        read_message(Message("user.created", data), noon)
