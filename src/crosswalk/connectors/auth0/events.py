"""Auth0's events (CloudEvents of event streams and of the event subscription), read as far as intake needs. Pure.

The shapes are those of the official SDK's models (`auth0.management.types.event_stream_cloud_event_*`).
"""

from collections.abc import Mapping
from datetime import datetime

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from crosswalk.connectors.auth0.malformed import MalformedEvent, check_encoding, decoded
from crosswalk.connectors.auth0.timestamps import format_time, parse_time
from crosswalk.domain.event import Disposition, Event, Source
from crosswalk.domain.ids import UserId
from crosswalk.domain.purpose import Purpose

USER_EVENTS: Mapping[str, Disposition] = {
    "user.created": Disposition.STATE,
    "user.updated": Disposition.STATE,
    "user.deleted": Disposition.DELETED,
}

_ORGANIZATION = "organization events: no enabled flow uses them"
_GROUP = "group events: no enabled flow uses them"
_CONNECTION = "connection events: no enabled flow uses them"

IGNORED_EVENTS: Mapping[str, str] = {
    "organization.created": _ORGANIZATION,
    "organization.updated": _ORGANIZATION,
    "organization.deleted": _ORGANIZATION,
    "organization.member.added": _ORGANIZATION,
    "organization.member.deleted": _ORGANIZATION,
    "organization.member.role.assigned": _ORGANIZATION,
    "organization.member.role.deleted": _ORGANIZATION,
    "organization.connection.added": _ORGANIZATION,
    "organization.connection.removed": _ORGANIZATION,
    "organization.connection.updated": _ORGANIZATION,
    "organization.group.role.assigned": _ORGANIZATION,
    "organization.group.role.deleted": _ORGANIZATION,
    "group.created": _GROUP,
    "group.updated": _GROUP,
    "group.deleted": _GROUP,
    "group.member.added": _GROUP,
    "group.member.deleted": _GROUP,
    "group.role.assigned": _GROUP,
    "group.role.deleted": _GROUP,
    "connection.created": _CONNECTION,
    "connection.updated": _CONNECTION,
    "connection.deleted": _CONNECTION,
}


class _Envelope(Struct):
    id: str
    type: str
    time: str
    data: Raw | UnsetType = UNSET
    a0purpose: str | None = None


class _User(Struct):
    user_id: str
    updated_at: str | None = None
    deleted_at: str | None = None
    blocked: object = None


class _UserData(Struct):
    object: _User


class _WholeData(Struct):
    object: Raw


class _WholeEvent(Struct):
    data: _WholeData


_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_decode_user_data = msgspec.json.Decoder(_UserData).decode
_decode_whole = msgspec.json.Decoder(_WholeEvent).decode


def parse_event_stream_body(body: bytes, source: Source = Source.EVENT_STREAM) -> Event:
    """Return the event in the body of one delivery (or in one message of the subscription).

    Raises
    ------
    MalformedEvent
        Naming the field, for example `data.object.user_id: expected a string, found number`.
    """
    check_encoding(body)
    envelope = decoded(_decode_envelope, body)
    if not envelope.id:
        raise MalformedEvent("id", "expected the event's id, found an empty string")
    occurred_at = _time("time", envelope.time)
    if envelope.a0purpose == "test":
        return _ignored(envelope, source, occurred_at, body, "test event")
    disposition = USER_EVENTS.get(envelope.type)
    if disposition is None:
        note = IGNORED_EVENTS.get(envelope.type, f"unknown event type '{envelope.type}'")
        return _ignored(envelope, source, occurred_at, body, note)
    user = _user(envelope)
    return Event(
        id=envelope.id,
        source=source,
        type=envelope.type,
        occurred_at=occurred_at,
        disposition=disposition,
        raw=body,
        user_id=UserId(user.user_id),
        updated_at=format_time(_version_time(user, disposition) or occurred_at),
        purpose=_purpose(user, disposition),
    )


def profile_of(event: Event) -> bytes:
    """Return the user that a `STATE` event carries, JSON text as Auth0 sent it.

    Raises
    ------
    MalformedEvent
        The event carries no user.
    """
    return bytes(decoded(_decode_whole, event.raw).data.object)


def _user(envelope: _Envelope) -> _User:
    if envelope.data is UNSET:
        raise MalformedEvent("data", "is missing")
    user = decoded(_decode_user_data, envelope.data, inside="data").object
    if not user.user_id:
        raise MalformedEvent("data.object.user_id", "expected the user's id, found an empty string")
    return user


def _version_time(user: _User, disposition: Disposition) -> datetime | None:
    """Return when the state that the event tells of came to be, if the user says so."""
    if disposition is Disposition.DELETED:
        return _time("data.object.deleted_at", user.deleted_at) if user.deleted_at else None
    return _time("data.object.updated_at", user.updated_at) if user.updated_at else None


def _purpose(user: _User, disposition: Disposition) -> Purpose:
    is_leaving = disposition is Disposition.DELETED or user.blocked is True
    return Purpose.OFFBOARDING if is_leaving else Purpose.PROFILE


def _ignored(envelope: _Envelope, source: Source, occurred_at: datetime, raw: bytes, note: str) -> Event:
    return Event(
        id=envelope.id,
        source=source,
        type=envelope.type,
        occurred_at=occurred_at,
        disposition=Disposition.IGNORED,
        raw=raw,
        note=note,
    )


def _time(field: str, text: str) -> datetime:
    try:
        return parse_time(text)
    except (ValueError, OverflowError):
        raise MalformedEvent(field, "expected a time such as 2025-10-03T14:09:32.149Z") from None
