"""The rows of one object, with indexes over the fields that upserts, uniqueness and most queries look up."""

from collections.abc import Iterable
from typing import Any

from crosswalk_sandbox.salesforce.schema import Field, ObjectType

Row = dict[str, Any]

_ALSO_INDEXED = {"Email", "Name", "LastName", "AccountId"}


class Table:
    """Rows by their 18-character id. Deleted rows stay (the recycle bin) but leave the indexes.

    Parameters
    ----------
    object_type
        The object whose rows these are.
    """

    def __init__(self, object_type: ObjectType) -> None:
        self.object_type = object_type
        self.rows: dict[str, Row] = {}
        self.last_number = 0
        self._indexes: dict[str, dict[Any, dict[str, None]]] = {}
        for field in object_type.fields.values():
            self.index_field(field)

    def index_field(self, field: Field) -> None:
        """Start an index for a field if it is one that gets looked up."""
        if field.name == "Id" or not (field.is_key or field.unique or field.name in _ALSO_INDEXED):
            return
        index: dict[Any, dict[str, None]] = {}
        self._indexes[field.name] = index
        for row_id, row in self.rows.items():
            if row.get(field.name) is not None and not row["IsDeleted"]:
                index.setdefault(self._key(field.name, row[field.name]), {})[row_id] = None

    def is_indexed(self, name: str) -> bool:
        return name == "Id" or name in self._indexes

    def find(self, name: str, value: Any) -> list[str]:
        """The ids of the rows, not deleted, whose indexed field has this value."""
        if name == "Id":
            row = self.rows.get(value)
            return [value] if row is not None and not row["IsDeleted"] else []
        return list(self._indexes[name].get(self._key(name, value), ()))

    def put(self, row: Row) -> None:
        """Add a row that has its id."""
        self.rows[row["Id"]] = row
        self._index(row, self._indexes)

    def change(self, row: Row, values: Row) -> None:
        """Give fields of a row of this table new values."""
        touched = [name for name in values if name in self._indexes]
        self._unindex(row, touched)
        row.update(values)
        self._index(row, touched)

    def remove(self, row: Row) -> None:
        """Forget a row altogether, as if it had never been."""
        self._unindex(row, self._indexes)
        del self.rows[row["Id"]]

    def mark_deleted(self, row: Row, values: Row) -> None:
        """Move a row to the recycle bin, with its last time stamps."""
        self._unindex(row, self._indexes)
        row.update(values, IsDeleted=True)

    def unmark_deleted(self, row: Row, values: Row) -> None:
        """Bring a row back with the given values."""
        row.update(values, IsDeleted=False)
        self._index(row, self._indexes)

    def _key(self, name: str, value: Any) -> Any:
        if isinstance(value, str) and not self.object_type.fields[name].case_sensitive:
            return value.lower()
        return value

    def _index(self, row: Row, names: Iterable[str]) -> None:
        for name in names:
            value = row.get(name)
            if value is not None:
                self._indexes[name].setdefault(self._key(name, value), {})[row["Id"]] = None

    def _unindex(self, row: Row, names: Iterable[str]) -> None:
        for name in names:
            value = row.get(name)
            if value is None:
                continue
            key = self._key(name, value)
            ids = self._indexes[name].get(key)
            if ids is not None:
                ids.pop(row["Id"], None)
                if not ids:
                    del self._indexes[name][key]
