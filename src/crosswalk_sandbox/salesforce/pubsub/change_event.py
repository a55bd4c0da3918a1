"""One change event: what happened to records, put into Avro when somebody reads it."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from crosswalk_sandbox.salesforce.pubsub.bus import KEPT, Message
from crosswalk_sandbox.salesforce.pubsub.change_schema import ChangeSchema, change_event_name
from crosswalk_sandbox.salesforce.schema import ObjectType
from crosswalk_sandbox.salesforce.table import Row


class ChangeSchemas:
    """The schemas of the org's objects, made anew when an object has got other fields; old ones stay known by id."""

    def __init__(self) -> None:
        self._current: dict[str, tuple[list[Any], ChangeSchema]] = {}
        self._by_id: dict[str, ChangeSchema] = {}

    def of(self, object_type: ObjectType) -> ChangeSchema:
        """The schema of an object as it is now."""
        fields = list(object_type.fields.values())
        known = self._current.get(object_type.name)
        if known is not None and known[0] == fields:
            return known[1]
        schema = ChangeSchema(object_type)
        self._current[object_type.name] = (fields, schema)
        self._by_id[schema.id] = schema
        return schema

    def of_id(self, schema_id: str) -> ChangeSchema | None:
        """The schema of this id, of today or of old."""
        return self._by_id.get(schema_id)


@dataclass(frozen=True, slots=True)
class Transaction:
    """What all events of one transaction share: `origin` is empty unless an API or a person made the change."""

    key: str
    origin: str
    user: str
    moment: datetime
    commit_number: int


@dataclass(slots=True)
class ChangeEvent:
    """What happened to one record, or alike to several.

    Parameters
    ----------
    object_type
        The records' object.
    kind
        `CREATE`, `UPDATE`, `DELETE`, `UNDELETE`, `GAP_…` or `GAP_OVERFLOW`.
    record_ids
        The records; one that stands for none in an overflow event.
    values
        All values of a new or undeleted record, the changed ones of an update, none otherwise.
    transaction, sequence
        What it was part of, and its number therein, from 1.
    schemas
        Where the object's schema is to be had.
    """

    object_type: ObjectType
    kind: str
    record_ids: list[str]
    values: Row
    transaction: Transaction
    sequence: int
    schemas: ChangeSchemas
    _message: Message | None = field(default=None, init=False)

    @property
    def is_change(self) -> bool:
        return True

    @property
    def kept(self) -> timedelta:
        return KEPT

    @property
    def name(self) -> str:
        """The event's API name."""
        return change_event_name(self.object_type.name)

    @property
    def published(self) -> datetime:
        """When the transaction ended."""
        return self.transaction.moment

    def message(self) -> Message:
        """The event's data; what it was made of is let go."""
        if self._message is None:
            schema = self.schemas.of(self.object_type)
            event = schema.values(self.values)
            event["ChangeEventHeader"] = self._header(schema)
            self._message = Message(str(uuid.uuid4()), schema.id, schema.schema.encode(event))
            self.values = {}
        return self._message

    def _header(self, schema: ChangeSchema) -> dict[str, Any]:
        is_update = self.kind == "UPDATE"
        changed = schema.paths(self.values) if is_update else []
        nulled = schema.paths(name for name, value in self.values.items() if value is None) if is_update else []
        layout = schema.schema.layout
        return {
            "entityName": self.object_type.name,
            "recordIds": self.record_ids,
            "changeType": self.kind,
            "changeOrigin": self.transaction.origin,
            "transactionKey": self.transaction.key,
            "sequenceNumber": self.sequence,
            "commitTimestamp": int(self.transaction.moment.timestamp()) * 1000,
            "commitNumber": self.transaction.commit_number,
            "commitUser": self.transaction.user,
            "nulledFields": layout.encode(nulled),
            "diffFields": [],
            "changedFields": layout.encode(changed),
        }
