"""What the org knows of each object: its describe result, and the same in a form for validation and queries."""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import msgspec

OBJECT_NAMES = ("Account", "Contact", "Lead", "User")

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
        self._field_defaults = field_defaults
        self._field_describes: list[dict[str, Any]] = []
        self.name: str = describe["name"]
        self.label: str = describe["label"]
        self.key_prefix: str = describe["keyPrefix"]
        self.fields: dict[str, Field] = {}
        self.by_lower_name: dict[str, Field] = {}
        self.by_relationship: dict[str, Field] = {}
        for field in fields:
            self.add_field(field)

    def add_field(self, describe: dict[str, Any]) -> None:
        """Add a field by its describe entry; attributes left out take the object's defaults."""
        full = {**self._field_defaults, "label": describe["name"], **describe}
        field = read_field(full)
        self._field_describes = [entry for entry in self._field_describes if entry["name"] != field.name]
        self._field_describes.append(full)
        self.fields[field.name] = field
        self.by_lower_name[field.name.lower()] = field
        if field.relationship and field.references:
            self.by_relationship[field.relationship.lower()] = field

    @property
    def has_person_name(self) -> bool:
        """Whether `Name` is computed from first and last name."""
        return "LastName" in self.fields

    def describe(self, version: str, instance_url: str) -> dict[str, Any]:
        """The body of `sobjects/{type}/describe`."""
        return {**self.summary(version, instance_url), "fields": self._field_describes}

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


def listed(summary: dict[str, Any]) -> dict[str, Any]:
    """An object's entry in the list of objects (`sobjects`), which carries fewer keys than its describe."""
    return {key: summary.get(key) for key in _LISTED_KEYS}


@cache
def _recorded(name: str) -> bytes:
    return (resources.files(__package__) / "data" / f"{name}.json").read_bytes()


AUTH0_USER_ID_FIELD: dict[str, Any] = {
    "name": "Auth0_User_Id__c",
    "label": "Auth0 User Id",
    "type": "string",
    "length": 255,
    "byteLength": 765,
    "custom": True,
    "externalId": True,
    "idLookup": True,
    "unique": True,
    "caseSensitive": True,
    "permissionable": True,
}
MARKETING_CONSENT_FIELD: dict[str, Any] = {
    "name": "Marketing_Consent__c",
    "label": "Marketing Consent",
    "type": "boolean",
    "soapType": "xsd:boolean",
    "aggregatable": False,
    "custom": True,
    "defaultValue": False,
    "defaultedOnCreate": True,
    "nillable": False,
    "permissionable": True,
}


def standard_objects() -> dict[str, ObjectType]:
    """The org's objects by name, with the custom fields that an identity integration installs."""
    objects = {name: ObjectType(**msgspec.json.decode(_recorded(name))) for name in OBJECT_NAMES}
    for name in ("Lead", "Contact", "Account"):
        objects[name].add_field(AUTH0_USER_ID_FIELD)
    for name in ("Lead", "Contact"):
        objects[name].add_field(MARKETING_CONSENT_FIELD)
    return objects
