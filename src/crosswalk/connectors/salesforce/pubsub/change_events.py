"""From a change event to changes of records. Pure.

Source: "Change Event Fields", "Gap Events" and "Overflow Events" of Salesforce's Change Data Capture guide.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from crosswalk.connectors.salesforce.changes import change_event
from crosswalk.connectors.salesforce.pubsub.field_values import ValueUnreadable, rest_value
from crosswalk.domain.change import ChangeKind, RecordChange
from crosswalk.domain.event import Event, Source
from crosswalk.domain.record import MODIFIED_FIELD
from crosswalk.domain.record_id import full_record_id
from crosswalk.domain.values import FieldValue
from crosswalk_pubsub import EventSchema
from crosswalk_pubsub.bitmaps import BitmapUnreadableError, record_field

_HEADER = "ChangeEventHeader"
_OVERFLOW = "GAP_OVERFLOW"
_KINDS: Mapping[str, ChangeKind] = {
    "CREATE": ChangeKind.CREATED,
    "UPDATE": ChangeKind.UPDATED,
    "DELETE": ChangeKind.DELETED,
    "UNDELETE": ChangeKind.UNDELETED,
}
"""Every other kind is a gap: something happened to the records, and the event says no more."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Overflow(Exception):
    """The event stands for changes that have no events of their own, being too many.

    Parameters
    ----------
    committed_at
        When they were made (UTC).
    """

    def __init__(self, committed_at: datetime) -> None:
        self.committed_at = committed_at
        super().__init__(f"the transaction of {committed_at.isoformat()} changed more than events are made for")


class ChangeEventReader:
    """Reads the events of one schema.

    Parameters
    ----------
    schema
        The schema.
    object_name
        The object whose records they are about.
    tracked
        The fields of which somebody wants to know.
    """

    def __init__(self, schema: EventSchema, object_name: str, tracked: Collection[str]) -> None:
        self._schema = schema
        self._object = object_name
        # The id never changes, and the time of change never changes alone.
        self._tracked = tuple(name for name in tracked if name not in ("Id", MODIFIED_FIELD))
        self._docs = {field["name"]: str(field.get("doc", "")) for field in schema.plain["fields"]}
        layout = schema.layout
        parts = {record_field(f"{outer}.{part}") for outer, inner in layout.inner.items() for part in inner}
        self._captured = parts | (set(layout.names) - layout.inner.keys())

    def read(self, payload: bytes, event_id: str) -> list[Event]:
        """Return an event of the inbox for each record that a change event is about.

        Parameters
        ----------
        payload
            The event as it came.
        event_id
            The vendor's id of the event.

        Raises
        ------
        Overflow
            It stands for more changes than events are made for.
        crosswalk_pubsub.PayloadUnreadableError
            It is no event of this schema.
        """
        decoded = self._schema.decode(payload)
        header = decoded[_HEADER]
        at = _EPOCH + timedelta(milliseconds=header["commitTimestamp"])
        change_type = str(header["changeType"])
        if change_type == _OVERFLOW:
            raise Overflow(at)
        kind = _KINDS.get(change_type, ChangeKind.UNKNOWN)
        fields, untold = self._told(decoded, kind)
        origin = str(header["changeOrigin"])
        return [
            change_event(
                f"{self._object}/{event_id}/{record_id}",
                Source.CHANGE_EVENTS,
                RecordChange(self._object, record_id, kind, fields, origin, untold),
                at,
            )
            for given in header["recordIds"]
            if (record_id := full_record_id(given)) is not None
        ]

    def _told(self, decoded: dict[str, Any], kind: ChangeKind) -> tuple[dict[str, FieldValue], tuple[str, ...]]:
        """The new values, and the tracked fields that may have other values besides."""
        if kind in (ChangeKind.UNKNOWN, ChangeKind.DELETED):
            return {}, ()
        try:
            values = self._schema.record_values(decoded)
            named = self._schema.header_fields(decoded)
        except BitmapUnreadableError:
            return {}, self._tracked
        # Of a long text the event may have the differences alone, which say nothing without the text before.
        unreadable = {record_field(name) for name in named["diffFields"]}
        fields: dict[str, FieldValue] = {}
        for name, value in values.items():
            if name in unreadable:
                continue
            try:
                fields[name] = rest_value(self._docs.get(name, ""), value)
            except ValueUnreadable:
                unreadable.add(name)
        is_update = kind is ChangeKind.UPDATED
        untold = tuple(
            name
            for name in self._tracked
            if name in unreadable
            or (name not in fields and self._may_differ(name, named["changedFields"] if is_update else None, values))
        )
        return fields, untold

    def _may_differ(self, name: str, changed: list[str] | None, values: Mapping[str, Any]) -> bool:
        """Whether a field whose value the event does not have may have another one since.

        That is what Salesforce computes: formulas, roll-ups, names put together from parts, fields of a parent.
        """
        if name in self._captured:
            return False
        if changed is None:
            return True
        if name in self._schema.layout.inner:
            return any(path.startswith(f"{name}.") for path in changed)
        parent, is_of_parent, _ = name.partition(".")
        return not is_of_parent or _reference_to(parent) in values


def _reference_to(parent: str) -> str:
    """The field by which a record refers to a parent: `AccountId` for `Account`, `Owner__c` for `Owner__r`."""
    return f"{parent.removesuffix('__r')}__c" if parent.endswith("__r") else f"{parent}Id"
