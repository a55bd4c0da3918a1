"""Tenant log events, from log streams and from the logs endpoint, read as far as intake needs. Pure.

An item is `{log_id, data{…}}`, `{data{…}}`, or flat as `GET /logs` returns it; the kinds occur side by side.
"""

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import unquote

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from crosswalk.connectors.auth0.log_types import MANAGEMENT_OPERATION, meaning_of_type
from crosswalk.connectors.auth0.malformed import MalformedEvent, check_encoding, decoded, join_path
from crosswalk.connectors.auth0.timestamps import format_time, parse_time
from crosswalk.domain.event import Disposition, Event, Source
from crosswalk.domain.ids import UserId
from crosswalk.domain.purpose import Purpose

_USER_PATH = re.compile(r"^(?:/api)?/v2/users/(?P<user_id>[^/?]+)(?:[/?]|$)")
_USERS_PATH = re.compile(r"^(?:/api)?/v2/users/?(?:\?|$)")
_ACCESS_PATH = re.compile(r"^(?:/api)?/v2/users/[^/?]+/(?:roles|permissions|organizations)(?:[/?]|$)")
_CHANGING_METHODS = frozenset({"post", "patch", "put", "delete"})


class _Log(Struct):
    type: str
    date: str
    log_id: str | None = None
    _id: str | None = None
    user_id: str | None = None
    details: Raw | UnsetType = UNSET


class _Item(Struct):
    log_id: str | None = None
    data: Raw | UnsetType = UNSET


class _Batch(Struct):
    logs: list[Raw] | UnsetType = UNSET


class _Request(Struct):
    method: str = ""
    path: str = ""
    body: Raw | UnsetType = UNSET


class _UserPatch(Struct):
    blocked: object = None


class _CreatedUser(Struct):
    user_id: str | None = None


class _Response(Struct):
    body: Raw | UnsetType = UNSET


class _Details(Struct):
    request: _Request = msgspec.field(default_factory=_Request)
    response: _Response = msgspec.field(default_factory=_Response)


_decode_item = msgspec.json.Decoder(_Item).decode
_decode_log = msgspec.json.Decoder(_Log).decode
_decode_batch = msgspec.json.Decoder(_Batch).decode
_decode_array = msgspec.json.Decoder(list[Raw]).decode
_decode_details = msgspec.json.Decoder(_Details).decode
_decode_created = msgspec.json.Decoder(_CreatedUser).decode
_decode_patch = msgspec.json.Decoder(_UserPatch).decode
_decode_any = msgspec.json.Decoder().decode


def parse_log_stream_body(body: bytes) -> list[Event]:
    """Return the events in the body of one delivery, whichever of the three formats the stream is set to.

    JSONARRAY is a list of items; JSONLINES has one item a line; JSONOBJECT is one item, or `{"logs": [item, …]}`.

    Raises
    ------
    MalformedEvent
        Naming the item and the field, for example `item 3: data.date: is missing`.
    """
    return [parse_log_item(item, number=number) for number, item in enumerate(_split(body), start=1)]


def parse_log_item(item: bytes, source: Source = Source.LOG_STREAM, number: int | None = None) -> Event:
    """Return one log event.

    Parameters
    ----------
    item
        Its JSON text; kept as `Event.raw`.
    source
        The way it came.
    number
        Its place in the delivery, from 1, for error messages.

    Raises
    ------
    MalformedEvent
        The item is no log event.
    """
    prefix = "" if number is None else f"item {number}: "
    try:
        return _parse(item, source)
    except MalformedEvent as error:
        raise MalformedEvent(prefix + error.field, error.message) from error


def _split(body: bytes) -> Iterator[bytes]:
    text = body.strip()
    if not text:
        raise MalformedEvent("body", "expected log events as JSON, found nothing")
    if text[:1] == b"[":
        return (bytes(item) for item in decoded(_decode_array, text))
    try:
        batch = _decode_batch(text)
    except (msgspec.DecodeError, RecursionError):
        # Several objects one after the other; a line that is no JSON is reported with its number.
        return (line for line in text.splitlines() if line.strip())
    if batch.logs is not UNSET:
        return (bytes(item) for item in batch.logs)
    return iter([text])


