"""Look-ups for many keys by many rules: five queries in each call.

A composite call counts as one against the org's limit, whatever it holds, and takes five queries ("Send Multiple
Requests Using Composite", REST API guide). So the external id and the e-mail address of 1,000 users, ten queries of 200
keys, cost two calls instead of ten. The queries stand in its body, where a URL's limit of 16,384 bytes does not hold
them (knowledge article 000386264): 200 telephone numbers in all their written forms fit into one.
"""

import asyncio
from collections.abc import Sequence
from urllib.parse import quote_plus

import msgspec
from msgspec import Struct

from crosswalk.connectors.errors import CallRefused, MalformedAnswer
from crosswalk.connectors.parallel import map_parallel
from crosswalk.connectors.salesforce.query import EXTRA_WHERE, Row, pages_of, query, record_of
from crosswalk.connectors.salesforce.soql import MAX_ENCODED_BYTES, look_up_queries
from crosswalk.connectors.salesforce.transport import Transport
from crosswalk.domain.look_up import LookUp
from crosswalk.domain.record import Record

QUERIES_IN_A_CALL = 5
"""Salesforce's limit for the queries of one composite call."""


class _Subanswer(Struct, rename="camel"):
    body: msgspec.Raw
    http_status_code: int


class _Answer(Struct, rename="camel"):
    composite_response: list[_Subanswer]


class _Refusal(Struct, rename="camel"):
    error_code: str = ""
    message: str = ""


_encode = msgspec.json.Encoder().encode
_decode_answer = msgspec.json.Decoder(_Answer).decode
_decode_refusals = msgspec.json.Decoder(list[_Refusal]).decode


async def look_up(
    transport: Transport, gate: asyncio.Semaphore, api_version: str, look_ups: Sequence[LookUp]
) -> list[list[Record]]:
    """Return the records that each look-up finds, in their order; as many calls at once as `gate` lets pass.

    Raises
    ------
    CallRefused, Unreachable, CredentialsRefused, MalformedAnswer
        Salesforce did not answer one of the queries; then nothing is known about any.
    """
    queries = [
        (position, soql)
        for position, each in enumerate(look_ups)
        for soql in look_up_queries(each, EXTRA_WHERE.get(each.object.lower()))
    ]

    async def ask(group: Sequence[tuple[int, str]]) -> list[list[Row]]:
        return await _ask(transport, api_version, [soql for _, soql in group])

    groups = [queries[start : start + QUERIES_IN_A_CALL] for start in range(0, len(queries), QUERIES_IN_A_CALL)]
    answers = await map_parallel(ask, groups, gate)
    found: list[list[Record]] = [[] for _ in look_ups]
    for group, answered in zip(groups, answers, strict=True):
        for (position, _), rows in zip(group, answered, strict=True):
            found[position] += [record_of(look_ups[position].object, row) for row in rows]
    return found


async def _ask(transport: Transport, api_version: str, queries: Sequence[str]) -> list[list[Row]]:
    """Return the rows of each query, all asked in one call."""
    if len(queries) == 1 and len(quote_plus(queries[0])) <= MAX_ENCODED_BYTES:
        return [await query(transport, queries[0])]
    url = f"/services/data/v{api_version}/query?q="
    subrequests = [
        {"method": "GET", "url": url + quote_plus(soql), "referenceId": f"q{number}"}
        for number, soql in enumerate(queries)
    ]
    body = _encode({"allOrNone": False, "compositeRequest": subrequests})
    answer = _read_answer(await transport.send("POST", "composite", content=body), len(queries))
    return [[row async for rows in pages_of(transport, _checked(each)) for row in rows] for each in answer]


def _read_answer(body: bytes, expected: int) -> list[_Subanswer]:
    try:
        answers = _decode_answer(body).composite_response
    except msgspec.DecodeError:
        answers = []
    if len(answers) != expected:
        raise MalformedAnswer("Salesforce", "POST composite", f"{expected} answers as JSON", "something else")
    return answers


def _checked(answer: _Subanswer) -> bytes:
    """The body of an answer to one query, unless Salesforce refused it."""
    if answer.http_status_code < 300:
        return bytes(answer.body)
    try:
        refusals = _decode_refusals(answer.body)
    except msgspec.DecodeError:
        refusals = []
    raise CallRefused(
        service="Salesforce",
        call="POST composite, a query in it",
        status=answer.http_status_code,
        code=refusals[0].error_code if refusals else f"HTTP_{answer.http_status_code}",
        message="; ".join(each.message for each in refusals) or "the answer carried no Salesforce error",
    )
