"""Users and records that several cases share: by name, or by name with changes."""

from collections.abc import Mapping
from typing import TypeAlias

from crosswalk.config.document import Value
from crosswalk.config.nearest import nearest_name

Fixtures: TypeAlias = Mapping[str, Value]

_DEEPEST = 20


class BadReference(Exception):
    """A fixture is not there, or refers to itself; the message says which."""


def resolve(value: Value, fixtures: Fixtures, depth: int = 0) -> Value:
    """What a case means: `ada` is the fixture of that name, `{from: ada, merge: {…}, without: […]}` it with changes.

    `merge` goes into mappings; `without` lists keys to leave out, `app_metadata.plan` for one that lies deeper.

    Raises
    ------
    BadReference
        There is no such fixture.
    """
    if depth > _DEEPEST:
        raise BadReference("fixtures refer to one another without end")
    if isinstance(value, str):
        return resolve(_named(value, fixtures), fixtures, depth + 1)
    if not isinstance(value, dict) or "from" not in value:
        return value
    unknown = [key for key in value if key not in ("from", "merge", "without")]
    if unknown:
        raise BadReference(f"{unknown[0]} has no meaning beside from; expected merge or without")
    name = value["from"]
    if not isinstance(name, str):
        raise BadReference("from needs the name of a fixture")
    resolved = _merged(resolve(name, fixtures, depth + 1), value.get("merge"))
    left_out = value.get("without")
    for path in left_out if isinstance(left_out, list) else [left_out] if left_out else []:
        resolved = _without(resolved, str(path).split("."))
    return resolved


def _named(name: str, fixtures: Fixtures) -> Value:
    if name not in fixtures:
        near = nearest_name(name, fixtures)
        hint = f", did you mean {near}?" if near else ""
        raise BadReference(f"there is no fixture {name}{hint}")
    return fixtures[name]


def _merged(value: Value, change: Value) -> Value:
    if not isinstance(value, dict) or not isinstance(change, dict):
        return value if change is None else change
    changed = {
        key: _merged(value[key], inner) if isinstance(inner, dict) and isinstance(value.get(key), dict) else inner
        for key, inner in change.items()
    }
    return {**value, **changed}


def _without(value: Value, path: list[str]) -> Value:
    if not isinstance(value, dict):
        return value
    name, *deeper = path
    if deeper:
        return {key: _without(inner, deeper) if key == name else inner for key, inner in value.items()}
    return {key: inner for key, inner in value.items() if key != name}
