"""The tree of a query. Positions are offsets into the query's text, for error messages."""

from dataclasses import dataclass
from typing import Literal as OneOf

LiteralKind = OneOf["string", "number", "boolean", "null", "date", "datetime", "days"]


@dataclass(frozen=True, slots=True)
class FieldPath:
    """A field, or a parent's field: `("Account", "Name")`."""

    parts: tuple[str, ...]
    position: int


@dataclass(frozen=True, slots=True)
class Aggregate:
    """`FUNCTION(path)`; the function is in upper case."""

    function: str
    path: FieldPath
    position: int


Operand = FieldPath | Aggregate


@dataclass(frozen=True, slots=True)
class Literal:
    """A value in the query.

    Strings are unescaped; `pattern` keeps the wildcards of the written form for LIKE. Of the kind `days` are date
    literals such as `TODAY` and `LAST_N_DAYS:7`, in upper case.
    """

    kind: LiteralKind
    value: str | float | bool | None
    position: int
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """`operand operator literal`, the operator being one of `= != < <= > >= LIKE`."""

    path: Operand
    operator: str
    literal: Literal


@dataclass(frozen=True, slots=True)
class Membership:
    """`operand [NOT] IN (literals)`, or `IN (SELECT …)`, where `query` selects one field."""

    path: Operand
    literals: tuple[Literal, ...]
    is_negated: bool
    query: "Query | None" = None


@dataclass(frozen=True, slots=True)
class Choice:
    """`operand INCLUDES (literals)`, or EXCLUDES; a semicolon in a literal means that all its parts are chosen."""

    path: Operand
    literals: tuple[Literal, ...]
    is_negated: bool


@dataclass(frozen=True, slots=True)
class Not:
    condition: "Condition"


@dataclass(frozen=True, slots=True)
class And:
    conditions: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Or:
    conditions: "tuple[Condition, ...]"


Condition = Comparison | Membership | Choice | Not | And | Or


@dataclass(frozen=True, slots=True)
class Order:
    """One key of ORDER BY."""

    path: Operand
    is_descending: bool
    nulls_last: bool


@dataclass(frozen=True, slots=True)
class Selected:
    """One entry of the selection: a field, an aggregate, or a query over a child relationship."""

    item: "FieldPath | Aggregate | Query"
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """A whole query; `selection` is empty for `SELECT COUNT()`, `object` is the relationship in a child's query."""

    text: str
    selection: tuple[Selected, ...]
    object: str
    object_position: int
    where: Condition | None = None
    groups: tuple[FieldPath, ...] = ()
    having: Condition | None = None
    orders: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0

    @property
    def fields(self) -> "tuple[FieldPath | Aggregate | Query, ...]":
        """What is selected, without aliases."""
        return tuple(each.item for each in self.selection)

    @property
    def is_grouped(self) -> bool:
        """Whether it yields aggregates."""
        return bool(self.groups) or any(isinstance(each.item, Aggregate) for each in self.selection)
