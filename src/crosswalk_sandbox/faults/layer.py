"""The ASGI layer that makes calls fail as the rules say; without rules a call passes it untouched."""

import asyncio
from contextlib import suppress
from typing import NoReturn

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crosswalk_sandbox.faults.answers import Answer, VendorAnswers
from crosswalk_sandbox.faults.effects import (
    Drop,
    Effect,
    ExhaustDailyLimit,
    Latency,
    Limit,
    Malformed,
    RevokeToken,
    Status,
    Throttle,
    Timeout,
)
from crosswalk_sandbox.faults.engine import Call, Faults

ABORT_EXTENSION = "crosswalk_sandbox.abort"
"""ASGI scope extension: a function that drops the connection. Servers without it get an exception instead."""

_FLUSH_SECONDS = 0.01
"""What was sent before a break needs a moment to leave."""


class ConnectionDropped(Exception):
    """A connection was to break on purpose, where the server has no way to break one."""


class _Broken(Exception):
    """The connection is gone, as it was meant to be."""


class FaultLayer:
    """Wraps a vendor's application.

    Parameters
    ----------
    app
        The application.
    faults
        The rules in force.
    vendor
        How the vendor refuses calls.
    """

    def __init__(self, app: ASGIApp, faults: Faults, vendor: VendorAnswers) -> None:
        self._app = app
        self._faults = faults
        self._vendor = vendor

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request (ASGI)."""
        if scope["type"] != "http" or not self._faults.concern_calls:
            await self._app(scope, receive, send)
            return
        operations = self._vendor.operations_of(scope)
        if not operations:
            await self._app(scope, receive, send)
            return
        call = Call(scope["method"], scope["path"], operations)
        trouble: Effect | None = None
        for hit in self._faults.for_call(call):
            if isinstance(hit.effect, Latency):
                await asyncio.sleep(hit.seconds)
            else:
                trouble = hit.effect
        # An exception leaves the application wherever it is in sending its reply; outside, nothing went wrong.
        with suppress(_Broken):
            await self._serve(call, trouble, scope, receive, send)

    async def _serve(self, call: Call, trouble: Effect | None, scope: Scope, receive: Receive, send: Send) -> None:
        match trouble:
            case Status() | Throttle() | Limit():
                await _send_answer(self._vendor.answer(trouble, scope), send)
                return
            case Drop(at="before-reading"):
                await _drop(scope, receive)
            case Timeout(at="before-write"):
                await _hold(trouble.hold_seconds, receive, scope)
                await _drop(scope, receive)
            case RevokeToken():
                self._vendor.revoke(scope, every=trouble.every)
            case ExhaustDailyLimit():
                self._vendor.exhaust()
            case _:
                pass
        reply = _TroubledReply(self._faults, call, trouble, scope, receive, send)
        await self._app(scope, receive, reply.send)


class _TroubledReply:
    """Sends a served call's reply on: whole, mangled, in part, or not at all."""

    def __init__(
        self, faults: Faults, call: Call, trouble: Effect | None, scope: Scope, receive: Receive, send: Send
    ) -> None:
        self._faults = faults
        self._call = call
        self._trouble = trouble
        self._scope = scope
        self._receive = receive
        self._send = send
        self._head: Message = {}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._start(message)
        elif message["type"] == "http.response.body" and self._head:
            await self._body(message)
        else:
            await self._send(message)

    async def _start(self, message: Message) -> None:
        if self._trouble is None and 200 <= message["status"] < 300:
            hit = self._faults.for_success(self._call)
            self._trouble = hit.effect if hit is not None else None
        match self._trouble:
            case Drop(at="after-write"):
                await _drop(self._scope, self._receive)
            case Timeout(at="after-write"):
                await _hold(self._trouble.hold_seconds, self._receive, self._scope)
                await _drop(self._scope, self._receive)
            case Drop(at="after-headers"):
                await self._send(message)
                await _drop(self._scope, self._receive)
            case Drop(at="half-body") | Malformed():
                self._head = message
            case _:
                await self._send(message)

    async def _body(self, message: Message) -> None:
        """The first part of a body decides: half of it and a break, or a third missing without one."""
        body: bytes = message.get("body", b"")
        head, self._head = self._head, {}
        if not body and not message.get("more_body"):
            # Nothing to cut, as after most deletions.
            await self._send(head)
            await self._send(message)
            return
        if isinstance(self._trouble, Drop):
            await self._send(head)
            await self._send({**message, "body": body[: len(body) // 2], "more_body": True})
            await _drop(self._scope, self._receive)
        cut = body[: len(body) * 2 // 3]
        headers = [(name, value) for name, value in head["headers"] if name.lower() != b"content-length"]
        if not message.get("more_body"):
            headers.append((b"content-length", str(len(cut)).encode()))
        await self._send({**head, "headers": headers})
        await self._send({**message, "body": cut})


async def _send_answer(answer: Answer, send: Send) -> None:
    headers = [(b"content-length", str(len(answer.body)).encode())]
    if answer.content_type:
        headers.append((b"content-type", answer.content_type.encode()))
    headers += [(name.encode(), value.encode()) for name, value in answer.headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


async def _drop(scope: Scope, receive: Receive) -> NoReturn:
    """Break the connection, and leave the call."""
    abort = scope.get("extensions", {}).get(ABORT_EXTENSION)
    if abort is not None:
        await asyncio.sleep(_FLUSH_SECONDS)
        abort()
        while (await receive())["type"] != "http.disconnect":
            pass
        raise _Broken
    raise ConnectionDropped("the connection was to break, as ordered through the control API")


async def _hold(seconds: float, receive: Receive, scope: Scope) -> None:
    """Wait for real seconds, or until the client has gone."""
    if ABORT_EXTENSION not in scope.get("extensions", {}):
        return
    try:
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        pass
