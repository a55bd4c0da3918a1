"""An event's Avro schema: plain data to the payload of an event and back."""

import io
import json
from functools import cached_property
from typing import Any

import fastavro
from fastavro.schema import SchemaParseException

from crosswalk_pubsub.bitmaps import FieldLayout, record_field

_HEADER = "ChangeEventHeader"
_LISTS = ("changedFields", "nulledFields", "diffFields")


class PayloadUnreadableError(ValueError):
    """A payload is not Avro data of the schema, or data does not fit it."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"expected an event as the schema of {name} has it, found {problem}")
        self.name = name


class EventSchema:
    """One schema, parsed once; keep it by its id, as it never changes under the same id.

    Parameters
    ----------
    schema_json
        `SchemaInfo.schema_json` as `GetSchema` answers it.

    Raises
    ------
    ValueError
        When it is not an Avro schema of a record.
    """

    def __init__(self, schema_json: str) -> None:
        self.plain: dict[str, Any] = json.loads(schema_json)
        if not isinstance(self.plain, dict) or self.plain.get("type") != "record":
            raise ValueError("expected the JSON of an Avro schema of type record, found something else")
        try:
            self._parsed = fastavro.parse_schema(self.plain)
        except SchemaParseException as error:
            raise ValueError(f"expected an Avro schema, found one that cannot be parsed: {error}") from None

    @property
    def name(self) -> str:
        """The event's API name, such as `ContactChangeEvent` or `Order_Event__e`."""
        name: str = self.plain["name"]
        return name

    @cached_property
    def layout(self) -> FieldLayout:
        """Where each field is, for the bitmaps of a change event's header."""
        return FieldLayout.of(self.plain)

    def decode(self, payload: bytes) -> dict[str, Any]:
        """The event in a payload.

        Returns
        -------
        dict
            Field names to values: texts, numbers, booleans, None, dicts for records; dates and times in milliseconds
            since 1970 UTC, as the vendor sends them.

        Raises
        ------
        PayloadUnreadableError
            When the payload is not one event of this schema and nothing else.
        """
        stream = io.BytesIO(payload)
        try:
            event = fastavro.schemaless_reader(stream, self._parsed, None)
        except (EOFError, ValueError, IndexError, StopIteration, TypeError, OverflowError, MemoryError) as error:
            raise PayloadUnreadableError(self.name, f"{len(payload)} bytes that end or differ ({error})") from None
        if stream.tell() != len(payload):
            raise PayloadUnreadableError(self.name, f"{len(payload) - stream.tell()} bytes after the event's end")
        assert isinstance(event, dict)  # noqa: S101 - what a schema of type record yields
        return event

    def encode(self, event: dict[str, Any]) -> bytes:
        """The payload of an event; `PayloadUnreadableError` when a value does not fit its field."""
        stream = io.BytesIO()
        try:
            fastavro.schemaless_writer(stream, self._parsed, event, strict_allow_default=True)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
            raise PayloadUnreadableError(self.name, f"a value that does not fit ({error})") from None
        return stream.getvalue()

    def header_fields(self, event: dict[str, Any]) -> dict[str, list[str]]:
        """A decoded change event's `changedFields`, `nulledFields` and `diffFields`, as names of fields."""
        header = event[_HEADER]
        return {each: self.layout.decode(header[each]) for each in _LISTS}

    def record_values(self, event: dict[str, Any]) -> dict[str, Any]:
        """What a decoded change event tells of the record, by the names of the record's own fields.

        Returns
        -------
        dict
            The changed fields of an update, with None for those that were emptied; all fields of a new or undeleted
            record, with None for those without a value; nothing for any other kind. Parts of addresses and names are
            fields of their own (`MailingCity`, `FirstName`), dates and times are milliseconds since 1970 UTC.
        """
        kind = event[_HEADER]["changeType"]
        if kind == "UPDATE":
            names = self.layout.decode(event[_HEADER]["changedFields"])
        elif kind in ("CREATE", "UNDELETE"):
            names = [each for name in self.layout.names if name != _HEADER for each in self._with_parts(name, event)]
        else:
            names = []
        return {record_field(name): _value_at(event, name) for name in names}

    def _with_parts(self, name: str, event: dict[str, Any]) -> list[str]:
        """The names of a field's parts, or its own: an account is called by a text or by parts, whichever is there."""
        if name not in self.layout.inner or isinstance(event[name], str):
            return [name]
        return [f"{name}.{part}" for part in self.layout.inner[name]]


def _value_at(event: dict[str, Any], name: str) -> Any:
    outer, _, part = name.partition(".")
    value = event[outer]
    if not part:
        return value
    return value[part] if isinstance(value, dict) else None
