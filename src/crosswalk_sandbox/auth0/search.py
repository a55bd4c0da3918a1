"""The subset of Lucene query syntax that user search v3 and log search understand.

``field:value``, ``field:"value"``, wildcards, ``_exists_:field``, ranges ``[a TO b]`` and ``{a TO b}`` with ``*`` as an
open end, ``AND`` ``OR`` ``NOT`` (also ``-``), parentheses, and paths like ``app_metadata.plan`` or
``identities.connection``. Two terms beside each other are joined by OR, as in Lucene. Text compares without case.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime, time
from typing import Any

from crosswalk_sandbox.auth0.clock import parse_iso
from crosswalk_sandbox.auth0.problems import Problem

Predicate = Callable[[dict[str, Any]], bool]

# Fields that a bare word is looked for in.
USER_TEXT_FIELDS = ("email", "name", "given_name", "family_name", "nickname", "username", "phone_number")
LOG_TEXT_FIELDS = ("client_name", "connection", "user_name")

TOKEN = re.compile(
    r"""\s*(?:
        (?P<open>\() | (?P<close>\))
      | (?P<range>[\[{]\s*(?P<low>"[^"]*"|[^\s\]}]+)\s+TO\s+(?P<high>"[^"]*"|[^\s\]}]+)\s*[\]}])
      | (?P<field>-?!?(?:\\.|[\w.@\-])+):
      | (?P<quoted>-?"(?:\\.|[^"\\])*")
      | (?P<word>(?:\\.|[^\s()":\[\]{}])+ (?: :(?:\\.|[^\s()"\[\]{}])+ )*)
    )""",
    re.VERBOSE,
)


def parse_query(text: str, text_fields: tuple[str, ...]) -> Predicate:
    """Return the test that `text` describes; an empty text lets everything through.

    Raises
    ------
    Problem
        400 ``invalid_query_string`` for a query that cannot be read.
    """
    if not text.strip():
        return lambda document: True
    return Parser(text, text_fields).parse()


def values_at(document: Any, path: str) -> list[Any]:
    """Return the values at a dotted path, looking into every element of lists."""
    current = [document]
    for part in path.split("."):
        current = [one[part] for one in flattened(current) if isinstance(one, dict) and part in one]
    return [value for value in flattened(current) if value is not None]


def flattened(values: Iterable[Any]) -> Iterable[Any]:
    """Yield values, and the elements of those that are lists."""
    for value in values:
        if isinstance(value, list):
            yield from flattened(value)
        else:
            yield value


class Parser:
    """Reads one query by recursive descent: OR of ANDs of negatable terms."""

    def __init__(self, text: str, text_fields: tuple[str, ...]) -> None:
        self._text_fields = text_fields
        self._tokens: list[re.Match[str]] = []
        position = 0
        stripped = text.strip()
        while position < len(stripped):
            match = TOKEN.match(stripped, position)
            if match is None:
                raise self._unreadable(stripped[position:])
            self._tokens.append(match)
            position = match.end()
        self._next = 0

    def parse(self) -> Predicate:
        """Return the test that the whole query describes."""
        predicate = self._disjunction(None)
        if self._next < len(self._tokens):
            raise self._unreadable(self._tokens[self._next].group())
        return predicate

    def _disjunction(self, field: str | None) -> Predicate:
        options = [self._conjunction(field)]
        while (token := self._peek()) is not None and not token["close"]:
            if token["word"] == "OR":
                self._next += 1
            options.append(self._conjunction(field))
        return options[0] if len(options) == 1 else lambda document: any(option(document) for option in options)

    def _conjunction(self, field: str | None) -> Predicate:
        conditions = [self._negatable(field)]
        while (token := self._peek()) is not None and token["word"] == "AND":
            self._next += 1
            conditions.append(self._negatable(field))
        if len(conditions) == 1:
            return conditions[0]
        return lambda document: all(condition(document) for condition in conditions)

    def _negatable(self, field: str | None) -> Predicate:
        token = self._peek()
        if token is not None and token["word"] == "NOT":
            self._next += 1
            inner = self._negatable(field)
            return lambda document: not inner(document)
        return self._term(field)

    def _term(self, field: str | None) -> Predicate:
        token = self._take()
        if token["open"]:
            predicate = self._disjunction(field)
            if not self._take()["close"]:
                raise self._unreadable(token.group())
            return predicate
        if token["field"]:
            name = token["field"]
            negated = name[0] in "-!"
            predicate = self._field_value(unescaped(name.lstrip("-!")))
            return (lambda document: not predicate(document)) if negated else predicate
        if field is not None:
            return condition_on(field, token)
        if token["word"] and token["word"] not in {"AND", "OR"}:
            return self._anywhere(token["word"])
        if token["quoted"]:
            return self._anywhere(token["quoted"].strip('"'))
        raise self._unreadable(token.group())

    def _field_value(self, name: str) -> Predicate:
        token = self._peek()
        if token is not None and token["open"]:
            return self._term(name)
        token = self._take()
        if token["field"] or token["close"]:
            raise self._unreadable(token.group())
        if name == "_exists_":
            path = unescaped(token["word"] or token["quoted"].strip('"'))
            return lambda document: bool(values_at(document, path))
        return condition_on(name, token)

    def _anywhere(self, text: str) -> Predicate:
        test = text_test(text)
        fields = self._text_fields
        return lambda document: any(test(value) for field in fields for value in values_at(document, field))

    def _peek(self) -> re.Match[str] | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _take(self) -> re.Match[str]:
        token = self._peek()
        if token is None:
            raise self._unreadable("end of query")
        self._next += 1
        return token

    @staticmethod
    def _unreadable(where: str) -> Problem:
        return Problem(400, f"Failed to parse query at: {where.strip()}", "invalid_query_string")


def condition_on(field: str, token: re.Match[str]) -> Predicate:
    """Return the test of one field against the value in `token`."""
    if token["range"]:
        test = range_test(token["range"], token["low"].strip('"'), token["high"].strip('"'))
    elif token["quoted"]:
        test = exact_test(unescaped(token["quoted"][1:-1]))
    else:
        test = text_test(token["word"])
    return lambda document: any(test(value) for value in values_at(document, field))


def text_test(text: str) -> Callable[[Any], bool]:
    """Return the test of an unquoted value, in which ``*`` stands for any text."""
    if text == "*":
        return lambda value: True
    if "*" not in text:
        return exact_test(unescaped(text))
    pattern = re.compile(".*".join(re.escape(unescaped(part)) for part in text.split("*")), re.IGNORECASE | re.DOTALL)
    return lambda value: pattern.fullmatch(as_text(value)) is not None


def exact_test(text: str) -> Callable[[Any], bool]:
    """Return the test of equality without regard to case."""
    wanted = text.casefold()
    return lambda value: as_text(value).casefold() == wanted


def range_test(brackets: str, low: str, high: str) -> Callable[[Any], bool]:
    """Return the test of a range; square brackets include the bound, curly ones do not."""
    with_low, with_high = brackets[0] == "[", brackets[-1] == "]"

    def within(value: Any) -> bool:
        above = low == "*" or compare(value, low, end=not with_low) > (0 if not with_low else -1)
        below = high == "*" or compare(value, high, end=with_high) < (0 if not with_high else 1)
        return above and below

    return within


def compare(value: Any, bound: str, *, end: bool) -> int:
    """Return -1, 0 or 1 as `value` is below, at or above `bound`, as numbers, dates or text.

    A bound that is a date without a time stands for the day's end when `end`, else for its beginning.
    """
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            number = float(bound)
            return (value > number) - (value < number)
        moment, limit = parse_iso(str(value)), parse_iso(bound)
    except ValueError:
        text = as_text(value).casefold()
        return (text > bound.casefold()) - (text < bound.casefold())
    if len(bound) == len("2026-01-31") and end:
        limit = datetime.combine(limit.date(), time.max, limit.tzinfo)
    return (moment > limit) - (moment < limit)


def as_text(value: Any) -> str:
    """Return a JSON value as a query writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def unescaped(text: str) -> str:
    """Return `text` without the backslashes that protect special characters."""
    return re.sub(r"\\(.)", r"\1", text)
