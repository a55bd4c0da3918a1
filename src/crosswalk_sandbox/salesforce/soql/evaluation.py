"""Runs a query's tree over the org's tables.

Truth has two values, as with the vendor: a comparison with a null field is false, except `= null` and `!=`, and NOT
turns it round. Text compares without regard to case unless the field is case-sensitive.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from crosswalk_sandbox.salesforce.errors import ApiError
from crosswalk_sandbox.salesforce.ids import to_id18
from crosswalk_sandbox.salesforce.schema import Field, ObjectType
from crosswalk_sandbox.salesforce.soql.syntax import (
    And,
    Comparison,
    Condition,
    FieldPath,
    Literal,
    Membership,
    Not,
    Query,
)
from crosswalk_sandbox.salesforce.soql.tokens import query_error
from crosswalk_sandbox.salesforce.table import Row, Table

_NUMBERS = {"int", "double", "currency", "percent"}
_IDS = {"id", "reference"}
_LARGEST_OFFSET = 2000
_EMPTY = (None, "")
_LIKELY_CUSTOM = (
    "If you are attempting to use a custom {what}, be sure to append the '__{suffix}' after the {after} name. "
    "Please reference your WSDL or the describe call for the appropriate names."
)

Predicate = Callable[[Row], bool]
Getter = Callable[[Row], Any]


class Store(Protocol):
    """What a query needs of the org."""

    objects: dict[str, ObjectType]
    tables: dict[str, Table]

    def field_value(self, row: Row, field: Field) -> Any: ...


@dataclass(frozen=True, slots=True)
class QueryResult:
    """How many rows match, and the rows in the vendor's form (none for COUNT())."""

    total: int
    records: list[Row]


@dataclass(frozen=True, slots=True)
class _Column:
    """A resolved path: where its value comes from."""

    parent: Field | None
    field: Field
    object_type: ObjectType
    get: Getter


def run_query(query: Query, store: Store, *, version: str, with_deleted: bool = False) -> QueryResult:
    """The rows that a query selects.

    Parameters
    ----------
    query
        The parsed query.
    store
        The org.
    version
        API version for the rows' addresses, such as `v64.0`.
    with_deleted
        Whether rows in the recycle bin count (`queryAll`).

    Raises
    ------
    ApiError
        400 INVALID_TYPE, INVALID_FIELD, INVALID_QUERY_FILTER_OPERATOR or NUMBER_OUTSIDE_VALID_RANGE.
    """
    return _Run(query, store, version).result(with_deleted)


