"""The event subscription: events as they happen over one long-lived answer, with a cursor.

The official SDK drops message types that it does not know, and prints those that it cannot parse, personal values
included, into the log. So the same endpoint is read here: unknown types are stored and shown as ignored.
"""

from collections.abc import AsyncGenerator, Callable
from datetime import datetime

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from crosswalk.connectors.auth0.errors import CURSOR_LOST, SubscriptionEnded
from crosswalk.connectors.auth0.events import parse_event_stream_body
from crosswalk.connectors.auth0.malformed import MalformedEvent
from crosswalk.connectors.auth0.not_understood import not_understood
from crosswalk.connectors.auth0.sse import Message, MessageReader
from crosswalk.connectors.auth0.transport import Transport
from crosswalk.connectors.base import SubscriptionItem
from crosswalk.connectors.errors import CursorLost, MalformedAnswer
from crosswalk.domain.event import Source


class _Error(Struct):
    code: str = "unknown"
    message: str = ""
    offset: str | None = None


class _Envelope(Struct):
    type: str = ""
    offset: str | None = None
    event: Raw | UnsetType = UNSET
    error: _Error | None = None


_decode = msgspec.json.Decoder(_Envelope).decode


async def subscribe(
    transport: Transport, cursor: str | None, from_timestamp: str | None, now: Callable[[], datetime]
) -> AsyncGenerator[SubscriptionItem, None]:
    """Yield what happens after `cursor` until the connection ends; the caller reconnects, with backoff.

    Parameters
    ----------
    transport
        The tenant.
    cursor
        The last offset that was stored; `None` starts at now.
    from_timestamp
        RFC 3339 time to start at; only without a cursor.
    now
        The time in UTC, for events whose own time cannot be read.

    Raises
    ------
    CursorLost
        The tenant no longer knows the cursor: events may have been missed.
    SubscriptionEnded
        The tenant ended it with another error.
    Unreachable
        The connection broke, or was silent for longer than heartbeats allow.
    """
    asked: dict[str, str] = {}
    if cursor is not None:
        asked["from"] = cursor
    elif from_timestamp is not None:
        asked["from_timestamp"] = from_timestamp
    reader = MessageReader()
    async with transport.stream("events", asked) as answer:
        async for chunk in answer.aiter_bytes():
            for message in reader.feed(chunk):
                yield read_message(message, now)


def read_message(message: Message, now: Callable[[], datetime]) -> SubscriptionItem:
    """Return the item that a message carries.

    An event that cannot be understood comes as an ignored one with the reason as its note: raising here would stop the
    subscription at this place for ever.

    Raises
    ------
    CursorLost, SubscriptionEnded
        The message says that the tenant ends the subscription.
    MalformedAnswer
        The message has no offset, or is no JSON.
    """
    try:
        envelope = _decode(message.data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedAnswer("Auth0", "GET /api/v2/events", "{type, offset, event} as JSON", "other data") from error
    if envelope.error is not None:
        raise _ended(envelope.error)
    if envelope.offset is None:
        raise MalformedAnswer("Auth0", "GET /api/v2/events", "a message with an offset", "one without")
    if envelope.event is UNSET:
        return SubscriptionItem(offset=envelope.offset)
    raw = bytes(envelope.event)
    try:
        event = parse_event_stream_body(raw, Source.SUBSCRIPTION)
    except MalformedEvent as error:
        event_type = envelope.type or message.event
        event = not_understood(raw, error, source=Source.SUBSCRIPTION, event_type=event_type, at=now())
    return SubscriptionItem(offset=envelope.offset, event=event)


def _ended(error: _Error) -> SubscriptionEnded | CursorLost:
    if error.code in CURSOR_LOST:
        return CursorLost(
            service="Auth0", call="GET /api/v2/events", status=410, code=error.code, message=error.message
        )
    return SubscriptionEnded(error.code, error.message, error.offset)
