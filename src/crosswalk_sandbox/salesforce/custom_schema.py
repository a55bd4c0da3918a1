"""Custom objects and custom fields, as an administrator would set them up."""

from typing import Any, Literal

import msgspec

from crosswalk_sandbox.salesforce.schema import ObjectType

FieldType = Literal[
    "string", "textarea", "email", "phone", "url", "picklist", "multipicklist", "boolean", "int", "double", "currency",
    "percent", "date", "datetime", "reference",
]  # fmt: skip
_LENGTHS = {"string": 255, "textarea": 255, "email": 80, "phone": 40, "url": 255, "picklist": 255, "reference": 18}
_SOAP_TYPES = {
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "reference": "tns:ID",
}
_NUMBERS = ("double", "currency", "percent")
_LONGEST_TEXT = 255


class CustomField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A custom field.

    Parameters
    ----------
    name, label
        API name, which ends in `__c`, and label (the name when empty).
    type
        The vendor's field type.
    length
        Characters of a text; the type's usual length when None.
    is_required, is_unique, is_external_id, is_case_sensitive
        The usual switches.
    values, is_restricted
        Entries of a picklist, and whether it takes others.
    reference_to, child_relationship, is_master_detail
        Target of a reference, what the parent calls its children (such as `Memberships__r` without its ending, None for
        no name), and whether they are deleted with it.
    """

    name: str
    label: str = ""
    type: FieldType = "string"
    length: int | None = None
    is_required: bool = False
    is_unique: bool = False
    is_external_id: bool = False
    is_case_sensitive: bool = False
    values: list[str] = []
    is_restricted: bool = False
    reference_to: str | None = None
    child_relationship: str | None = None
    is_master_detail: bool = False

    def __post_init__(self) -> None:
        if not self.name.endswith("__c"):
            raise ValueError(f"expected a field name that ends in __c, found {self.name!r}")
        if (self.type == "reference") != (self.reference_to is not None):
            raise ValueError(f"{self.name}: a field of type reference, and no other, needs reference_to")


class CustomObject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A custom object with its fields; `name` ends in `__c`. Every record has a `Name`."""

    name: str
    label: str = ""
    label_plural: str = ""
    fields: list[CustomField] = []

    def __post_init__(self) -> None:
        if not self.name.endswith("__c"):
            raise ValueError(f"expected an object name that ends in __c, found {self.name!r}")


def describe_field(field: CustomField) -> dict[str, Any]:
    """The field's entry in a describe result."""
    length = field.length or _LENGTHS.get(field.type, 4099 if field.type == "multipicklist" else 0)
    entry: dict[str, Any] = {
        "name": field.name,
        "label": field.label or field.name.removesuffix("__c").replace("_", " "),
        "type": field.type,
        "custom": True,
        "permissionable": not field.is_required,
        "length": length,
        "byteLength": length if field.type == "reference" else 3 * length,
        "soapType": _SOAP_TYPES.get(field.type, "xsd:string"),
        "nillable": not field.is_required,
        "unique": field.is_unique,
        "externalId": field.is_external_id,
        "idLookup": field.is_external_id,
        "caseSensitive": field.is_case_sensitive,
        "groupable": field.type not in (*_NUMBERS, "datetime", "multipicklist"),
        "restrictedPicklist": field.is_restricted,
    }
    if field.type == "boolean":
        entry |= {"aggregatable": False, "defaultValue": False, "defaultedOnCreate": True, "nillable": False}
    if field.type in _NUMBERS:
        entry |= {"precision": 18, "scale": 0 if field.type == "percent" else 2}
    if field.type == "textarea" and length > _LONGEST_TEXT:
        entry |= {"filterable": False, "sortable": False, "groupable": False, "aggregatable": False}
    if field.type == "multipicklist":
        entry |= {"sortable": False, "aggregatable": False}
    if field.values:
        keys = {"active": True, "defaultValue": False, "validFor": None}
        entry["picklistValues"] = [{**keys, "label": value, "value": value} for value in field.values]
    if field.reference_to is not None:
        entry |= {"referenceTo": [field.reference_to], "relationshipName": field.name.removesuffix("__c") + "__r"}
        entry |= {
            "cascadeDelete": field.is_master_detail,
            "nillable": not (field.is_required or field.is_master_detail),
        }
    return entry


def child_entry(object: str, field: CustomField) -> dict[str, Any]:
    """The entry of a reference in its target's `childRelationships`."""
    name = field.child_relationship
    return {
        "cascadeDelete": field.is_master_detail,
        "childSObject": object,
        "deprecatedAndHidden": False,
        "field": field.name,
        "junctionIdListNames": [],
        "junctionReferenceTo": [],
        "relationshipName": None if name is None else name.removesuffix("__r") + "__r",
        "restrictedDelete": False,
    }


def make_object(order: CustomObject, number: int, model: ObjectType) -> ObjectType:
    """The object type of a custom object.

    Parameters
    ----------
    order
        What it is called; its fields are left to the caller.
    number
        How many custom objects came before; gives the key prefix (a00, a01, …).
    model
        A standard object with `Id`, `IsDeleted`, `Name`, an owner and time stamps, whose describe result is taken over.
    """
    label = order.label or order.name.removesuffix("__c").replace("_", " ")
    names = ("Id", "IsDeleted", "OwnerId", "Name", "CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById")
    fields = [model.field_describe(name) for name in (*names, "SystemModstamp")]
    for entry in fields:
        if entry["name"] == "Name":
            entry |= {"label": f"{label} Name", "length": 80, "byteLength": 240, "nillable": True, "idLookup": True}
        if entry["name"] == "Id":
            entry["label"] = "Record ID"
    text = msgspec.json.encode(model.template()).decode()
    describe = msgspec.json.decode(
        text.replace(f"/{model.name}", f"/{order.name}").replace(f"/{model.key_prefix}/", "/{prefix}/")
    )
    describe |= {
        "name": order.name,
        "label": label,
        "labelPlural": order.label_plural or f"{label}s",
        "keyPrefix": f"a{number:02d}",
        "custom": True,
        "childRelationships": [],
    }
    describe["urls"] = {name: url.replace("{prefix}", f"a{number:02d}") for name, url in describe["urls"].items()}
    return ObjectType(describe, model.field_defaults, fields)
