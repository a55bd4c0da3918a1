"""GROUP BY, HAVING and the aggregate functions."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

from crosswalk_sandbox.salesforce.errors import ApiError
from crosswalk_sandbox.salesforce.schema import Field
from crosswalk_sandbox.salesforce.soql.columns import Column, Resolver
from crosswalk_sandbox.salesforce.soql.conditions import NUMBERS, Conditions, comparable
from crosswalk_sandbox.salesforce.soql.syntax import Aggregate, FieldPath, Operand, Query
from crosswalk_sandbox.salesforce.soql.tokens import query_error
from crosswalk_sandbox.salesforce.table import Row

_MOST_GROUPS = 2000


@dataclass(frozen=True, slots=True)
class _Group:
    """Rows that agree in the grouped fields, and the values of these in the first of them, by lower-case path."""

    values: dict[tuple[str, ...], Any]
    rows: list[Row]


class Grouping:
    """Turns the rows that a query's WHERE lets through into its aggregate results.

    Parameters
    ----------
    query
        A grouped query.
    resolver
        Of its paths.
    select
        Runs a query inside `IN (…)`.
    """

    def __init__(self, query: Query, resolver: Resolver, select: Callable[[Query], Collection[Any]]) -> None:
        self._query = query
        self._resolver = resolver
        self._keys = {_key(path): self._group_column(path) for path in query.groups}
        self._selected = self._named_columns()
        self._accepts: Callable[[_Group], bool] | None = None
        if query.having is not None:
            self._accepts = Conditions(resolver, self.column, select).predicate(query.having)
        self.sorters = [(self.column(order.path), order) for order in query.orders]

    def groups(self, rows: list[Row]) -> list[_Group]:
        """The groups that HAVING lets through, in the order in which their first rows came."""
        getters = [comparable(column) for column in self._keys.values()]
        members: dict[tuple[Any, ...], list[Row]] = {} if self._keys else {(): []}
        for row in rows:
            members.setdefault(tuple(get(row) for get in getters), []).append(row)
        groups = [
            _Group({key: column.get(each[0]) for key, column in self._keys.items()}, each) for each in members.values()
        ]
        return groups if self._accepts is None else [group for group in groups if self._accepts(group)]

    def record(self, group: _Group) -> Row:
        """The vendor's form of one group."""
        values = {name: column.get(group) for name, column in self._selected}
        return {"attributes": {"type": "AggregateResult"}, **values}

    def column(self, operand: Operand) -> Column:
        """Where an operand's value for a group comes from; it must be grouped or aggregated."""
        if isinstance(operand, Aggregate):
            return self._aggregate_column(operand)
        key = _key(operand)
        grouped = self._keys.get(key)
        if grouped is None:
            name = ".".join(operand.parts)
            raise query_error(self._resolver.text, operand.position, f"Field must be grouped or aggregated: {name}")
        return Column((), grouped.field, lambda group: group.values[key])

    def _named_columns(self) -> list[tuple[str, Column]]:
        named: list[tuple[str, Column]] = []
        unnamed = 0
        for each in self._query.selection:
            if isinstance(each.item, Query):
                message = "A child query cannot be selected together with aggregates"
                raise query_error(self._resolver.text, each.item.object_position, message)
            name = each.alias
            if name is None and isinstance(each.item, FieldPath):
                name = self.column(each.item).field.name
            elif name is None:
                name, unnamed = f"expr{unnamed}", unnamed + 1
            if any(name.lower() == known.lower() for known, _ in named):
                raise query_error(self._resolver.text, each.item.position, f"duplicate alias: {name}")
            named.append((name, self.column(each.item)))
        return named

    def _group_column(self, path: FieldPath) -> Column:
        column = self._resolver.column(path)
        if not column.field.groupable:
            message = f"field '{column.field.name}' can not be grouped in a query call"
            raise query_error(self._resolver.text, path.position, message)
        return column

    def _aggregate_column(self, aggregate: Aggregate) -> Column:
        column = self._resolver.column(aggregate.path)
        function, field = aggregate.function, column.field
        if not _takes(function, field):
            message = f"field {field.name} does not support aggregate operator {function}"
            raise query_error(self._resolver.text, aggregate.position, message)
        get, compared = column.get, comparable(column)

        def values(group: _Group) -> list[Any]:
            return [value for row in group.rows if (value := get(row)) is not None]

        match function:
            case "COUNT":
                return Column((), replace(field, type="int"), lambda group: len(values(group)))
            case "COUNT_DISTINCT":
                field = replace(field, type="int")
                return Column((), field, lambda group: len({compared(row) for row in group.rows} - {None}))
            case "SUM":
                return Column((), field, lambda group: sum(found) if (found := values(group)) else None)
            case "AVG":
                number = replace(field, type="double")
                return Column((), number, lambda group: sum(found) / len(found) if (found := values(group)) else None)
        pick = min if function == "MIN" else max
        return Column((), field, lambda group: pick(values(group), key=_fold, default=None))


def check_group_count(groups: list[_Group]) -> None:
    """Refuse more groups than fit one page, since aggregate results have no further pages."""
    if len(groups) > _MOST_GROUPS:
        message = "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch"
        raise ApiError(400, "EXCEEDED_ID_LIMIT", message)


def _takes(function: str, field: Field) -> bool:
    if function in ("SUM", "AVG"):
        return field.type in NUMBERS
    if field.type == "address" or not field.aggregatable:
        return False
    return function in ("COUNT", "COUNT_DISTINCT") or field.type != "boolean"


def _key(path: FieldPath) -> tuple[str, ...]:
    return tuple(part.lower() for part in path.parts)


def _fold(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value
