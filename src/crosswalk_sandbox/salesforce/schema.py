"""What the org knows of an object: its describe result, and the same in a form for validation and queries."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import msgspec

_FIELD_FLAGS = {
    "createable": "createable",
    "updateable": "updateable",
    "nillable": "nillable",
    "defaulted_on_create": "defaultedOnCreate",
    "external_id": "externalId",
    "unique": "unique",
    "id_lookup": "idLookup",
    "case_sensitive": "caseSensitive",
    "restricted": "restrictedPicklist",
    "filterable": "filterable",
    "sortable": "sortable",
    "groupable": "groupable",
    "aggregatable": "aggregatable",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an object; `length` is in characters, `picklist` maps lower-cased values to their own case."""

    name: str
    label: str
    type: str
    length: int
    createable: bool
    updateable: bool
    nillable: bool
    defaulted_on_create: bool
    external_id: bool
    unique: bool
    id_lookup: bool
    case_sensitive: bool
    restricted: bool
    filterable: bool
    sortable: bool
    groupable: bool
    aggregatable: bool
    compound: str | None
    references: tuple[str, ...]
    relationship: str | None
    picklist: dict[str, str]
    default: Any

    @property
    def is_required(self) -> bool:
        """Whether a create without it is refused."""
        return not self.nillable and self.createable and not self.defaulted_on_create and self.type != "boolean"

    @property
    def is_key(self) -> bool:
        """Whether an upsert may name it."""
        return self.external_id or self.id_lookup


@dataclass(frozen=True, slots=True)
class ChildRelationship:
    """Rows of another object that point here: `name` is what a sub-query calls them, None when it cannot."""

    object: str
    field: str
    name: str | None
    cascades: bool
    restricts: bool


def _read_child(entry: dict[str, Any]) -> ChildRelationship:
    return ChildRelationship(
        object=entry["childSObject"],
        field=entry["field"],
        name=entry["relationshipName"],
        cascades=entry["cascadeDelete"],
        restricts=entry["restrictedDelete"],
    )


def read_field(describe: dict[str, Any]) -> Field:
    """The usable form of one entry of a describe result's `fields`."""
    values = [entry for entry in describe["picklistValues"] if entry["active"]]
    default = next((entry["value"] for entry in values if entry["defaultValue"]), describe["defaultValue"])
    if describe["type"] == "boolean" and default is None:
        default = False
    return Field(
        name=describe["name"],
        label=describe["label"],
        type=describe["type"],
        length=describe["length"],
        compound=describe["compoundFieldName"],
        references=tuple(describe["referenceTo"]),
        relationship=describe["relationshipName"],
        picklist={entry["value"].lower(): entry["value"] for entry in values},
        default=default,
        **{attribute: describe[key] for attribute, key in _FIELD_FLAGS.items()},
    )


