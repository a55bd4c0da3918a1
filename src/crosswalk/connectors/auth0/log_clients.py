"""Which applications a tenant's log names, and what they did. Pure."""

from collections import Counter
from collections.abc import Iterable

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from crosswalk.connectors.auth0.log_types import MANAGEMENT_OPERATION
from crosswalk.connectors.http import PRODUCT

_LOGINS = frozenset({"s", "ssa", "seacft", "sertft"})


class _Request(Struct, frozen=True, rename="camel"):
    user_agent: str | None = None


class _Details(Struct):
    request: _Request = _Request()


class _Log(Struct):
    type: str = ""
    client_id: str | None = None
    client_name: str | None = None
    details: Raw | UnsetType = UNSET


class _Item(Struct):
    data: Raw | UnsetType = UNSET


_decode_item = msgspec.json.Decoder(_Item).decode
_decode_log = msgspec.json.Decoder(_Log).decode
_decode_details = msgspec.json.Decoder(_Details).decode


def is_own_write(item: bytes, own_client: str) -> bool:
    """Whether a log event tells of a call that a hub made as the application `own_client`.

    The call's own name (its `User-Agent`) has to be a hub's as well: a script that uses the same application is not us.
    """
    log = _read(item)
    if not own_client or log.client_id != own_client or log.details is UNSET:
        return False
    try:
        return (_decode_details(log.details).request.user_agent or "").startswith(PRODUCT)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False


def other_writers(items: Iterable[bytes], own_client: str) -> list[str]:
    """Who, by a user's log events, may have changed the user besides the application `own_client`, a phrase each.

    An operation of the Management API names its application. An Action changes a user while the user logs in, so the
    applications that users log in to are named as well.
    """
    written: Counter[str] = Counter()
    logged_in: Counter[str] = Counter()
    for item in items:
        log = _read(item)
        name = _name(log)
        if log.type == MANAGEMENT_OPERATION and not is_own_write(item, own_client):
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
