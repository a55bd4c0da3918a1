"""What the syncs say about Salesforce, read leniently from the tree.

A configuration with one mistake is still examined for all others, so these readings take what makes sense and leave
out what does not; the models report the latter.
"""

from collections.abc import Iterator

from msgspec import Struct

from crosswalk.config.document import Value
from crosswalk.config.problem import KeyPath
from crosswalk.config.syncs import MatchShorthand
from crosswalk.domain.values import Owner, ValueType


class WrittenField(Struct, frozen=True):
    """A mapped field; what is not written, or not valid, is `None`."""

    path: KeyPath
    name: str
    owner: Owner | None
    type: ValueType | None


class WrittenRule(Struct, frozen=True):
    """A match rule of one's own."""

    path: KeyPath
    name: str
    field: str | None
    type: ValueType | None


class WrittenTarget(Struct, frozen=True):
    """A target with a name; everything else may be missing."""

    path: KeyPath
    org: str | None
    object: str
    create: bool
    external_id: str | None
    fields: tuple[WrittenField, ...]
    rules: tuple[WrittenRule, ...]
    verified_email: KeyPath | None
    """Where the match rule of this name is written, if it is."""


class WrittenSync(Struct, frozen=True):
    """A sync, with as many of its targets as could be read."""

    path: KeyPath
    tenant: str | None
    org: str | None
    targets: tuple[WrittenTarget, ...]


def written_syncs(tree: Value) -> Iterator[WrittenSync]:
    """Read all syncs of a configuration."""
    for name, sync in _mapping(_mapping(tree).get("syncs")).items():
        section = _mapping(sync)
        org = _text(section.get("org"))
        path: KeyPath = ("syncs", name)
        targets = tuple(
            target
            for index, written in enumerate(_list(section.get("targets")))
            if (target := _read_target(_mapping(written), (*path, "targets", index), org)) is not None
        )
        yield WrittenSync(path, _text(section.get("tenant")), org, targets)


def written_expressions(tree: Value) -> Iterator[tuple[KeyPath, str]]:
    """Find every JavaScript expression in a configuration."""
    for name, sync in _mapping(_mapping(tree).get("syncs")).items():
        path: KeyPath = ("syncs", name)
        yield from _texts(path, _mapping(sync), ("filter",))
        for index, written in enumerate(_list(_mapping(sync).get("targets"))):
            target, target_path = _mapping(written), (*path, "targets", index)
            for position, rule in enumerate(_list(target.get("match"))):
                yield from _texts((*target_path, "match", position), _mapping(rule), ("value", "when"))
            fields = _mapping(target.get("fields"))
            yield from _texts((*target_path, "fields"), fields, tuple(fields))
            for field, value in fields.items():
                yield from _texts((*target_path, "fields", field), _mapping(value), ("value", "back"))


def _read_target(target: dict[str, Value], path: KeyPath, org: str | None) -> WrittenTarget | None:
    name = _text(target.get("object"))
    if name is None:
        return None
    return WrittenTarget(
        path=path,
        org=org,
        object=name,
        create=target.get("create") is True,
        external_id=_text(target.get("external_id")),
        fields=tuple(
            _read_field((*path, "fields", field), field, value)
            for field, value in _mapping(target.get("fields")).items()
        ),
        rules=tuple(
            _read_rule((*path, "match", index), rule)
            for index, rule in enumerate(_list(target.get("match")))
            if isinstance(rule, dict)
        ),
        verified_email=next(
            (
                (*path, "match", index)
                for index, rule in enumerate(_list(target.get("match")))
                if rule == MatchShorthand.VERIFIED_EMAIL
            ),
            None,
        ),
    )


def _read_field(path: KeyPath, name: str, value: Value) -> WrittenField:
    section = _mapping(value)
    return WrittenField(path, name, _owner(section.get("owner", "auth0")), _type(section.get("type", "text")))


def _read_rule(path: KeyPath, rule: dict[str, Value]) -> WrittenRule:
    field = _text(rule.get("field"))
    name = _text(rule.get("name")) or field or ""
    return WrittenRule(path, name, field, _type(rule.get("type", "text")))


def _texts(path: KeyPath, section: dict[str, Value], keys: tuple[str, ...]) -> Iterator[tuple[KeyPath, str]]:
    for key in keys:
        text = _text(section.get(key))
        if text is not None:
            yield (*path, key), text


def _owner(value: Value) -> Owner | None:
    return Owner(value) if isinstance(value, str) and value in list(Owner) else None


def _type(value: Value) -> ValueType | None:
    return ValueType(value) if isinstance(value, str) and value in list(ValueType) else None


def _mapping(value: Value) -> dict[str, Value]:
    return value if isinstance(value, dict) else {}


def _list(value: Value) -> list[Value]:
    return value if isinstance(value, list) else []


def _text(value: Value) -> str | None:
    return str(value) if isinstance(value, str) and value.strip() else None
