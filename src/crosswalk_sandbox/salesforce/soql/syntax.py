"""The tree of a query. Positions are offsets into the query's text, for error messages."""

from dataclasses import dataclass
from typing import Literal as OneOf

LiteralKind = OneOf["string", "number", "boolean", "null", "date", "datetime"]


@dataclass(frozen=True, slots=True)
class FieldPath:
    """A field, or a parent's field: `("Account", "Name")`."""

    parts: tuple[str, ...]
    position: int


@dataclass(frozen=True, slots=True)
class Literal:
    """A value in the query. Strings are unescaped; `pattern` keeps the wildcards of the written form for LIKE."""

    kind: LiteralKind
    value: str | float | bool | None
    position: int
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """`path operator literal`, the operator being one of `= != < <= > >= LIKE`."""

    path: FieldPath
    operator: str
    literal: Literal


@dataclass(frozen=True, slots=True)
class Membership:
    """`path [NOT] IN (literals)`."""

    path: FieldPath
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


Condition = Comparison | Membership | Not | And | Or


@dataclass(frozen=True, slots=True)
class Order:
    """One key of ORDER BY."""

    path: FieldPath
    is_descending: bool
    nulls_last: bool


@dataclass(frozen=True, slots=True)
class Query:
    """A whole query; `fields` is empty for `SELECT COUNT()`."""

    text: str
    fields: tuple[FieldPath, ...]
    object: str
    object_position: int
    where: Condition | None
    orders: tuple[Order, ...]
    limit: int | None
    offset: int