def _parse(item: bytes, source: Source) -> Event:
    check_encoding(item)
    log, log_id, inside = _read(item)
    try:
        occurred_at = parse_time(log.date)
    except (ValueError, OverflowError):
        raise MalformedEvent(join_path(inside, "date"), "expected a time such as 2025-10-03T14:09:32.149Z") from None
    disposition, user_id, note = _judge(log, inside)
    return Event(
        id=log_id or _id_from_content(item),
        source=source,
        type=log.type,
        occurred_at=occurred_at,
        disposition=disposition,
        raw=item,
        user_id=user_id,
        updated_at=_deleted_at(disposition, occurred_at),
        note=note,
        purpose=_purpose(log, disposition),
    )


def _purpose(log: _Log, disposition: Disposition) -> Purpose:
    """What dealing with the log event is for: access that ends or changes goes before everything else."""
    if disposition is Disposition.DELETED:
        return Purpose.OFFBOARDING
    if disposition is not Disposition.CHANGED or log.type != MANAGEMENT_OPERATION or log.details is UNSET:
        return Purpose.PROFILE
    request = _decode_details(log.details).request
    if _ACCESS_PATH.match(request.path) or request.method.lower() == "delete":
        return Purpose.OFFBOARDING
    return Purpose.OFFBOARDING if _blocks(request) else Purpose.PROFILE


def _blocks(request: _Request) -> bool:
    if request.body is UNSET:
        return False
    try:
        return _decode_patch(request.body).blocked is True
    except msgspec.DecodeError:
        return False


def _read(item: bytes) -> tuple[_Log, str | None, str]:
    """Return the log, its id if it has one, and the path at which the log was found."""
    envelope = decoded(_decode_item, item)
    if envelope.data is UNSET:
        inside, log = "", decoded(_decode_log, item)
    else:
        inside, log = "data", decoded(_decode_log, envelope.data, inside="data")
    return log, envelope.log_id or log.log_id or log._id, inside


def _judge(log: _Log, inside: str) -> tuple[Disposition, UserId | None, str]:
    if log.type == MANAGEMENT_OPERATION:
        return _judge_operation(log, inside)
    meaning = meaning_of_type(log.type)
    user_id = UserId(log.user_id) if log.user_id else None
    if meaning.disposition is not Disposition.IGNORED and user_id is None:
        return Disposition.IGNORED, None, "names no user"
    return meaning.disposition, user_id, meaning.note


def _judge_operation(log: _Log, inside: str) -> tuple[Disposition, UserId | None, str]:
    """Judge a Management API operation by its request: the log's own `user_id` is whoever made the call."""
    if log.details is UNSET:
        return Disposition.IGNORED, None, "a management operation without its request"
    details = decoded(_decode_details, log.details, inside=join_path(inside, "details"))
    request = details.request
    if request.method.lower() not in _CHANGING_METHODS:
        return Disposition.IGNORED, None, "a read changes nothing"
    if found := _USER_PATH.match(request.path):
        return Disposition.CHANGED, UserId(unquote(found["user_id"])), ""
    if _USERS_PATH.match(request.path):
        created = _created_user(details)
        if created is None:
            return Disposition.IGNORED, None, "names no user"
        return Disposition.CHANGED, created, ""
    return Disposition.IGNORED, None, "a management operation that is not about a user"


def _created_user(details: _Details) -> UserId | None:
    """Return the user that `POST /users` made, as its answer names it; the path of the request cannot."""
    if details.response.body is UNSET:
        return None
    try:
        created = _decode_created(details.response.body)
    except msgspec.DecodeError:
        return None
    return UserId(created.user_id) if created.user_id else None


def _deleted_at(disposition: Disposition, occurred_at: datetime) -> str | None:
    return format_time(occurred_at) if disposition is Disposition.DELETED else None


def _id_from_content(item: bytes) -> str:
    """Return an id for an item that has none: equal items get the same one, whatever the order of their fields."""
    canonical = msgspec.json.encode(decoded(_decode_any, item), order="sorted")
    return f"sha256:{hashlib.sha256(canonical).hexdigest()}"