class ObjectType:
    """One object of the org: its describe result and its fields by name.

    Parameters
    ----------
    describe
        The describe result without its fields, with `{version}` and `{instance_url}` as placeholders.
    field_defaults
        Attributes that a field has unless it says otherwise.
    fields
        The fields' own attributes.
    """

    def __init__(self, describe: dict[str, Any], field_defaults: dict[str, Any], fields: list[dict[str, Any]]) -> None:
        self._describe = describe
        self.field_defaults = field_defaults
        self._field_describes: dict[str, dict[str, Any]] = {}
        self.name: str = describe["name"]
        self.label: str = describe["label"]
        self.label_plural: str = describe["labelPlural"]
        self.key_prefix: str = describe["keyPrefix"]
        self.fields: dict[str, Field] = {}
        self.by_lower_name: dict[str, Field] = {}
        self.by_relationship: dict[str, Field] = {}
        self.child_relationships = [_read_child(entry) for entry in describe["childRelationships"]]
        for field in fields:
            self.add_field(field)

    def copy(self) -> Self:
        """An object that can be given further fields without this one's changing; known fields are shared."""
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin._forget_computed()
        twin._describe = {**self._describe, "childRelationships": [*self._describe["childRelationships"]]}
        twin._field_describes = dict(self._field_describes)
        twin.fields, twin.by_lower_name = dict(self.fields), dict(self.by_lower_name)
        twin.by_relationship = dict(self.by_relationship)
        twin.child_relationships = list(self.child_relationships)
        return twin

    def seen_with(self, *, hidden: Collection[str], read_only: Collection[str]) -> Self:
        """The object as a user sees it who lacks some fields and may not write others; names in their own case."""
        twin = self.copy()
        for name in hidden:
            field = twin.fields.pop(name)
            del twin._field_describes[name], twin.by_lower_name[name.lower()]
            if field.relationship:
                twin.by_relationship.pop(field.relationship.lower(), None)
        for name in read_only:
            twin.add_field({**twin._field_describes[name], "createable": False, "updateable": False})
        return twin

    def add_field(self, describe: dict[str, Any]) -> None:
        """Add or replace a field by its describe entry; attributes left out take the object's defaults."""
        full = {**self.field_defaults, "label": describe["name"], **describe}
        field = read_field(full)
        self._forget_computed()
        self._field_describes[field.name] = full
        self.fields[field.name] = field
        self.by_lower_name[field.name.lower()] = field
        if field.relationship and field.references:
            self.by_relationship[field.relationship.lower()] = field
        name, last_name = self.fields.get("Name"), self.fields.get("LastName")
        self._has_person_name = bool(name and last_name and last_name.createable and not name.createable)

    def add_child(self, entry: dict[str, Any]) -> None:
        """Add an entry of the describe result's `childRelationships`."""
        self._describe["childRelationships"].append(entry)
        self.child_relationships.append(_read_child(entry))

    def template(self) -> dict[str, Any]:
        """The describe result without its fields, with its placeholders."""
        return self._describe

    @cached_property
    def row_defaults(self) -> dict[str, Any]:
        """What a new row has before it is given anything."""
        return {
            name: field.default
            for name, field in self.fields.items()
            if field.default is not None or field.type == "boolean"
        }

    @cached_property
    def required(self) -> list[str]:
        """Names of the fields that a create cannot leave out."""
        return [name for name, field in self.fields.items() if field.is_required]

    def field_describe(self, name: str) -> dict[str, Any]:
        """A copy of one field's describe entry."""
        return dict(self._field_describes[name])

    def allows(self, operation: str) -> bool:
        """Whether the object as such can be written so: `createable`, `updateable`, `deletable`, `mergeable`, …"""
        return self._describe[operation] is True

    @property
    def has_person_name(self) -> bool:
        """Whether `Name` is computed from first and last name."""
        return self._has_person_name

    def _forget_computed(self) -> None:
        for name in ("row_defaults", "required"):
            self.__dict__.pop(name, None)

    def describe(self, version: str, instance_url: str) -> dict[str, Any]:
        """The body of `sobjects/{type}/describe`."""
        return {**self.summary(version, instance_url), "fields": [*self._field_describes.values()]}

    def summary(self, version: str, instance_url: str) -> dict[str, Any]:
        """The describe result without its fields."""
        text = msgspec.json.encode(self._describe).decode()
        text = text.replace("{version}", version).replace("{instance_url}", instance_url)
        result: dict[str, Any] = msgspec.json.decode(text)
        return result


_LISTED_KEYS = [
    "activateable",
    "associateEntityType",
    "associateParentEntity",
    "createable",
    "custom",
    "customSetting",
    "deepCloneable",
    "deletable",
    "deprecatedAndHidden",
    "feedEnabled",
    "hasSubtypes",
    "isInterface",
    "isSubtype",
    "keyPrefix",
    "label",
    "labelPlural",
    "layoutable",
    "mergeable",
    "mruEnabled",
    "name",
    "queryable",
    "replicateable",
    "retrieveable",
    "searchable",
    "triggerable",
    "undeletable",
    "updateable",
    "urls",
]
_LINKS_OF_DESCRIBE = {"defaultValues", "eventSeriesUpdates", "uiDetailTemplate", "uiEditTemplate", "uiNewRecord"}


def listed(summary: dict[str, Any]) -> dict[str, Any]:
    """An object's entry in the list of objects (`sobjects`), which carries fewer keys and links than its describe."""
    entry = {key: summary.get(key) for key in _LISTED_KEYS}
    links = {name: url for name, url in summary["urls"].items() if name not in _LINKS_OF_DESCRIBE}
    return {**entry, "urls": links}
