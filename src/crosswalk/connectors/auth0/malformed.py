"""The error for an event that does not have the shape that Auth0 documents."""

import re
from collections.abc import Callable
from typing import TypeVar

import msgspec
from msgspec import Raw

from crosswalk.domain.errors import CrosswalkError

T = TypeVar("T")

_MISSING = re.compile(r"Object missing required field `(?P<name>[^`]+)`")
_WRONG_TYPE = re.compile(r"Expected `(?P<expected>[^`]+)`, got `(?P<found>[^`]+)`")
_PATH = re.compile(r" - at `\$(?P<path>[^`]*)`$")
_JSON_NAMES = {
    "str": "string",
    "int": "number",
    "float": "number",
    "bool": "boolean",
    "array": "array",
    "object": "object",
    "null": "null",
}


class MalformedEvent(CrosswalkError):
    """What arrived is not an event.

    Parameters
    ----------
    field
        Where, as a path (`data.object.user_id`; `item 3: data.date`), or `body`.
    message
        What was expected there and what was found; never a value.
    """

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        self.message = message
        super().__init__(f"{field}: {message}")


def decoded(decode: Callable[[bytes | Raw], T], text: bytes | Raw, inside: str = "") -> T:
    """Return what `decode` makes of `text`.

    Parameters
    ----------
    decode
        The `decode` method of a msgspec decoder.
    text
        JSON text.
    inside
        The path of `text`, where it is a part of an event.

    Raises
    ------
    MalformedEvent
        In the words of JSON, with the path of the field.
    """
    try:
        return decode(text)
    except msgspec.DecodeError as error:
        raise _from_decoding(error, inside) from error
    except UnicodeDecodeError as error:
        raise MalformedEvent(inside or "body", "expected JSON in UTF-8, found other bytes") from error
    except RecursionError:
        raise MalformedEvent(inside or "body", "expected JSON, found it nested too deeply to be an event") from None


def check_encoding(text: bytes) -> None:
    """Raise `MalformedEvent` when `text` is not UTF-8; decoding skips the parts that nobody reads."""
    try:
        text.decode()
    except UnicodeDecodeError as error:
        raise MalformedEvent("body", f"expected UTF-8, found other bytes at byte {error.start}") from error


def _from_decoding(error: msgspec.DecodeError, inside: str) -> MalformedEvent:
    # The messages of msgspec name types and paths, not values.
    text = str(error)
    found = _PATH.search(text)
    path = join_path(inside, found["path"].lstrip(".") if found else "")
    if missing := _MISSING.search(text):
        return MalformedEvent(join_path(path, missing["name"]), "is missing")
    if wrong := _WRONG_TYPE.search(text):
        expected = _article(_json_name(wrong["expected"].split(" | ")[0]))
        return MalformedEvent(path or "body", f"expected {expected}, found {_json_name(wrong['found'])}")
    return MalformedEvent(path or "body", f"is not JSON: {text.removeprefix('JSON is malformed: ').lower()}")


def join_path(outer: str, inner: str) -> str:
    """Return the path of `inner` within `outer`; either may be empty."""
    return f"{outer}.{inner}" if outer and inner else outer or inner


def _json_name(python_name: str) -> str:
    return _JSON_NAMES.get(python_name, python_name)


def _article(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"
