"""All records of an object by a Bulk API 2.0 query job: some calls, however many records there are.

`POST jobs/query` starts the job, `GET jobs/query/{id}` says how far it is, `GET jobs/query/{id}/results` gives pages of
CSV, each with a header line; `Sforce-Locator` names the next page, and is `null` on the last ("Bulk API 2.0").
"""

import asyncio
import csv
from collections.abc import AsyncIterator, Sequence

import httpx
import msgspec
from msgspec import Struct

from crosswalk.connectors.errors import CallRefused, ConnectorError, MalformedAnswer, Unreachable
from crosswalk.connectors.http import describe_failure
from crosswalk.connectors.salesforce.query import EXTRA_WHERE
from crosswalk.connectors.salesforce.transport import Transport
from crosswalk.connectors.whole_side import waits

LONGEST_JOB_S = 3 * 3600.0
FAILED_LOOKS = 5
"""So many looks at a job may fail in a row; the job itself goes on meanwhile."""

PAGE = 250_000
"""Rows asked for in one call. They are passed on as they come, so a page of any size takes no memory."""

_LAST = "null"


class _Job(Struct, rename="camel"):
    id: str
    state: str = ""
    error_message: str = ""


_decode_job = msgspec.json.Decoder(_Job).decode


def everything(object_name: str, fields: Sequence[str], condition: str | None = None) -> str:
    """The query for all records of an object that the hub would write; `condition` is trusted SOQL."""
    conditions = [each for each in (EXTRA_WHERE.get(object_name.lower()), condition) if each]
    names = ",".join(dict.fromkeys(("Id", *fields)))
    soql = f"SELECT {names} FROM {object_name}"  # noqa: S608  names of a mapping
    return f"{soql} WHERE {' AND '.join(conditions)}" if conditions else soql


async def bulk_query(
    transport: Transport, soql: str, page: int = PAGE
) -> AsyncIterator[tuple[tuple[str, ...], AsyncIterator[bytes]]]:
    """Yield each page of the result as its columns and its rows: CSV text without the header, in pieces.

    The rows of a page have to be read to their end before the next page is asked for.

    Raises
    ------
    CallRefused, Unreachable, CredentialsRefused
        The job could not be started, asked for or read, or it failed.
    MalformedAnswer
        The answer is no job, or no page of CSV.
    """
    path = await _finished_job(transport, soql)
    locator: str | None = None
    while locator != _LAST:
        query = {"maxRecords": str(page)} | ({} if locator is None else {"locator": locator})
        async with transport.stream("GET", f"{path}/results", query=query) as answer:
            locator = answer.headers.get("Sforce-Locator", _LAST)
            pieces = _pieces(answer, path)
            columns, rest = await _header(pieces, path)
            yield columns, _rows(rest, pieces)


async def _finished_job(transport: Transport, soql: str) -> str:
    """Start the job and wait until it is done; returns its path."""
    order = {"operation": "query", "query": soql, "contentType": "CSV", "columnDelimiter": "COMMA", "lineEnding": "LF"}
    job = _read_job(await transport.send("POST", "jobs/query", content=msgspec.json.encode(order)))
    path = f"jobs/query/{job.id}"
    waited_s, failed = 0.0, 0
    for wait_s in waits():
        if waited_s > LONGEST_JOB_S:
            break
        await asyncio.sleep(wait_s)
        waited_s += wait_s
        try:
            job, failed = _read_job(await transport.send("GET", path)), 0
        except ConnectorError as error:
            failed += 1
            if failed >= FAILED_LOOKS or not _may_pass(error):
                raise
            continue
        if job.state == "JobComplete":
            return path
        if job.state in {"Failed", "Aborted"}:
            raise CallRefused(
                service="Salesforce",
                call=f"GET {path}",
                status=200,
                code=f"BULK_QUERY_{job.state.upper()}",
                message=job.error_message or "the org did not say why",
            )
    raise Unreachable("Salesforce", f"GET {path}", f"the query was not done within {LONGEST_JOB_S / 3600:g} hours")


def _may_pass(error: ConnectorError) -> bool:
    return isinstance(error, Unreachable) or (
        isinstance(error, CallRefused) and (error.status == 429 or error.status >= 500)
    )


def _read_job(answer: bytes) -> _Job:
    try:
        return _decode_job(answer)
    except msgspec.DecodeError as error:
        raise MalformedAnswer("Salesforce", "jobs/query", "a job as JSON", "something else") from error


async def _pieces(answer: httpx.Response, path: str) -> AsyncIterator[bytes]:
    try:
        async for piece in answer.aiter_bytes():
            yield piece
    except httpx.TransportError as error:
        raise Unreachable("Salesforce", f"GET {path}/results", describe_failure(error)) from error


async def _header(pieces: AsyncIterator[bytes], path: str) -> tuple[tuple[str, ...], bytes]:
    """The names in the first line, and what of the first rows came with it. Names hold no line breaks."""
    begun = b""
    async for piece in pieces:
        begun += piece
        line, ended, rest = begun.partition(b"\n")
        if ended:
            return _names(line), rest
    if not begun:
        raise MalformedAnswer("Salesforce", f"GET {path}/results", "CSV with a header", "nothing")
    return _names(begun), b""


def _names(line: bytes) -> tuple[str, ...]:
    return tuple(next(csv.reader([line.decode().rstrip("\r")])))


async def _rows(rest: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if rest:
        yield rest
    async for piece in pieces:
        yield piece
