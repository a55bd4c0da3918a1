"""From a path in a query to the place its value comes from, across up to five parents."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from crosswalk_sandbox.salesforce.schema import Field, ObjectType, read_field
from crosswalk_sandbox.salesforce.soql.syntax import FieldPath
from crosswalk_sandbox.salesforce.soql.tokens import query_error
from crosswalk_sandbox.salesforce.table import Row, Table

_MOST_PARENTS = 5
_LIKELY_CUSTOM = (
    "If you are attempting to use a custom {what}, be sure to append the '__{suffix}' after the {after} name. "
    "Please reference your WSDL or the describe call for the appropriate names."
)

Getter = Callable[[Any], Any]


class Store(Protocol):
    """What a query needs of the org; `objects` is what the asking user sees of them."""

    tables: dict[str, Table]

    @property
    def objects(self) -> dict[str, ObjectType]: ...

    @property
    def clock(self) -> Callable[[], datetime]: ...

    def field_value(self, row: Row, field: Field) -> Any: ...


@dataclass(frozen=True, slots=True)
class Column:
    """A resolved path: the reference fields that lead to it, and where its value comes from."""

    parents: tuple[Field, ...]
    field: Field
    get: Getter


def likely_custom(what: str, suffix: str, after: str) -> str:
    """The vendor's hint after each unknown name."""
    return _LIKELY_CUSTOM.format(what=what, suffix=suffix, after=after)


class Resolver:
    """Resolves the paths of one query.

    Parameters
    ----------
    object_type
        The object that the query is about.
    store
        The org.
    text
        The query, for error messages.
    """

    def __init__(self, object_type: ObjectType, store: Store, text: str) -> None:
        self.object_type = object_type
        self.store = store
        self.text = text

    def column(self, path: FieldPath) -> Column:
        """The column of a path; 400 INVALID_FIELD for a name that the object lacks."""
        parts = path.parts
        own_name = self.object_type.name.lower()
        if len(parts) > 1 and parts[0].lower() == own_name and own_name not in self.object_type.by_relationship:
            parts = parts[1:]
        if len(parts) > _MOST_PARENTS + 1:
            message = f"Relationship field path too long: at most {_MOST_PARENTS} parents are supported"
            raise query_error(self.text, path.position, message)
        types, parents = [self.object_type], []
        for part in parts[:-1]:
            parent = next(
                (each.by_relationship[part.lower()] for each in types if part.lower() in each.by_relationship), None
            )
            found = (
                [self.store.objects[name] for name in parent.references if name in self.store.objects] if parent else []
            )
            if parent is None or not found:
                hint = likely_custom("relationship", "r", "custom relationship")
                message = f"Didn't understand relationship '{part}' in field path. {hint}"
                raise query_error(self.text, path.position, message, "INVALID_FIELD")
            types = found
            parents.append(parent)
        return self._ending(types, tuple(parents), parts[-1], path)

    def parent_row(self, row: Row, reference: Field) -> tuple[str, Row] | None:
        """The record that a reference points to, with its object's name."""
        row_id = row.get(reference.name)
        if row_id is None:
            return None
        for name in reference.references:
            table = self.store.tables.get(name)
            if table is not None and (parent := table.rows.get(row_id)) is not None:
                return name, parent
        return None

    def _ending(self, types: list[ObjectType], parents: tuple[Field, ...], name: str, path: FieldPath) -> Column:
        field = next((each.by_lower_name[name.lower()] for each in types if name.lower() in each.by_lower_name), None)
        if field is None and len(types) > 1 and name.lower() == "type":
            return Column(parents, _type_field(types[0]), self._type_getter(parents))
        if field is None:
            entity = types[0].name if len(types) == 1 else "Name"
            hint = likely_custom("field", "c", "custom field")
            message = f"No such column '{name}' on entity '{entity}'. {hint}"
            raise query_error(self.text, path.position, message, "INVALID_FIELD")
        return Column(parents, field, self._getter(parents, field))

    def _getter(self, parents: tuple[Field, ...], field: Field) -> Getter:
        name, store = field.name, self.store
        is_address = field.type == "address"

        def final(row: Row) -> Any:
            return store.field_value(row, field) if is_address else row.get(name)

        if not parents and not is_address:
            return lambda row: row.get(name)
        if not parents:
            return final
        if len(parents) == 1 and len(parents[0].references) == 1:
            key, rows = parents[0].name, store.tables[parents[0].references[0]].rows
            return lambda row: final(rows.get(row.get(key) or "", {}))
        return lambda row: final(self._ancestor(row, parents) or {})

    def _ancestor(self, row: Row, parents: tuple[Field, ...]) -> Row | None:
        current: Row = row
        for reference in parents:
            found = self.parent_row(current, reference)
            if found is None:
                return None
            current = found[1]
        return current

    def _type_getter(self, parents: tuple[Field, ...]) -> Getter:
        def get(row: Row) -> str | None:
            holder = self._ancestor(row, parents[:-1])
            found = self.parent_row(holder, parents[-1]) if holder is not None else None
            return found[0] if found else None

        return get


def _type_field(object_type: ObjectType) -> Field:
    """A text field for `Type`, which references to several objects have."""
    return read_field({**object_type.field_describe("Id"), "name": "Type", "label": "Type", "type": "string"})
