"""References between subrequests: `@{account.id}` stands for a value in the reply to the subrequest `account`."""

import re
from typing import Any
from urllib.parse import quote

_REFERENCE = re.compile(r"@\{([A-Za-z0-9_]+)((?:\.[A-Za-z0-9_]+|\[\d+\])+)\}")
_STEP = re.compile(r"\.([A-Za-z0-9_]+)|\[(\d+)\]")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]*")
_MISSING = object()


class ReferenceMissing(Exception):
    """A reference has no value. `path` is the reference as written, `name` the subrequest that it points to."""

    def __init__(self, path: str, name: str) -> None:
        super().__init__(f"Invalid reference specified. No value for {path} found in {name}")


def is_reference_id(text: Any) -> bool:
    """Whether a subrequest may be called so: letters, digits and underscores, no underscore first."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def referenced(value: Any) -> set[str]:
    """The names of the subrequests that a URL or body refers to."""
    match value:
        case str():
            return {match.group(1) for match in _REFERENCE.finditer(value)}
        case dict():
            return set().union(*(referenced(each) for each in value.values()))
        case list():
            return set().union(*(referenced(each) for each in value))
    return set()


def fill_url(url: str, replies: dict[str, Any]) -> str:
    """The URL with each reference replaced by its value, percent-encoded; raises `ReferenceMissing`."""
    return _REFERENCE.sub(lambda match: quote(_as_text(_value(match, replies)), safe=""), url)


def fill_body(value: Any, replies: dict[str, Any]) -> Any:
    """The body with each reference replaced: a text that is a reference alone keeps the value's JSON type.

    Raises
    ------
    ReferenceMissing
        When a reply lacks the value, has null there or failed.
    """
    match value:
        case str():
            whole = _REFERENCE.fullmatch(value)
            if whole is not None:
                return _value(whole, replies)
            return _REFERENCE.sub(lambda match: _as_text(_value(match, replies)), value)
        case dict():
            return {name: fill_body(each, replies) for name, each in value.items()}
        case list():
            return [fill_body(each, replies) for each in value]
    return value


def _value(match: re.Match[str], replies: dict[str, Any]) -> str | int | float | bool:
    name, path = match.groups()
    value = replies.get(name, _MISSING)
    for step in _STEP.finditer(path):
        value = _step(value, step)
    if not isinstance(value, str | int | float | bool):
        raise ReferenceMissing(f"{name}{path}", name)
    return value


def _step(value: Any, step: re.Match[str]) -> Any:
    key, index = step.groups()
    if key is not None:
        return value.get(key, _MISSING) if isinstance(value, dict) else _MISSING
    return value[int(index)] if isinstance(value, list) and int(index) < len(value) else _MISSING


def _as_text(value: str | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
