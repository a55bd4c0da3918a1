"""From a condition's tree to a function that says whether a row meets it.

Truth has two values, as with the vendor: a comparison with a null field is false, except `= null` and `!=`, and NOT
turns it round. Text compares without regard to case unless the field is case-sensitive.
"""

import re
from collections.abc import Callable, Collection
from datetime import UTC, date
from typing import Any

from crosswalk_sandbox.salesforce.ids import to_id18
from crosswalk_sandbox.salesforce.schema import Field, ObjectType
from crosswalk_sandbox.salesforce.soql.columns import Column, Getter, Resolver, Store
from crosswalk_sandbox.salesforce.soql.days import days_of
from crosswalk_sandbox.salesforce.soql.parser import parse_condition
from crosswalk_sandbox.salesforce.soql.syntax import (
    Aggregate,
    And,
    Choice,
    Comparison,
    Condition,
    Literal,
    Membership,
    Not,
    Operand,
    Query,
)
from crosswalk_sandbox.salesforce.soql.tokens import query_error
from crosswalk_sandbox.salesforce.table import Row
from crosswalk_sandbox.salesforce.values import in_order

NUMBERS = {"int", "double", "currency", "percent"}
IDS = {"id", "reference"}
CHOICES = "multipicklist"
Predicate = Callable[[Any], bool]


class Conditions:
    """Builds predicates for one query.

    Parameters
    ----------
    resolver
        Of the query.
    column_of
        The column of an operand; raises where it cannot stand in this place.
    select
        Runs a query inside `IN (…)` and gives its values.
    """

    def __init__(
        self,
        resolver: Resolver,
        column_of: Callable[[Operand], Column],
        select: Callable[[Query], Collection[Any]],
    ) -> None:
        self._resolver = resolver
        self._column_of = column_of
        self._select = select

    def predicate(self, condition: Condition) -> Predicate:
        match condition:
            case And(conditions):
                parts = [self.predicate(each) for each in conditions]
                return lambda row: all(part(row) for part in parts)
            case Not(inner):
                accepts = self.predicate(inner)
                return lambda row: not accepts(row)
            case Comparison(path, operator, literal):
                return self._comparison(path, operator, literal)
            case Membership():
                return self._membership(condition)
            case Choice():
                return self._choice(condition)
            case _:
                parts = [self.predicate(each) for each in condition.conditions]
                return lambda row: any(part(row) for part in parts)

    def _membership(self, condition: Membership) -> Predicate:
        column = self._filter_column(condition.path)
        get, is_negated = comparable(column), condition.is_negated
        if any(literal.kind == "days" for literal in condition.literals):
            parts = [self._comparison(condition.path, "=", literal) for literal in condition.literals]
            return lambda row: any(part(row) for part in parts) is not is_negated
        if condition.query is not None:
            values = set(self._select(condition.query))
        else:
            values = {self._operand(column.field, literal, condition.path) for literal in condition.literals}
        return lambda row: (get(row) in values) is not is_negated

    def _choice(self, condition: Choice) -> Predicate:
        """Whether a field of several choices has all of one literal's; no choice at all is excluded from every one."""
        column = self._filter_column(condition.path)
        if column.field.type != CHOICES:
            raise self._wrong_operator(column.field, condition.path)
        get, is_negated = comparable(column), condition.is_negated
        wanted = [self._operand(column.field, literal, condition.path) for literal in condition.literals]
        sets = [frozenset() if text is None else frozenset(text.split(";")) for text in wanted]

        def is_met(row: Any) -> bool:
            chosen = frozenset((get(row) or "").split(";")) - {""}
            return any(each <= chosen if each else not chosen for each in sets)

        return lambda row: is_met(row) is not is_negated

    def _comparison(self, path: Operand, operator: str, literal: Literal) -> Predicate:
        column = self._filter_column(path)
        get = comparable(column)
        if operator == "LIKE":
            return self._like(column, literal, path)
        if literal.kind == "days":
            return self._among_days(column, operator, literal, path)
        value = self._operand(column.field, literal, path)
        if operator == "=":
            return lambda row: bool(get(row) == value)
        if operator == "!=":
            return lambda row: bool(get(row) != value)
        if value is None or column.field.type in IDS | {"boolean", CHOICES}:
            raise self._wrong_operator(column.field, path)
        compare = _ORDERINGS[operator]
        return lambda row: (found := get(row)) is not None and compare(found, value)

    def _among_days(self, column: Column, operator: str, literal: Literal, path: Operand) -> Predicate:
        if column.field.type not in ("date", "datetime"):
            raise self._wrong_type(column.field, path)
        today = self._resolver.store.clock().astimezone(UTC).date()
        start, end = (_first_moment(column.field, day) for day in days_of(str(literal.value), today))
        get = column.get
        accepts = _DAY_ORDERINGS[operator]
        if operator == "!=":
            return lambda row: (found := get(row)) is None or accepts(found, start, end)
        return lambda row: (found := get(row)) is not None and accepts(found, start, end)

    def _like(self, column: Column, literal: Literal, path: Operand) -> Predicate:
        if column.field.type in IDS | NUMBERS | {"boolean", "date", "datetime", CHOICES} or literal.kind != "string":
            raise self._wrong_operator(column.field, path)
        flags = re.DOTALL if column.field.case_sensitive else re.DOTALL | re.IGNORECASE
        matches = re.compile(literal.pattern, flags).fullmatch
        return lambda row: (found := column.get(row)) is not None and matches(found) is not None

    def _filter_column(self, path: Operand) -> Column:
        column = self._column_of(path)
        if isinstance(path, Aggregate):
            return column
        if not column.field.filterable or column.field.type == "address":
            message = f"field '{column.field.name}' can not be filtered in a query call"
            raise query_error(self._resolver.text, path.position, message, "INVALID_FIELD")
        return column

    def _operand(self, field: Field, literal: Literal, path: Operand) -> Any:
        """The literal's value in the form that `comparable` gives to the field's."""
        if literal.kind == "null":
            return None
        expected = literal_kind(field)
        if literal.kind != expected:
            raise self._wrong_type(field, path)
        if field.type in IDS:
            found = to_id18(str(literal.value))
            if found is None:
                message = f"invalid ID field: {literal.value}"
                raise query_error(self._resolver.text, path.position, message, "INVALID_QUERY_FILTER_OPERATOR")
            return found
        if literal.kind == "string":
            text = str(literal.value)
            if field.type == CHOICES:
                text = in_order(field, text)
            return (text if field.case_sensitive else text.lower()) or None
        return literal.value

    def _wrong_operator(self, field: Field, path: Operand) -> Exception:
        message = f"invalid operator on {field.type} field"
        return query_error(self._resolver.text, path.position, message, "INVALID_QUERY_FILTER_OPERATOR")

    def _wrong_type(self, field: Field, path: Operand) -> Exception:
        expected = literal_kind(field)
        message = f"value of filter criterion for field '{field.name}' must be of type {expected} "
        message += f"and should {'' if expected == 'string' else 'not '}be enclosed in quotes"
        return query_error(self._resolver.text, path.position, message, "INVALID_FIELD")


