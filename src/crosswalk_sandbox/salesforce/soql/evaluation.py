"""Runs a query's tree over the org's tables: which rows, in what order, in what form."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, overload

from crosswalk_sandbox.salesforce.errors import ApiError
from crosswalk_sandbox.salesforce.ids import to_id18
from crosswalk_sandbox.salesforce.schema import ObjectType
from crosswalk_sandbox.salesforce.soql.aggregates import Grouping, check_group_count
from crosswalk_sandbox.salesforce.soql.columns import Column, Resolver, Store, likely_custom
from crosswalk_sandbox.salesforce.soql.conditions import IDS, Conditions, Predicate, comparable
from crosswalk_sandbox.salesforce.soql.syntax import (
    Aggregate,
    And,
    Comparison,
    Condition,
    FieldPath,
    Literal,
    Membership,
    Operand,
    Order,
    Query,
)
from crosswalk_sandbox.salesforce.soql.tokens import query_error
from crosswalk_sandbox.salesforce.table import Row, Table

_LARGEST_OFFSET = 2000
_EMPTY = (None, "")
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class QueryResult:
    """How many rows match, and the rows in the vendor's form (none for COUNT())."""

    total: int
    records: Sequence[Row]


@dataclass(frozen=True, slots=True)
class _Children:
    """A child query that was selected: its relationship's name, the child's field that points here, and its run."""

    name: str
    field: str
    run: "_Run"


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
        400 MALFORMED_QUERY, INVALID_TYPE, INVALID_FIELD, INVALID_QUERY_FILTER_OPERATOR, NUMBER_OUTSIDE_VALID_RANGE or
        EXCEEDED_ID_LIMIT.
    """
    if query.offset > _LARGEST_OFFSET:
        message = f"Maximum SOQL offset allowed is {_LARGEST_OFFSET}"
        raise ApiError(400, "NUMBER_OUTSIDE_VALID_RANGE", message)
    object_type = _queried_object(query, store)
    if query.is_grouped:
        return _run_grouped(query, object_type, store, with_deleted=with_deleted)
    run = _Run(query, object_type, store, version)
    rows = run.arranged(run.matching(with_deleted=with_deleted))
    return QueryResult(len(rows), _Records(rows, run) if query.selection else [])


def select_rows(query: Query, store: Store, *, with_deleted: bool = False) -> list[Row]:
    """The org's own rows that a query without aggregates selects, in its order; parameters are those of `run_query`."""
    run = _Run(query, _queried_object(query, store), store, "")
    return run.arranged(run.matching(with_deleted=with_deleted))


class _Records(Sequence[Row]):
    """Rows in the vendor's form, which each takes on when it is read: most of a large result waits for later pages."""

    def __init__(self, rows: list[Row], run: "_Run") -> None:
        self._rows = rows
        self._run = run

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Row: ...

    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...

    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return [self._run.record(row) for row in self._rows[index]]
        return self._run.record(self._rows[index])


def _queried_object(query: Query, store: Store) -> ObjectType:
    found = next((each for each in store.objects.values() if each.name.lower() == query.object.lower()), None)
    if found is None:
        hint = likely_custom("object", "c", "entity")
        message = f"sObject type '{query.object}' is not supported. {hint}"
        raise query_error(query.text, query.object_position, message, "INVALID_TYPE")
    return found


def _run_grouped(query: Query, object_type: ObjectType, store: Store, *, with_deleted: bool) -> QueryResult:
    filtering = _Filter(query, Resolver(object_type, store, query.text))
    grouping = Grouping(query, filtering.resolver, filtering.select)
    groups = grouping.groups(filtering.matching(with_deleted=with_deleted))
    for column, order in reversed(grouping.sorters):
        groups = _sorted(groups, column, order)
    groups = _cut(groups, query)
    check_group_count(groups)
    return QueryResult(len(groups), [grouping.record(group) for group in groups])


class _Filter:
    """The WHERE of a query."""

    def __init__(self, query: Query, resolver: Resolver) -> None:
        self.resolver = resolver
        self._query = query
        self._object_type = resolver.object_type
        self._table: Table = resolver.store.tables[resolver.object_type.name]
        self.accepts: Predicate | None = None
        if query.where is not None:
            self.accepts = Conditions(resolver, self.column, self.select).predicate(query.where)

    def column(self, operand: Operand) -> Column:
        """The column of a path; aggregates have none outside HAVING and grouped queries."""
        if isinstance(operand, Aggregate):
            message = f"unexpected token: '{operand.function}'"
            raise query_error(self._query.text, operand.position, message)
        return self.resolver.column(operand)

    def select(self, query: Query) -> Collection[Any]:
        """The values of the one field that a query inside `IN (…)` selects."""
        item = query.selection[0].item if len(query.selection) == 1 else None
        if not isinstance(item, FieldPath):
            message = "a query inside IN must select exactly one field"
            raise query_error(query.text, query.object_position, message)
        inner = _Filter(query, Resolver(_queried_object(query, self.resolver.store), self.resolver.store, query.text))
        get = comparable(inner.column(item))
        return {value for row in inner.matching(with_deleted=False) if (value := get(row)) is not None}

    def matching(self, *, with_deleted: bool) -> list[Row]:
        """The rows that meet the condition, by id."""
        where = self._query.where
        accepts = self.accepts or (lambda _row: True)
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
            case Membership(FieldPath((name,)), literals, False, None):
                return None if any(each.value in _EMPTY for each in literals) else self._indexed(name, literals)
            case And(conditions):
                known = [ids for ids in map(self._candidates, conditions) if ids is not None]
                return set.intersection(*known) if known else None
        return None

    def _indexed(self, name: str, literals: "list[Literal] | tuple[Literal, ...]") -> set[str] | None:
        field = self._object_type.by_lower_name[name.lower()]
        if not self._table.is_indexed(field.name):
            return None
        values = [to_id18(str(each.value)) if field.type in IDS else each.value for each in literals]
        return {row_id for value in values for row_id in self._table.find(field.name, value)}


