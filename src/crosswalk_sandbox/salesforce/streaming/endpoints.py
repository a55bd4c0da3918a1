"""The Streaming API over HTTP: one path for each API version, POST, JSON."""

import asyncio
import re
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from crosswalk_sandbox.salesforce.front_door import session_token
from crosswalk_sandbox.salesforce.http import JSON_TYPE, NEWEST_VERSION, Path, org_of
from crosswalk_sandbox.salesforce.streaming.conversation import Caller, Conversation, Message
from crosswalk_sandbox.salesforce.streaming.refusals import (
    COOKIE,
    Refusal,
    request_malformed,
    request_too_large,
    version_missing,
    version_unsupported,
)

if TYPE_CHECKING:
    from crosswalk_sandbox.salesforce.streaming.polling import Poll

OLDEST_STREAMING_VERSION = 37
LARGEST_REQUEST = 32_768
_VERSION = re.compile(r"(\d+)\.0")


async def converse(request: Request) -> Response:
    """Answer the messages of one request."""
    org = org_of(request)
    try:
        version = _version_of(request)
        body = await _body_of(request)
        messages = _messages_in(body, request.headers.get("content-type", ""))
    except Refusal as refusal:
        status = 413 if refusal.error.startswith("413") else 400
        return _reply([msgspec.json.encode({"channel": "/meta/handshake", **refusal.members()})], status)
    if org.latency_ms > 0:
        await asyncio.sleep(org.latency_ms / 1000)
    watchers: list[asyncio.Task[None]] = []

    def watch(poll: "Poll") -> None:
        watchers.append(asyncio.create_task(_release_when_gone(request, poll)))

    caller = Caller(session_token(request.scope), request.cookies.get(COOKIE, ""), version)
    conversation = Conversation(org, caller, watch)
    try:
        response = _reply(await conversation.replies(messages))
    finally:
        for each in watchers:
            each.cancel()
    if conversation.new_browser is not None:
        response.set_cookie(
            COOKIE, conversation.new_browser, path="/cometd/", secure=True, httponly=True, samesite=None
        )
    return response


async def refuse_without_version(_request: Request) -> Response:
    """A request whose address names no version."""
    refusal = version_missing(NEWEST_VERSION)
    return _reply([msgspec.json.encode({"channel": "/meta/handshake", **refusal.members()})], 400)


async def _release_when_gone(request: Request, poll: "Poll") -> None:
    """Without its client, a poll would take events that nobody gets."""
    receive: Awaitable[Any] = request.receive()
    while (await receive)["type"] != "http.disconnect":
        receive = request.receive()
    poll.release()


def _version_of(request: Request) -> int:
    found = _VERSION.fullmatch(request.path_params["version"])
    number = int(found.group(1)) if found else 0
    if not OLDEST_STREAMING_VERSION <= number <= NEWEST_VERSION:
        raise version_unsupported(OLDEST_STREAMING_VERSION, NEWEST_VERSION)
    return number


async def _body_of(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_REQUEST:
            raise request_too_large()
    return bytes(body)


def _messages_in(body: bytes, content_type: str) -> list[Message]:
    """The messages of a body: JSON, or the field `message` of a form."""
    if content_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
        body = "".join(parse_qs(body.decode("utf-8", "replace")).get("message", [])[:1]).encode()
    try:
        decoded = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise request_malformed() from None
    messages = decoded if isinstance(decoded, list) else [decoded]
    if not messages or not all(isinstance(each, dict) and isinstance(each.get("channel"), str) for each in messages):
        raise request_malformed()
    return messages


def _reply(messages: list[bytes], status: int = 200) -> Response:
    return Response(b"[" + b",".join(messages) + b"]", status_code=status, media_type=JSON_TYPE)


PATHS = [
    Path("/cometd", {"POST": refuse_without_version}),
    Path("/cometd/{version}", {"POST": converse}),
    Path("/cometd/{version}/{kind}", {"POST": converse}),
]
