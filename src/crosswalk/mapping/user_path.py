"""Places in an Auth0 user that may be written: in `user_metadata`, `app_metadata`, and some root attributes.

Source: the vendor's `PATCH /api/v2/users/{id}`, which merges the first level of metadata and replaces what is below.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

import msgspec

UserPath: TypeAlias = tuple[str, ...]
"""The names from the user's root to the value."""

METADATA: Final = ("user_metadata", "app_metadata")
ATTRIBUTES: Final = (
    "email",
    "family_name",
    "given_name",
    "name",
    "nickname",
    "phone_number",
    "picture",
    "username",
)
"""Attributes of the root that a record may set. Whether a connection lets them be set is up to the connection."""

_PLAIN = re.compile(r"\s*user((?:\??\.[A-Za-z_$][\w$]*)+)\s*", re.ASCII)
_NAME = re.compile(r"[^.\s\0]+")

_profile = msgspec.json.Decoder(dict[str, Any]).decode


def path_of(expression: str) -> UserPath | None:
    """The place that an expression merely reads (`user.app_metadata?.tier`), if it is one that may be written."""
    plain = _PLAIN.fullmatch(expression)
    if plain is None:
        return None
    path = tuple(re.split(r"\??\.", plain.group(1))[1:])
    return path if may_be_written(path) else None


def parse_path(text: str) -> UserPath | None:
    """The path that a text such as `app_metadata.tier` names, if it is one that may be written."""
    path = tuple(text.split("."))
    return path if all(map(_NAME.fullmatch, path)) and may_be_written(path) else None


def may_be_written(path: UserPath) -> bool:
    """Whether a record's value may go there."""
    if path[0] in METADATA:
        return len(path) > 1
    return len(path) == 1 and path[0] in ATTRIBUTES


def patch_of(profile: bytes, changes: Sequence[tuple[UserPath, Any]]) -> bytes | None:
    """The least body of a PATCH that puts each value in its place; `None` when the user has them all already.

    `None` as a value empties the place. Below the first level of the metadata the vendor replaces, so what stands
    beside the value there is sent again as the user had it.

    Parameters
    ----------
    profile
        The user, JSON text.
    changes
        Places and their new values.
    """
    user = _profile(profile)
    patch: dict[str, Any] = {}
    for path, value in changes:
        if _at(user, path) == value:
            continue
        depth = 2 if path[0] in METADATA else 1
        if len(path) <= depth:
            whole = value
        else:
            known = _at(patch, path[:depth])
            whole = _with(_at(user, path[:depth]) if known is None else known, path[depth:], value)
        at = patch if depth == 1 else patch.setdefault(path[0], {})
        at[path[depth - 1]] = whole
    return msgspec.json.encode(patch) if patch else None


def patched(profile: bytes, patch: bytes) -> bytes:
    """The user after a PATCH, as far as it can be told from here: for previews of what comes next."""
    user = _profile(profile)
    for name, value in _profile(patch).items():
        if name in METADATA and isinstance(value, dict):
            merged = {**(user.get(name) or {}), **value}
            user[name] = {key: inner for key, inner in merged.items() if inner is not None}
        else:
            user[name] = value
    return msgspec.json.encode(user)


def _at(tree: Any, path: Sequence[str]) -> Any:
    for name in path:
        tree = tree.get(name) if isinstance(tree, Mapping) else None
    return tree


def _with(tree: Any, path: Sequence[str], value: Any) -> dict[str, Any]:
    """The tree with one value changed, leaving the given one as it is; emptied places are left out."""
    name, *deeper = path
    copy = dict(tree) if isinstance(tree, Mapping) else {}
    inner = _with(copy.get(name), deeper, value) if deeper else value
    if inner is None:
        copy.pop(name, None)
    else:
        copy[name] = inner
    return copy