class _Run:
    """A query that yields records, or the same inside another for the children of each record."""

    def __init__(self, query: Query, object_type: ObjectType, store: Store, version: str) -> None:
        self._query = query
        self._version = version
        self._object_type = object_type
        self._resolver = Resolver(object_type, store, query.text)
        self._filter = _Filter(query, self._resolver)
        self._sorters = [(self._sort_column(order.path), order) for order in query.orders]
        self._columns: list[Column | _Children] = []
        for each in query.selection:
            if each.alias is not None:
                position = each.item.object_position if isinstance(each.item, Query) else each.item.position
                raise query_error(query.text, position, "only aggregate expressions use field aliasing")
            is_children = isinstance(each.item, Query)
            self._columns.append(self._children(each.item) if is_children else self._filter.column(each.item))  # type: ignore[arg-type]  # told apart above

    def matching(self, *, with_deleted: bool) -> list[Row]:
        return self._filter.matching(with_deleted=with_deleted)

    def arranged(self, rows: list[Row]) -> list[Row]:
        """The rows in the query's order, within its limits."""
        for column, order in reversed(self._sorters):
            rows = _sorted(rows, column, order)
        return _cut(rows, self._query)

    def record(self, row: Row) -> Row:
        """The vendor's form of one row."""
        record: Row = {"attributes": self._attributes(self._object_type.name, row["Id"])}
        for column in self._columns:
            if isinstance(column, _Children):
                record[column.name] = column.run.result_of(column.field, row["Id"])
            elif not column.parents:
                record[column.field.name] = column.get(row)
            else:
                self._add_parent_value(record, row, column)
        return record

    def result_of(self, field: str, parent_id: str) -> Row | None:
        """The children of one record, as a query's result of their own; None when there are none."""
        table = self._resolver.store.tables[self._object_type.name]
        accepts = self._filter.accepts or (lambda _row: True)
        rows = [row for row_id in sorted(table.find(field, parent_id)) if accepts(row := table.rows[row_id])]
        records = [self.record(row) for row in self.arranged(rows)]
        return {"totalSize": len(records), "done": True, "records": records} if records else None

    def _children(self, query: Query) -> _Children:
        store, wanted = self._resolver.store, query.object.lower()
        known = (each for each in self._object_type.child_relationships if each.object in store.objects)
        found = next((each for each in known if each.name is not None and each.name.lower() == wanted), None)
        if found is None or found.name is None:
            hint = likely_custom("relationship", "r", "custom relationship")
            message = f"Didn't understand relationship '{query.object}' in FROM part of query call. {hint}"
            raise query_error(query.text, query.object_position, message, "INVALID_TYPE")
        run = _Run(query, store.objects[found.object], store, self._version)
        return _Children(found.name, found.field, run)

    def _sort_column(self, path: Operand) -> Column:
        column = self._filter.column(path)
        if not column.field.sortable:
            message = f"field '{column.field.name}' can not be sorted in a query call"
            raise query_error(self._query.text, path.position, message, "INVALID_FIELD")
        return column

    def _add_parent_value(self, record: Row, row: Row, column: Column) -> None:
        """Put a parent's value into its place, with null for the first parent that is missing."""
        holder = record
        object_name = ""
        for reference in column.parents:
            relationship = str(reference.relationship)
            found = self._resolver.parent_row(row, reference)
            if found is None:
                holder[relationship] = None
                return
            object_name, row = found
            holder = holder.setdefault(relationship, {"attributes": self._attributes(object_name, row["Id"])})
        is_type = len(column.parents[-1].references) > 1 and column.field.name == "Type"
        holder[column.field.name] = object_name if is_type else self._resolver.store.field_value(row, column.field)

    def _attributes(self, object_name: str, row_id: str) -> Row:
        return {"type": object_name, "url": f"/services/data/{self._version}/sobjects/{object_name}/{row_id}"}


def _cut(rows: list[Item], query: Query) -> list[Item]:
    return rows[query.offset : None if query.limit is None else query.offset + query.limit]


def _sorted(rows: list[Item], column: Column, order: Order) -> list[Item]:
    get = comparable(column)
    empty = [row for row in rows if get(row) is None]
    filled = sorted((row for row in rows if get(row) is not None), key=get, reverse=order.is_descending)
    return filled + empty if order.nulls_last else empty + filled
