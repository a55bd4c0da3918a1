"""SOQL texts: literals that cannot break out, and queries that fit into a URL. Pure."""

from collections.abc import Iterator, Sequence
from urllib.parse import quote_plus

MAX_VALUES = 200
MAX_ENCODED_BYTES = 12_000
"""Salesforce takes request lines of about 16 KB; the rest is room for host, path and headers."""

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
