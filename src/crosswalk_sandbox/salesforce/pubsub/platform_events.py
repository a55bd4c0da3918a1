"""Platform events: their definitions, and how they are published, as Avro by the Pub/Sub API or as JSON over REST."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from crosswalk_pubsub import EventSchema
from crosswalk_sandbox.salesforce.custom_schema import CustomField, describe_field
from crosswalk_sandbox.salesforce.errors import RecordProblem, RecordRefused
from crosswalk_sandbox.salesforce.ids import make_id
from crosswalk_sandbox.salesforce.pubsub.avro_types import NAMESPACE, avro_type, nullable
from crosswalk_sandbox.salesforce.pubsub.bus import KEPT, KEPT_STANDARD_VOLUME, Event, Message
from crosswalk_sandbox.salesforce.pubsub.change_schema import schema_id
from crosswalk_sandbox.salesforce.schema import ObjectType
from crosswalk_sandbox.salesforce.table import Row
from crosswalk_sandbox.salesforce.validation import check_fields, check_required

ENDING = "__e"


class PlatformEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A platform event that an administrator defines; `name` ends in `__e`, its fields are those of a custom object."""

    name: str
    label: str = ""
    fields: list[CustomField] = []
    volume: Literal["HighVolume", "StandardVolume"] = "HighVolume"

    def __post_init__(self) -> None:
        if not self.name.endswith(ENDING):
            raise ValueError(f"expected the name of a platform event, which ends in {ENDING}, found {self.name!r}")


@dataclass(frozen=True, slots=True)
class PublishedEvent:
    """A platform event on the bus."""

    name: str
    published: datetime
    kept: timedelta
    data: Message

    @property
    def is_change(self) -> bool:
        return False

    def message(self) -> Message:
        return self.data


class Definition:
    """A platform event with its schema.

    Parameters
    ----------
    order
        What it is.
    model
        An object whose defaults its fields take.
    """

    def __init__(self, order: PlatformEvent, model: ObjectType) -> None:
        self.name = order.name
        self.kept = KEPT if order.volume == "HighVolume" else KEPT_STANDARD_VOLUME
        about = {"name": order.name, "label": order.label or order.name, "labelPlural": order.label, "keyPrefix": "e00"}
        entries = [describe_field(field) for field in order.fields]
        self._object_type = ObjectType({**about, "childRelationships": []}, model.field_defaults, entries)
        self._types = {name: avro_type(field) for name, field in self._object_type.fields.items()}
        fields: list[dict[str, Any]] = [
            {"name": "CreatedDate", "type": "long", "doc": "CreatedDate:DateTime"},
            {"name": "CreatedById", "type": "string", "doc": "CreatedBy:EntityId"},
        ]
        for field in order.fields:
            found = self._types[field.name]
            entry = nullable(field.name, found.avro, found.word)
            fields.append({"name": field.name, "type": found.avro, "doc": found.word} if field.is_required else entry)
        plain = {"type": "record", "name": order.name, "namespace": NAMESPACE, "fields": fields}
        self.json = msgspec.json.encode(plain).decode()
        self.schema_id = schema_id(self.json)
        self.schema = EventSchema(self.json)

    def read(self, fields: Row) -> dict[str, Any]:
        """The event's fields from a REST call's; raises as an insert of a record does."""
        values = check_fields(self._object_type, fields, "insert", _no_parents)
        check_required(self._object_type, values, is_insert=True)
        event = {}
        for name, value in {**self._object_type.row_defaults, **values}.items():
            convert = self._types[name].convert
            event[name] = value if convert is None or value is None else convert(value)
        return event


class PlatformEvents:
    """The org's platform events.

    Parameters
    ----------
    clock
        The org's time.
    publish
        Where events go.
    """

    def __init__(self, clock: Callable[[], datetime], publish: Callable[[Event], None]) -> None:
        self._clock = clock
        self._publish = publish
        self._count = 0
        self._definitions: dict[str, Definition] = {}
        self._schemas: dict[str, Definition] = {}

    def clear(self) -> None:
        """Forget all definitions."""
        self._definitions.clear()
        self._schemas.clear()

    def define(self, order: PlatformEvent, model: ObjectType) -> None:
        """Add a platform event, or give one that is there other fields; earlier schemas stay good for publishing."""
        definition = Definition(order, model)
        self._definitions[order.name.lower()] = definition
        self._schemas[definition.schema_id] = definition

    def named(self, name: str) -> Definition | None:
        """The platform event of this name, in any case."""
        return self._definitions.get(name.lower())

    def of_schema(self, id: str) -> Definition | None:
        """The platform event as it was when its schema had this id."""
        return self._schemas.get(id)

    def publish(self, definition: Definition, payload: bytes, id: str = "") -> PublishedEvent:
        """Publish an event; it has the given id or one of its own."""
        self._count += 1
        message = Message(id or str(uuid.uuid4()), definition.schema_id, payload)
        event = PublishedEvent(definition.name, self._clock(), definition.kept, message)
        self._publish(event)
        return event

    def publish_fields(self, definition: Definition, fields: Row, user_id: str) -> dict[str, Any]:
        """Publish what a REST call sends; returns the vendor's reply, which says that it was enqueued."""
        event = definition.read(fields)
        event |= {"CreatedDate": int(self._clock().timestamp() * 1000), "CreatedById": user_id}
        published = self.publish(definition, definition.schema.encode(event))
        note = {"statusCode": "OPERATION_ENQUEUED", "message": published.data.uuid, "fields": []}
        return {"id": make_id("e00", self._count), "success": True, "errors": [note]}


def _no_parents(_object: str, field: str, _value: Any) -> list[str]:
    raise RecordRefused(
        RecordProblem("INVALID_FIELD", f"a platform event has no parent to look up by {field}", [field])
    )
