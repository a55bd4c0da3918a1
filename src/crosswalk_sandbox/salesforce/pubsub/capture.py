"""Change data capture: what a transaction wrote becomes change events when it ends."""

import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from crosswalk_sandbox.salesforce.pubsub.change_event import ChangeEvent, ChangeSchemas, Transaction
from crosswalk_sandbox.salesforce.pubsub.origin import CHANGE_ORIGIN, PAGE_ORIGIN
from crosswalk_sandbox.salesforce.schema import ObjectType
from crosswalk_sandbox.salesforce.table import Row

NOT_OFFERED = {"PermissionSet", "PermissionSetAssignment", "Profile"}
"""Objects that have no change events."""

OVERFLOW_AFTER = 100_000
"""Changes of one transaction that have events of their own."""

_NO_RECORD = "000000000000000AAA"
_MERGED = ("UPDATE", "DELETE")


class _Change:
    """What became of one record in a transaction; `names` are the fields that an update gave other values."""

    __slots__ = ("kind", "names", "object_type", "row", "source")

    def __init__(self, kind: str, object_type: ObjectType, row: Row, names: Sequence[str], source: str) -> None:
        self.kind = kind
        self.object_type = object_type
        self.row = row
        self.names = names
        self.source = source

    def joined(self, other: "_Change") -> "_Change":
        """This and what else was done: only the first kind is told, unless the record is gone in the end."""
        kind, names = self.kind, list(dict.fromkeys((*self.names, *other.names)))
        if other.kind == "DELETE":
            kind = "" if kind == "CREATE" else "DELETE"
        return _Change(kind, self.object_type, self.row, names, self.source)

    def values(self) -> Row:
        """What its event tells: everything of a new record, the changed fields of an update, else nothing."""
        if self.kind == "UPDATE":
            # The vendor documents that the update of a lead's conversion comes without it.
            left_out = "LastModifiedDate" if "ConvertedDate" in self.names else None
            return {name: self.row.get(name) for name in self.names if name != left_out}
        return dict(self.row) if self.kind in ("CREATE", "UNDELETE") else {}

    def count(self) -> int:
        """How many changes the vendor counts it as."""
        return max(len(self.names), 1) if self.kind == "UPDATE" else 1


class ChangeCapture:
    """Collects the writes of the transaction under way.

    Parameters
    ----------
    clock
        The org's time.
    user
        The id of the user whose call is being served.
    publish
        Where events go.
    schemas
        The schemas of the events.

    Attributes
    ----------
    selected
        Names of the objects that are captured; all that can be when None.
    overflow_after
        How many changes of a transaction have events of their own.
    """

    def __init__(
        self,
        clock: Callable[[], datetime],
        user: Callable[[], str],
        publish: Callable[[ChangeEvent], None],
        schemas: ChangeSchemas,
    ) -> None:
        self._clock = clock
        self._user = user
        self._publish = publish
        self._schemas = schemas
        self._notes: list[_Change] = []
        self._commit_number = time.time_ns() // 1_000_000
        self.selected: set[str] | None = None
        self.overflow_after = OVERFLOW_AFTER

    def captures(self, object_name: str) -> bool:
        """Whether changes of this object's records have events."""
        return object_name not in NOT_OFFERED and (self.selected is None or object_name in self.selected)

    def note(self, kind: str, object_type: ObjectType, row: Row, names: Sequence[str], source: str) -> None:
        """Remember a write: `row` is the record itself, which is read when the transaction ends."""
        if self.captures(object_type.name):
            self._notes.append(_Change(kind, object_type, row, names, source))

    def mark(self) -> int:
        """Where the notes end now, for `cut`."""
        return len(self._notes)

    def cut(self, mark: int) -> None:
        """Forget the notes after a mark, because they were rolled back."""
        del self._notes[mark:]

    def commit(self) -> None:
        """End the transaction and publish its events."""
        if not self._notes:
            return
        notes, self._notes = self._notes, []
        changes: dict[str, _Change] = {}
        for note in notes:
            row_id = note.row["Id"]
            changes[row_id] = changes[row_id].joined(note) if row_id in changes else note
        self._emit([each for each in changes.values() if each.kind], notes[0].source)

    def _emit(self, changes: list[_Change], source: str) -> None:
        if not changes:
            return
        self._commit_number += 7
        origin = {"api": CHANGE_ORIGIN.get(), "page": PAGE_ORIGIN}.get(source, "")
        # Three zeros first, as in all that were recorded.
        key = f"000{str(uuid.uuid4())[3:]}"
        transaction = Transaction(key, origin, self._user(), self._clock(), self._commit_number)
        told, overflown = self._divide(changes)
        events = self._merged(told, transaction)
        for event in [*events, *self._overflows(overflown, transaction, len(events))]:
            self._publish(event)

    def _divide(self, changes: list[_Change]) -> tuple[list[_Change], list[_Change]]:
        """The changes that have events of their own, and those that are too many."""
        count = 0
        for index, change in enumerate(changes):
            count += change.count()
            if count > self.overflow_after:
                return changes[:index], changes[index:]
        return changes, []

    def _merged(self, changes: list[_Change], transaction: Transaction) -> list[ChangeEvent]:
        """One event for each change, or for all those of an object that are alike."""
        alike: dict[tuple[object, ...], ChangeEvent] = {}
        events: list[ChangeEvent] = []
        for change in changes:
            values, ids = change.values(), [change.row["Id"]]
            if change.kind in _MERGED:
                identity = (change.object_type.name, change.kind, *values.items())
                known = alike.get(identity)
                if known is not None:
                    known.record_ids += ids
                    continue
            event = ChangeEvent(
                change.object_type, change.kind, ids, values, transaction, len(events) + 1, self._schemas
            )
            events.append(event)
            if change.kind in _MERGED:
                alike[identity] = event
        return events

    def _overflows(self, changes: list[_Change], transaction: Transaction, before: int) -> Iterable[ChangeEvent]:
        """One event that names no record for each object."""
        objects = {change.object_type.name: change.object_type for change in changes}
        for sequence, object_type in enumerate(objects.values(), before + 1):
            yield ChangeEvent(object_type, "GAP_OVERFLOW", [_NO_RECORD], {}, transaction, sequence, self._schemas)
