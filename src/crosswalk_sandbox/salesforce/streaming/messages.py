"""Events as the messages that long polling brings: JSON, with names instead of bitmaps and times as text."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from crosswalk_pubsub import EventSchema
from crosswalk_sandbox.salesforce.pubsub.bus import Event

if TYPE_CHECKING:
    from crosswalk_sandbox.salesforce.pubsub.events import OrgEvents

_HEADER = "ChangeEventHeader"
_PUBSUB_ONLY = ("nulledFields", "diffFields")
_NAMED_SINCE = 52
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def event_message(events: "OrgEvents", channel: str, number: int, event: Event, version: int) -> bytes:
    """One message.

    Parameters
    ----------
    events
        Where the event's schema is to be had.
    channel
        The channel of the subscription that it is for.
    number
        The event's replay id.
    event
        The event.
    version
        The API version of the client, such as 62.

    Returns
    -------
    bytes
        `{"data": {"schema", "payload", "event"}, "channel"}` as JSON.
    """
    message = event.message()
    schema = events.schema(message.schema_id)
    decoded = schema.decode(message.payload)
    about: dict[str, Any] = {"replayId": number}
    if event.is_change:
        payload = _change(schema, decoded)
    else:
        payload = {name: _told(schema, name, value) for name, value in decoded.items()}
        if version >= _NAMED_SINCE:
            about = {"EventApiName": event.name, "EventUuid": message.uuid, **about}
    data = {"schema": message.schema_id, "payload": payload, "event": about}
    return msgspec.json.encode({"data": data, "channel": channel})


def _change(schema: EventSchema, decoded: dict[str, Any]) -> dict[str, Any]:
    """What changed, and what became empty by it."""
    header = decoded[_HEADER]
    told = {name: value for name, value in header.items() if name not in _PUBSUB_ONLY}
    told["changedFields"] = schema.layout.decode(header["changedFields"])
    payload: dict[str, Any] = {_HEADER: told}
    for name, value in decoded.items():
        if name == _HEADER or value is None:
            continue
        if isinstance(value, dict):
            payload[name] = {part: each for part, each in value.items() if each is not None}
        else:
            payload[name] = _told(schema, name, value)
    for path in schema.layout.decode(header["nulledFields"]):
        outer, separator, part = path.partition(".")
        if separator:
            payload.setdefault(outer, {})[part] = None
        else:
            payload[outer] = None
    return payload


def _told(schema: EventSchema, name: str, value: Any) -> Any:
    form = _time_forms(schema).get(name)
    return value if form is None or value is None else form(value)


@lru_cache(maxsize=256)
def _time_forms(schema: EventSchema) -> dict[str, Callable[[int], str]]:
    """How the fields of a schema that hold times are written; the schema's `doc` says which they are."""
    forms = {"DateTime": _format_moment, "DateOnly": _format_date}
    words = {field["name"]: field.get("doc", "").split(":") for field in schema.plain["fields"]}
    return {name: forms[word[1]] for name, word in words.items() if len(word) > 1 and word[1] in forms}


def _format_moment(milliseconds: int) -> str:
    return f"{_moment(milliseconds):%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def _format_date(milliseconds: int) -> str:
    return f"{_moment(milliseconds):%Y-%m-%d}"


def _moment(milliseconds: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds)
