"""Which applications a tenant's log names, and what they did. Pure."""

from collections import Counter
from collections.abc import Iterable

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from crosswalk.connectors.auth0.log_types import MANAGEMENT_OPERATION

_LOGINS = frozenset({"s", "ssa", "seacft", "sertft"})


class _Log(Struct):
    type: str = ""
    client_id: str | None = None
    client_name: str | None = None


class _Item(Struct):
    data: Raw | UnsetType = UNSET


_decode_item = msgspec.json.Decoder(_Item).decode
_decode_log = msgspec.json.Decoder(_Log).decode


def client_of(item: bytes) -> str:
    """The id of the application that a log event names; empty where it names none, or is no log event."""
    return _read(item).client_id or ""


def other_writers(items: Iterable[bytes], own_client: str) -> list[str]:
    """Who, by a user's log events, may have changed the user besides the application `own_client`, a phrase each.

    An operation of the Management API names its application. An Action changes a user while the user logs in, so the
    applications that users log in to are named as well.
    """
    written: Counter[str] = Counter()
    logged_in: Counter[str] = Counter()
    for log in map(_read, items):
        name = _name(log)
        if log.type == MANAGEMENT_OPERATION and log.client_id != own_client:
            written[name] += 1
        elif log.type in _LOGINS:
            logged_in[name] += 1
    return [f"{name}, by the Management API ({count} in the last hour)" for name, count in written.most_common()] + [
        f"an Action, when the user logs in to {name} ({count} in the last hour)"
        for name, count in logged_in.most_common()
    ]


def _name(log: _Log) -> str:
    if log.client_name and log.client_id:
        return f"the application {log.client_name} ({log.client_id})"
    return f"the application {log.client_id}" if log.client_id else "somebody who is not named"


def _read(item: bytes) -> _Log:
    try:
        envelope = _decode_item(item)
        return _decode_log(item if envelope.data is UNSET else envelope.data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _Log()
