"""Reads of the Management API whose answers are odd, which the sandbox does not give."""

import asyncio
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from crosswalk.connectors.auth0.logs import LogReader
from crosswalk.connectors.auth0.settings import Auth0Settings
from crosswalk.connectors.auth0.transport import Transport
from crosswalk.connectors.auth0.users import UserReader
from crosswalk.connectors.errors import CallRefused, MalformedAnswer, Unreachable
from crosswalk.connectors.secret import Secret
from crosswalk.connectors.shared_token import SharedToken, Token
from crosswalk.domain.event import Disposition
from crosswalk.domain.identity import StateVersion
from crosswalk.domain.ids import UserId

SETTINGS = Auth0Settings(domain="example.auth0.com", client_id="id", client_secret=Secret("s3cret"), attempts=3)


def noon() -> datetime:
    return datetime(2025, 10, 3, 12, tzinfo=UTC)


def a_tenant(answer: Callable[[httpx.Request], httpx.Response]) -> Transport:
    tokens = iter(range(100))

    async def fetch() -> Token:
        return Token(Secret(f"token-{next(tokens)}"))

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return Transport(SETTINGS, http, SharedToken(fetch, time.monotonic), unix_now=lambda: 1000.0, random=lambda: 0.0)


def a_reader(answer: Callable[[httpx.Request], httpx.Response]) -> UserReader:
    return UserReader(a_tenant(answer), asyncio.Semaphore(8), noon)


def refused(status: int, **headers: str) -> httpx.Response:
    body = {"statusCode": status, "error": "Oops", "message": "Not now", "errorCode": "oops"}
    return httpx.Response(status, json=body, headers=headers)


async def test_the_profile_is_the_answer_byte_for_byte():
    body = b'{ "user_id":"auth0|1","updated_at":"2025-10-03T11:59:59.5Z","email_verified":"yes", "n":1.0 }'

    states = await a_reader(lambda request: httpx.Response(200, content=body)).read([UserId("auth0|1")])

    identity = states[UserId("auth0|1")]
    assert identity is not None
    assert identity.profile == body
    assert identity.version == StateVersion("2025-10-03T11:59:59.500000Z", "2025-10-03T12:00:00.000000Z")


async def test_an_impossible_id_belongs_to_nobody():
    body = {"statusCode": 400, "error": "Bad Request", "message": "Path validation error", "errorCode": "invalid_uri"}

    states = await a_reader(lambda request: httpx.Response(400, json=body)).read([UserId("nonsense")])

    assert states == {"nonsense": None}


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"email": "x"}', b'{"user_id": "a", "updated_at": "soon"}'])
async def test_an_answer_that_is_no_user_is_refused(body: bytes):
    with pytest.raises(MalformedAnswer, match="expected users with user_id and times"):
        await a_reader(lambda request: httpx.Response(200, content=body)).read([UserId("auth0|1")])


async def test_a_missing_permission_is_not_taken_for_a_missing_user():
    with pytest.raises(CallRefused) as caught:
        await a_reader(lambda request: refused(403)).read([UserId("auth0|1")])

    assert (caught.value.status, caught.value.code) == (403, "oops")


async def test_busy_answers_and_lost_connections_are_tried_again():
    answers: list[Any] = [
        refused(429, **{"x-ratelimit-reset": "1000"}),
        httpx.ConnectError("refused"),
        httpx.Response(200, json={}),
    ]

    def answer(request: httpx.Request) -> httpx.Response:
        given = answers.pop(0)
        if isinstance(given, Exception):
            raise given
        response: httpx.Response = given
        return response

    assert await a_tenant(answer).get("users/1") == b"{}"
    assert answers == []


async def test_an_outage_that_lasts_is_told_after_the_last_attempt():
    transport = a_tenant(lambda request: refused(503, **{"retry-after": "0"}))

    with pytest.raises(CallRefused, match="answered 503 to GET /api/v2/users/1"):
        await transport.get("users/1")

    assert transport.calls == 3


async def test_a_refused_token_is_replaced_once():
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["Authorization"])
        return httpx.Response(200, json=[]) if seen[-1] == "Bearer token-1" else refused(401)

    await a_tenant(answer).get("users")

    assert seen == ["Bearer token-0", "Bearer token-1"]


async def test_an_unreachable_tenant_is_named_without_the_query():
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("name not known")

    with pytest.raises(Unreachable) as caught:
        await a_reader(answer).find_by_email("ana@example.com")

    assert str(caught.value) == (
        "example.auth0.com gave no answer to GET /api/v2/users-by-email: ConnectError: name not known. "
        "Check the network, the URL and the CA file."
    )


async def test_a_log_that_cannot_be_understood_does_not_stop_the_polling():
    logs = [
        {"log_id": "1", "type": "ss", "date": "2025-10-03T11:00:00Z", "user_id": "auth0|1"},
        {"log_id": "2", "type": "ss", "date": 7},
    ]
    reader = LogReader(a_tenant(lambda request: httpx.Response(200, json=logs)), noon)

    events = await reader.read("0", 100)

    assert [(event.id, event.disposition) for event in events] == [
        ("1", Disposition.CHANGED),
        ("2", Disposition.IGNORED),
    ]
    assert events[1].note == "not understood: date: expected a string, found number"
    assert json.loads(events[1].raw) == logs[1]


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'[{"type": "ss"}]'])
async def test_logs_without_a_place_to_go_on_from_are_refused(body: bytes):
    reader = LogReader(a_tenant(lambda request: httpx.Response(200, content=body)), noon)

    with pytest.raises(MalformedAnswer, match="each with a log_id"):
        await reader.read("0", 100)
