"""Queries, page by page, and the search for candidates."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, TypeAlias
from urllib.parse import quote_plus

import msgspec
from msgspec import Struct

from crosswalk.connectors.errors import MalformedAnswer
from crosswalk.connectors.parallel import map_parallel
from crosswalk.connectors.salesforce.soql import MAX_ENCODED_BYTES, candidates_query, chunk_values
from crosswalk.connectors.salesforce.transport import Transport
from crosswalk.domain.ids import RecordId
from crosswalk.domain.record import Record
from crosswalk.domain.values import FieldValue

JsonValue: TypeAlias = FieldValue | list["JsonValue"] | dict[str, "JsonValue"]
Row: TypeAlias = dict[str, JsonValue]
"""One row as Salesforce returns it: `attributes`, fields by API name, parents nested."""

EXTRA_WHERE: Mapping[str, str] = {
    # A converted lead can no longer be written; its contact is the person's record now.
    "lead": "IsConverted = false",
}


class _Page(Struct, rename="camel"):
    # msgspec does not take recursive types; `Row` is what these are.
    records: list[dict[str, Any]]
    done: bool = True
    next_records_url: str | None = None


_decode_page = msgspec.json.Decoder(_Page).decode


async def query(transport: Transport, soql: str) -> list[Row]:
    """Return all rows that `soql` selects.

    Raises
    ------
    CallRefused
        For example MALFORMED_QUERY, INVALID_FIELD or INVALID_TYPE, with Salesforce's words.
    MalformedAnswer
        The answer is no page of records.
    """
    return [row async for page in query_pages(transport, soql) for row in page]


async def query_pages(transport: Transport, soql: str, *, deleted_too: bool = False) -> AsyncIterator[list[Row]]:
    """Yield the rows that `soql` selects page by page, following `nextRecordsUrl`.

    `deleted_too` asks for records in the recycle bin as well. Raises what `query` raises.
    """
    first = await transport.send("GET", "queryAll" if deleted_too else "query", query={"q": soql})
    async for rows in pages_of(transport, first):
        yield rows


async def pages_of(transport: Transport, answer: bytes) -> AsyncIterator[list[Row]]:
    """Yield the rows of an answer to a query, and of the pages that follow it.

    Raises
    ------
    MalformedAnswer
        An answer is no page of records.
    """
    page = _read_page(answer)
    yield page.records
    while not page.done and page.next_records_url:
        page = _read_page(await transport.send("GET", page.next_records_url))
        yield page.records


async def find_candidates(
    transport: Transport,
    gate: asyncio.Semaphore,
    *,
    object_name: str,
    fields: Sequence[str],
    key_field: str,
    values: Sequence[str],
) -> list[Record]:
    """Return the records whose `key_field` equals one of `values`; as many calls at once as `gate` lets pass."""
    extra_where = EXTRA_WHERE.get(object_name.lower())
    frame = candidates_query(object_name, fields, key_field, (), extra_where)
    room = max(1, MAX_ENCODED_BYTES - len(quote_plus(frame)))

    async def find(chunk: list[str]) -> list[Row]:
        return await query(transport, candidates_query(object_name, fields, key_field, chunk, extra_where))

    found = await map_parallel(find, chunk_values(values, room), gate)
    return [record_of(object_name, row) for rows in found for row in rows]


def _read_page(answer: bytes) -> _Page:
    try:
        return _decode_page(answer)
    except msgspec.DecodeError as error:
        raise MalformedAnswer("Salesforce", "GET query", "a page of records as JSON", "something else") from error


def record_of(object_name: str, row: Row) -> Record:
    """Return the record in a row: fields by API name, those of parents as `Account.Name`."""
    fields: dict[str, FieldValue] = {}
    for name, value in row.items():
        _flatten(fields, name, value)
    return Record(object=object_name, id=RecordId(str(fields.pop("Id"))), fields=fields)


def _flatten(fields: dict[str, FieldValue], name: str, value: JsonValue) -> None:
    # Fields of a parent (`Account.Name`) come nested; `attributes` is type and URL, on every level.
    if name.rpartition(".")[2] == "attributes":
        return
    if isinstance(value, dict):
        for inner, inner_value in value.items():
            _flatten(fields, f"{name}.{inner}", inner_value)
    elif not isinstance(value, list):
        fields[name] = value