class _Run:
    """One query being run."""

    def __init__(self, query: Query, store: Store, version: str) -> None:
        self._query = query
        self._store = store
        self._version = version
        found = next((each for each in store.objects.values() if each.name.lower() == query.object.lower()), None)
        if found is None:
            hint = _LIKELY_CUSTOM.format(what="object", suffix="c", after="entity")
            message = f"sObject type '{query.object}' is not supported. {hint}"
            raise query_error(query.text, query.object_position, message, "INVALID_TYPE")
        self._object_type = found
        self._table = store.tables[found.name]

    def result(self, with_deleted: bool) -> QueryResult:
        query = self._query
        if query.offset > _LARGEST_OFFSET:
            message = f"Maximum SOQL offset allowed is {_LARGEST_OFFSET}"
            raise ApiError(400, "NUMBER_OUTSIDE_VALID_RANGE", message)
        columns = [self._column(path) for path in query.fields]
        sorters = [(self._sort_column(order.path), order) for order in query.orders]
        rows = self._matching(with_deleted)
        for column, order in reversed(sorters):
            rows = _sorted(rows, column, is_descending=order.is_descending, nulls_last=order.nulls_last)
        end = None if query.limit is None else query.offset + query.limit
        rows = rows[query.offset : end]
        return QueryResult(len(rows), [self._record(row, columns) for row in rows] if columns else [])

    def _matching(self, with_deleted: bool) -> list[Row]:
        where = self._query.where
        accepts = (lambda _row: True) if where is None else self._predicate(where)
        ids = None if where is None or with_deleted else self._candidates(where)
        if ids is not None:
            rows = [self._table.rows[row_id] for row_id in sorted(ids)]
        else:
            rows = list(self._table.rows.values())
        return [row for row in rows if (with_deleted or not row["IsDeleted"]) and accepts(row)]

    def _candidates(self, condition: Condition) -> set[str] | None:
        """Ids of at least all matching rows by way of an index, or None when only a full read can tell."""
        match condition:
            case Comparison(FieldPath((name,)), "=", literal) if literal.value not in _EMPTY:
                return self._indexed(name, [literal])
            case Membership(FieldPath((name,)), literals, False) if not any(each.value in _EMPTY for each in literals):
                return self._indexed(name, literals)
            case And(conditions):
                known = [ids for ids in map(self._candidates, conditions) if ids is not None]
                return set.intersection(*known) if known else None
        return None

    def _indexed(self, name: str, literals: "list[Literal] | tuple[Literal, ...]") -> set[str] | None:
        field = self._object_type.by_lower_name[name.lower()]
        if not self._table.is_indexed(field.name):
            return None
        values = [to_id18(str(each.value)) if field.type in _IDS else each.value for each in literals]
        return {row_id for value in values for row_id in self._table.find(field.name, value)}

    def _column(self, path: FieldPath) -> _Column:
        object_type, parent = self._object_type, None
        for part in path.parts[:-1]:
            if parent is not None:
                message = "Only one level of parent relationships is supported by this org"
                raise query_error(self._query.text, path.position, message)
            if part.lower() == object_type.name.lower() and len(path.parts) == 2:
                continue
            parent = object_type.by_relationship.get(part.lower())
            target = next((name for name in parent.references if name in self._store.objects), None) if parent else None
            if target is None:
                hint = _LIKELY_CUSTOM.format(what="relationship", suffix="r", after="custom relationship")
                message = f"Didn't understand relationship '{part}' in field path. {hint}"
                raise query_error(self._query.text, path.position, message, "INVALID_FIELD")
            object_type = self._store.objects[target]
        field = object_type.by_lower_name.get(path.parts[-1].lower())
        if field is None:
            hint = _LIKELY_CUSTOM.format(what="field", suffix="c", after="custom field")
            message = f"No such column '{path.parts[-1]}' on entity '{object_type.name}'. {hint}"
            raise query_error(self._query.text, path.position, message, "INVALID_FIELD")
        return _Column(parent, field, object_type, self._getter(parent, field, object_type))

    def _getter(self, parent: Field | None, field: Field, object_type: ObjectType) -> Getter:
        name, store = field.name, self._store
        if field.type == "address":
            return lambda row: store.field_value(row, field)
        if parent is None:
            return lambda row: row.get(name)
        key, parents = parent.name, store.tables[object_type.name].rows
        return lambda row: parents.get(row.get(key) or "", {}).get(name)

    def _filter_column(self, path: FieldPath) -> _Column:
        column = self._column(path)
        if not column.field.filterable or column.field.type == "address":
            message = f"field '{column.field.name}' can not be filtered in a query call"
            raise query_error(self._query.text, path.position, message, "INVALID_FIELD")
        return column

    def _sort_column(self, path: FieldPath) -> _Column:
        column = self._column(path)
        if not column.field.sortable:
            message = f"field '{column.field.name}' can not be sorted in a query call"
            raise query_error(self._query.text, path.position, message, "INVALID_FIELD")
        return column

    def _predicate(self, condition: Condition) -> Predicate:
        match condition:
            case And(conditions):
                parts = [self._predicate(each) for each in conditions]
                return lambda row: all(part(row) for part in parts)
            case Not(inner):
                accepts = self._predicate(inner)
                return lambda row: not accepts(row)
            case Comparison(path, operator, literal):
                return self._comparison(path, operator, literal)
            case Membership(path, literals, is_negated):
                column = self._filter_column(path)
                values = {self._operand(column.field, literal, path) for literal in literals}
                get = _comparable(column)
                return lambda row: (get(row) in values) is not is_negated
            case _:
                parts = [self._predicate(each) for each in condition.conditions]
                return lambda row: any(part(row) for part in parts)

    def _comparison(self, path: FieldPath, operator: str, literal: Literal) -> Predicate:
        column = self._filter_column(path)
        get = _comparable(column)
        if operator == "LIKE":
            return self._like(column, literal, path)
        value = self._operand(column.field, literal, path)
        if operator == "=":
            return lambda row: bool(get(row) == value)
        if operator == "!=":
            return lambda row: bool(get(row) != value)
        if value is None or column.field.type in _IDS | {"boolean"}:
            message = f"invalid operator on {column.field.type} field"
            raise query_error(self._query.text, path.position, message, "INVALID_QUERY_FILTER_OPERATOR")
        compare = _ORDERINGS[operator]
        return lambda row: (found := get(row)) is not None and compare(found, value)

    def _like(self, column: _Column, literal: Literal, path: FieldPath) -> Predicate:
        if column.field.type in _IDS | _NUMBERS | {"boolean", "date", "datetime"} or literal.kind != "string":
            message = f"invalid operator on {column.field.type} field"
            raise query_error(self._query.text, path.position, message, "INVALID_QUERY_FILTER_OPERATOR")
        flags = re.DOTALL if column.field.case_sensitive else re.DOTALL | re.IGNORECASE
        matches = re.compile(literal.pattern, flags).fullmatch
        return lambda row: (found := column.get(row)) is not None and matches(found) is not None

    def _operand(self, field: Field, literal: Literal, path: FieldPath) -> Any:
        """The literal's value in the form that `_comparable` gives to the field's."""
        if literal.kind == "null":
            return None
        expected = _literal_kind(field)
        if literal.kind != expected:
            message = f"value of filter criterion for field '{field.name}' must be of type {expected} "
            message += f"and should {'' if expected == 'string' else 'not '}be enclosed in quotes"
            raise query_error(self._query.text, path.position, message, "INVALID_FIELD")
        if field.type in _IDS:
            found = to_id18(str(literal.value))
            if found is None:
                message = f"invalid ID field: {literal.value}"
                raise query_error(self._query.text, path.position, message, "INVALID_QUERY_FILTER_OPERATOR")
            return found
        if literal.kind == "string":
            text = str(literal.value)
            return (text if field.case_sensitive else text.lower()) or None
        return literal.value

    def _record(self, row: Row, columns: list[_Column]) -> Row:
        record: Row = {"attributes": self._attributes(self._object_type.name, row["Id"])}
        for column in columns:
            if column.parent is None:
                record[column.field.name] = column.get(row)
                continue
            relationship = str(column.parent.relationship)
            parent_id = row.get(column.parent.name)
            if parent_id is None:
                record[relationship] = None
                continue
            attributes = self._attributes(column.object_type.name, parent_id)
            record.setdefault(relationship, {"attributes": attributes})[column.field.name] = column.get(row)
        return record

    def _attributes(self, object_name: str, row_id: str) -> Row:
        return {"type": object_name, "url": f"/services/data/{self._version}/sobjects/{object_name}/{row_id}"}


_ORDERINGS: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def _literal_kind(field: Field) -> str:
    if field.type in _NUMBERS:
        return "number"
    return field.type if field.type in ("boolean", "date", "datetime") else "string"


def _comparable(column: _Column) -> Getter:
    get = column.get
    if _literal_kind(column.field) != "string" or column.field.type in _IDS or column.field.case_sensitive:
        return get

    def folded(row: Row) -> Any:
        value = get(row)
        return value if value is None else value.lower()

    return folded


def _sorted(rows: list[Row], column: _Column, *, is_descending: bool, nulls_last: bool) -> list[Row]:
    get = _comparable(column)
    empty = [row for row in rows if get(row) is None]
    filled = sorted((row for row in rows if get(row) is not None), key=get, reverse=is_descending)
    return filled + empty if nulls_last else empty + filled
