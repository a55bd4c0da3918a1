"""The rows of one object, with indexes over the fields that upserts, uniqueness, references and queries look up."""

from collections.abc import Iterable
from typing import Any

from crosswalk_sandbox.salesforce.schema import Field, ObjectType

Row = dict[str, Any]

_ALSO_INDEXED = {"Email", "Name", "LastName"}
_NOT_INDEXED = {"OwnerId", "CreatedById", "LastModifiedById"}


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
        # From a value to the id of its row, or to a dict of ids when several rows have it: most values have one row,
        # and a dict for each would take more memory than the rows.
        self._indexes: dict[str, dict[Any, str | dict[str, None]]] = {}
        for field in object_type.fields.values():
            self.index_field(field)

    def index_field(self, field: Field, *, always: bool = False) -> None:
        """Start an index for a field if it is one that gets looked up, or in any case."""
        is_reference = bool(field.references) and field.name not in _NOT_INDEXED
        is_looked_up = field.is_key or field.unique or field.name in _ALSO_INDEXED or is_reference
        if field.name == "Id" or not (is_looked_up or always):
            return
        self._indexes[field.name] = {}
        for row in self.rows.values():
            if not row["IsDeleted"]:
                self._index(row, (field.name,))

    def is_indexed(self, name: str) -> bool:
        return name == "Id" or name in self._indexes

    def find(self, name: str, value: Any) -> list[str]:
        """The ids of the rows, not deleted, whose indexed field has this value."""
        if name == "Id":
            row = self.rows.get(value)
            return [value] if row is not None and not row["IsDeleted"] else []
        found = self._indexes[name].get(self._key(name, value), ())
        return [found] if isinstance(found, str) else list(found)

    def put(self, row: Row) -> None:
        """Add a row that has its id."""
        self.rows[row["Id"]] = row
        self._index(row, self._indexes)

    def change(self, row: Row, values: Row) -> None:
        """Give fields of a row of this table new values; a row in the recycle bin stays out of the indexes."""
        touched = [name for name in values if name in self._indexes and not row["IsDeleted"]]
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
            folded = value.lower()
            return value if folded == value else folded
        return value

    def _index(self, row: Row, names: Iterable[str]) -> None:
        row_id = row["Id"]
        for name in names:
            value = row.get(name)
            if value is None:
                continue
            index, key = self._indexes[name], self._key(name, value)
            found = index.setdefault(key, row_id)
            if found is row_id:
                continue
            if isinstance(found, str):
                index[key] = {found: None, row_id: None}
            else:
                found[row_id] = None

    def _unindex(self, row: Row, names: Iterable[str]) -> None:
        row_id = row["Id"]
        for name in names:
            value = row.get(name)
            if value is None:
                continue
            index, key = self._indexes[name], self._key(name, value)
            found = index.get(key)
            if found == row_id:
                del index[key]
            elif isinstance(found, dict):
                found.pop(row_id, None)
                if not found:
                    del index[key]
