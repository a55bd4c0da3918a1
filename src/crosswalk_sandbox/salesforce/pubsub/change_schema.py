"""The schema of an object's change events, built from its describe result as the vendor builds it.

Fields come in the order of the describe result. Those that are not the record's own values are left out, a compound
field is a record of its parts, and all but the header may be null. Recorded schemas of Account and Contact settle this;
an account's name is a text or a person's name, whichever the account is.
"""

import base64
import hashlib
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import msgspec

from crosswalk_pubsub import EventSchema
from crosswalk_sandbox.salesforce.pubsub.avro_types import (
    ADDRESS_PARTS,
    NAME_PARTS,
    NAMESPACE,
    avro_type,
    nullable,
    parts_record,
)
from crosswalk_sandbox.salesforce.schema import Field, ObjectType
from crosswalk_sandbox.salesforce.table import Row

CHANGE_TYPES = [
    "CREATE", "UPDATE", "DELETE", "UNDELETE",
    "GAP_CREATE", "GAP_UPDATE", "GAP_DELETE", "GAP_UNDELETE", "GAP_OVERFLOW", "SNAPSHOT",
]  # fmt: skip
_NEVER = {
    "Id", "IsDeleted", "SystemModstamp", "MasterRecordId", "LastActivityDate", "LastViewedDate", "LastReferencedDate",
    "PhotoUrl", "IsEmailBounced",
}  # fmt: skip
_DERIVED = {
    "Account": {"IsPartner", "IsCustomerPortal", "IsPersonAccount", "ChannelProgramName", "ChannelProgramLevelName"},
    "CampaignMember": {"Name", "FirstName", "LastName", "Email", "CompanyOrAccount", "Type"},
    "Case": {"ContactPhone", "ContactMobile", "ContactEmail", "ContactFax"},
    "Opportunity": {"FiscalQuarter", "FiscalYear", "Fiscal", "HasOpenActivity", "HasOverdueTask"},
    "OpportunityLineItem": {"Name", "ProductCode", "ListPrice"},
}
"""Fields whose values come from other records or from a formula."""


@cache
def change_event_name(object_name: str) -> str:
    """`ContactChangeEvent` of Contact, `Thing__ChangeEvent` of Thing__c."""
    return object_name.removesuffix("c") + "ChangeEvent" if object_name.endswith("__c") else f"{object_name}ChangeEvent"


def schema_id(schema_json: str) -> str:
    """The fingerprint that stands for a schema: 22 characters, as recorded."""
    digest = hashlib.md5(schema_json.encode(), usedforsecurity=False).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


class ChangeSchema:
    """The schema of one object's change events, as the object is now.

    Parameters
    ----------
    object_type
        The object with all its fields.

    Attributes
    ----------
    json, id
        The schema as `GetSchema` answers it, and its id.
    schema
        The same, parsed.
    """

    def __init__(self, object_type: ObjectType) -> None:
        self._paths: dict[str, str] = {}
        self._converts: dict[str, Callable[[Any], Any]] = {}
        self._known_records: set[str] = set()
        left_out = _NEVER | _DERIVED.get(object_type.name, set())
        fields = [
            self._field(object_type, field)
            for field in object_type.fields.values()
            if field.name not in left_out and _outer(object_type, field) is None
        ]
        name = change_event_name(object_type.name)
        plain = {"type": "record", "name": name, "namespace": NAMESPACE, "fields": [_HEADER, *fields]}
        self.json = msgspec.json.encode(plain).decode()
        self.id = schema_id(self.json)
        self.schema = EventSchema(self.json)

    def paths(self, names: Iterable[str]) -> list[str]:
        """The event's names (`MailingAddress.City`) of the record's fields that it has.

        Whoever's name consists of parts has changed those, not the name as a whole.
        """
        found = [path for name in names if (path := self._paths.get(name)) is not None]
        outer = {path.partition(".")[0] for path in found if "." in path}
        return [path for path in found if path not in outer]

    def values(self, row: Row) -> dict[str, Any]:
        """The event's fields for a record's values, or for those of them that changed."""
        event: dict[str, Any] = {}
        for name, value in row.items():
            path = self._paths.get(name)
            if value is None or path is None:
                continue
            convert = self._converts.get(name)
            outer, separator, part = path.partition(".")
            if not separator:
                event.setdefault(outer, value if convert is None else convert(value))
                continue
            if not isinstance(event.get(outer), dict):
                event[outer] = {}
            event[outer][part] = value
        return event

    def _field(self, object_type: ObjectType, field: Field) -> dict[str, Any]:
        parts = {name: each for name, each in object_type.fields.items() if _outer(object_type, each) == field.name}
        if field.type == "address":
            prefix = field.name.removesuffix("Address")
            self._paths |= {f"{prefix}{part}": f"{field.name}.{part}" for part in ADDRESS_PARTS}
            return nullable(field.name, self._record("Address", ADDRESS_PARTS), "Data:Address")
        if object_type.has_person_name and field.name == "Name":
            self._paths |= {name: f"Name.{name}" for name in parts}
            names = tuple(name for name in NAME_PARTS if name in parts)
            return nullable("Name", self._record("PersonName", names), "Data:PersonName")
        self._paths[field.name] = field.name
        if object_type.name == "Account" and field.name == "Name":
            self._paths |= {name: f"Name.{name}" for name in parts}
            person = self._record("Switchable_PersonName", NAME_PARTS[:3])
            return nullable("Name", ["string", person], "Data:Switchable_PersonName")
        found = avro_type(field)
        if found.convert is not None:
            self._converts[field.name] = found.convert
        return nullable(field.name, found.avro, found.word)

    def _record(self, name: str, parts: tuple[str, ...]) -> Any:
        """The record type, by name alone where the schema has it already."""
        if name in self._known_records:
            return name
        self._known_records.add(name)
        return parts_record(name, parts)


def _outer(object_type: ObjectType, field: Field) -> str | None:
    """The compound field that this one is a part of."""
    is_part = field.compound is not None and field.compound != field.name and field.compound in object_type.fields
    return field.compound if is_part else None


def _plain(name: str, type_: Any) -> dict[str, Any]:
    return {"name": name, "type": type_}


_STRINGS = {"type": "array", "items": "string"}
_HEADER = {
    "name": "ChangeEventHeader",
    "type": {
        "type": "record",
        "name": "ChangeEventHeader",
        "fields": [
            _plain("entityName", "string"),
            _plain("recordIds", _STRINGS),
            _plain("changeType", {"type": "enum", "name": "ChangeType", "symbols": CHANGE_TYPES}),
            _plain("changeOrigin", "string"),
            _plain("transactionKey", "string"),
            _plain("sequenceNumber", "int"),
            _plain("commitTimestamp", "long"),
            _plain("commitNumber", "long"),
            _plain("commitUser", "string"),
            _plain("nulledFields", _STRINGS),
            _plain("diffFields", _STRINGS),
            _plain("changedFields", _STRINGS),
        ],
    },
    "doc": "Data:ComplexValueType",
}
