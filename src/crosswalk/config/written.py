"""What the syncs say about Salesforce, read leniently from the tree.

A configuration with one mistake is still examined for all others, so these readings take what makes sense and leave
out what does not; the models report the latter.
"""

from collections.abc import Iterator

from msgspec import Struct

from crosswalk.config.document import Value
from crosswalk.config.match_rules import MatchShorthand, shorthand_fields
from crosswalk.config.problem import KeyPath
from crosswalk.domain.values import Owner, ValueType


class WrittenField(Struct, frozen=True):
    """A mapped field; what is not written, or not valid, is `None`."""

    path: KeyPath
    name: str
    owner: Owner | None
    type: ValueType | None


class WrittenPart(Struct, frozen=True):
    """What a match rule compares: the fields, each with its path, and how."""

    path: KeyPath
    fields: tuple[tuple[KeyPath, str], ...]
    type: ValueType | None
    ignore: tuple[str, ...]
    """The keys under `ignore:` that are written and not false."""
    case_sensitive: bool


class WrittenRule(Struct, frozen=True):
    """A match rule; `shorthand` when it is one that is known by name."""

    path: KeyPath
    name: str
    shorthand: MatchShorthand | None
    parts: tuple[WrittenPart, ...]
    where: str | None


class WrittenTarget(Struct, frozen=True):
    """A target with a name; everything else may be missing."""

    path: KeyPath
    org: str | None
    object: str
    create: bool
    external_id: str | None
    fields: tuple[WrittenField, ...]
    rules: tuple[WrittenRule, ...]


class WrittenSync(Struct, frozen=True):
    """A sync, with as many of its targets as could be read."""

    path: KeyPath
    tenant: str | None
    org: str | None
    targets: tuple[WrittenTarget, ...]
    reactions: Value


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
        yield WrittenSync(path, _text(section.get("tenant")), org, targets, section.get("reactions"))


def written_expressions(tree: Value) -> Iterator[tuple[KeyPath, str]]:
    """Find every JavaScript expression in a configuration."""
    for name, sync in _mapping(_mapping(tree).get("syncs")).items():
        path: KeyPath = ("syncs", name)
        yield from _texts(path, _mapping(sync), ("filter",))
        flows = _mapping(_mapping(sync).get("flows"))
        for flow, section in flows.items():
            yield from _texts((*path, "flows", flow), _mapping(section), ("when", "tier"))
        for index, written in enumerate(_list(_mapping(sync).get("targets"))):
            target, target_path = _mapping(written), (*path, "targets", index)
            for position, rule in enumerate(_list(target.get("match"))):
                rule_path: KeyPath = (*target_path, "match", position)
                yield from _texts(rule_path, _mapping(rule), ("value", "when", "where"))
                for number, part in enumerate(_list(_mapping(rule).get("all"))):
                    yield from _texts((*rule_path, "all", number), _mapping(part), ("value",))
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
            read
            for index, rule in enumerate(_list(target.get("match")))
            if (read := _read_rule((*path, "match", index), rule, name, _text(target.get("external_id")))) is not None
        ),
    )


def _read_field(path: KeyPath, name: str, value: Value) -> WrittenField:
    section = _mapping(value)
    return WrittenField(path, name, _owner(section.get("owner", "auth0")), _type(section.get("type", "text")))


def _read_rule(path: KeyPath, rule: Value, object_name: str, external_id: str | None) -> WrittenRule | None:
    if isinstance(rule, str) and rule in list(MatchShorthand):
        return _read_shorthand(path, MatchShorthand(rule), object_name, external_id)
    if not isinstance(rule, dict):
        return None
    written = [((*path, "all", index), _mapping(part)) for index, part in enumerate(_list(rule.get("all")))]
    parts = tuple(_read_part(*each) for each in written or [(path, rule)])
    fields = " + ".join("/".join(name for _, name in part.fields) for part in parts)
    return WrittenRule(path, _text(rule.get("name")) or fields, None, parts, _text(rule.get("where")))


def _read_shorthand(
    path: KeyPath, rule: MatchShorthand, object_name: str, external_id: str | None
) -> WrittenRule | None:
    types = {MatchShorthand.VERIFIED_EMAIL: ValueType.EMAIL, MatchShorthand.VERIFIED_PHONE: ValueType.PHONE}
    fields = shorthand_fields(rule, object_name, external_id or "")
    part = WrittenPart(path, tuple((path, field) for field in fields), types.get(rule, ValueType.TEXT), (), False)
    return WrittenRule(path, rule.value, rule, (part,), None)


def _read_part(path: KeyPath, part: dict[str, Value]) -> WrittenPart:
    one = _text(part.get("field"))
    several = (((*path, "fields", index), _text(each)) for index, each in enumerate(_list(part.get("fields"))))
    fields = [] if one is None else [((*path, "field"), one)]
    fields += [(at, name) for at, name in several if name is not None]
    ignore = tuple(name for name, value in _mapping(part.get("ignore")).items() if value)
    type_ = _type(part.get("type", "text"))
    return WrittenPart(path, tuple(fields), type_, ignore, part.get("case_sensitive") is True)


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
