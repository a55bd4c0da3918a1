"""SOQL texts: literals that cannot break out, and queries that fit into a URL. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote_plus

from crosswalk.domain.look_up import LookUp, SearchedPart

MAX_VALUES = 200
MAX_ENCODED_BYTES = 12_000
"""Salesforce takes request lines of about 16 KB; the rest is room for host, path and headers."""

MAX_CHARACTERS = 90_000
"""Of one query: Salesforce takes 100,000 ("SOQL and SOSL Limits")."""

_UNQUOTED = re.compile(r"[0-9A-Za-z:.+-]+")
"""Numbers, dates and true/false; nothing else may stand in a query without quotation marks."""

_ESCAPES = str.maketrans(
    {
        "\\": "\\\\",
        "'": "\\'",
        '"': '\\"',
        "\n": "\\n",
        "\r": "\\r",
        "\t": "\\t",
        "\b": "\\b",
        "\f": "\\f",
    }
)


def quote(text: str) -> str:
    """Return `text` as a SOQL string literal with its quotation marks."""
    return "'" + text.translate(_ESCAPES) + "'"


def candidates_query(
    object_name: str,
    fields: Sequence[str],
    key_field: str,
    values: Sequence[str],
    extra_where: str | None = None,
) -> str:
    """Return the query for the records of `object_name` whose `key_field` equals one of `values`.

    `Id` and `key_field` are always selected. `extra_where` is a trusted condition, joined with AND.
    """
    seen: dict[str, str] = {}
    for name in ("Id", key_field, *fields):
        seen.setdefault(name.lower(), name)
    literals = ",".join(quote(value) for value in values)
    query = f"SELECT {','.join(seen.values())} FROM {object_name} WHERE {key_field} IN ({literals})"  # noqa: S608
    return f"{query} AND {extra_where}" if extra_where else query


def chunk_values(values: Sequence[str], room: int = MAX_ENCODED_BYTES) -> Iterator[list[str]]:
    """Yield the distinct, non-empty values in chunks of at most 200 and at most `room` URL-encoded bytes."""
    chunk: list[str] = []
    used = 0
    for value in dict.fromkeys(values):
        if not value:
            continue
        size = len(quote_plus(quote(value))) + len("%2C")
        if chunk and (len(chunk) == MAX_VALUES or used + size > room):
            yield chunk
            chunk, used = [], 0
        chunk.append(value)
        used += size
    if chunk:
        yield chunk


def look_up_queries(look_up: LookUp, extra_where: str | None = None) -> Iterator[str]:
    """Yield the queries of a look-up: each for at most 200 keys, and no longer than Salesforce takes.

    A query asks for the records that have, for every part, one of the values of any of its keys in one of its fields.
    Where that makes it too long for a URL, it has to travel in the body of a composite call.
    """
    room = MAX_CHARACTERS - len(_look_up_query(look_up, (), extra_where))
    chunk: list[tuple[tuple[str, ...], ...]] = []
    used = 0
    for key in look_up.keys:
        size = _size(look_up.parts, key)
        if chunk and (len(chunk) == MAX_VALUES or used + size > room):
            yield _look_up_query(look_up, chunk, extra_where)
            chunk, used = [], 0
        chunk.append(key)
        used += size
    if chunk:
        yield _look_up_query(look_up, chunk, extra_where)


def _look_up_query(look_up: LookUp, keys: Sequence[tuple[tuple[str, ...], ...]], extra_where: str | None) -> str:
    seen: dict[str, str] = {}
    for name in ("Id", *look_up.select):
        seen.setdefault(name.lower(), name)
    conditions = [
        _any_of(part, dict.fromkeys(form for key in keys for form in key[position]))
        for position, part in enumerate(look_up.parts)
    ]
    where = " AND ".join(conditions if extra_where is None else [*conditions, extra_where])
    return f"SELECT {','.join(seen.values())} FROM {look_up.object} WHERE {where}"  # noqa: S608


def _any_of(part: SearchedPart, forms: Iterable[str]) -> str:
    literals = ",".join(_literal(form, part) for form in forms)
    conditions = " OR ".join(f"{field} IN ({literals})" for field in part.fields)
    return f"({conditions})" if len(part.fields) > 1 else conditions


def _literal(form: str, part: SearchedPart) -> str:
    if part.quoted:
        return quote(form)
    if not _UNQUOTED.fullmatch(form):
        raise ValueError(f"expected a number, a date, true or false for {part.fields[0]}, found other text")
    return form


def _size(parts: Sequence[SearchedPart], key: tuple[tuple[str, ...], ...]) -> int:
    return sum(
        len(part.fields) * (len(_literal(form, part)) + len(","))
        for part, forms in zip(parts, key, strict=True)
        for form in forms
    )