def compile_condition(text: str, object_type: ObjectType, store: Store) -> Callable[[Row], bool]:
    """A function that says whether a row meets a condition written as after WHERE.

    Raises
    ------
    ApiError
        400 MALFORMED_QUERY or INVALID_FIELD.
    """
    resolver = Resolver(object_type, store, text)

    def column_of(operand: Operand) -> Column:
        if isinstance(operand, Aggregate):
            raise query_error(text, operand.position, "aggregates are only allowed in HAVING")
        return resolver.column(operand)

    def select(query: Query) -> Collection[Any]:
        raise query_error(text, query.object_position, "a rule cannot select other records")

    return Conditions(resolver, column_of, select).predicate(parse_condition(text))


def literal_kind(field: Field) -> str:
    """Which kind of literal a field compares with."""
    if field.type in NUMBERS:
        return "number"
    return field.type if field.type in ("boolean", "date", "datetime") else "string"


def comparable(column: Column) -> Getter:
    """A getter of values in the form in which they compare."""
    get = column.get
    if literal_kind(column.field) != "string" or column.field.type in IDS or column.field.case_sensitive:
        return get

    def folded(row: Any) -> Any:
        value = get(row)
        return value if value is None else value.lower()

    return folded


def _first_moment(field: Field, day: date) -> str:
    return day.isoformat() if field.type == "date" else f"{day.isoformat()}T00:00:00.000+0000"


_ORDERINGS: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}
_DAY_ORDERINGS: dict[str, Callable[[str, str, str], bool]] = {
    "=": lambda value, start, end: start <= value < end,
    "!=": lambda value, start, end: not start <= value < end,
    "<": lambda value, start, _end: value < start,
    "<=": lambda value, _start, end: value < end,
    ">": lambda value, _start, end: value >= end,
    ">=": lambda value, start, _end: value >= start,
}
