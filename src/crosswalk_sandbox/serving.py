"""Serving an application on a socket: bound first, so that its address is known before anything refers to it."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from crosswalk_sandbox.faults import ABORT_EXTENSION
from crosswalk_sandbox.tls import Certificates

_START_SECONDS = 10.0
_STOP_SECONDS = 3


class _DroppingProtocol(HttpToolsProtocol):
    """Lets an application drop its connection, which ASGI itself has no way to ask for, and stops without lingering."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {ABORT_EXTENSION: self.transport.abort}  # type: ignore[dict-item]  # the type knows mappings only

    def shutdown(self) -> None:
        """Leave idle connections at once: the farewell of TLS would wait for clients that only keep them for later."""
        super().shutdown()
        if self.cycle is None or self.cycle.response_complete:
            self.transport.abort()


class _Server(uvicorn.Server):
    """A server whose process keeps its own signal handlers."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


def bind(host: str, port: int, what: str) -> socket.socket:
    """Take a port, any free one for 0.

    Raises
    ------
    OSError
        When it cannot be had; the message names `what` the port was for, and the port.
    """
    bound = socket.socket(socket.AF_INET)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        message = f"cannot bind the sandbox's {what} port {port} on {host} ({error.strerror}); choose another"
        raise OSError(error.errno, message) from error
    return bound


def with_date(app: ASGIApp, now: Callable[[], datetime]) -> ASGIApp:
    """The application whose answers carry the time of its own clock, as those of a vendor do."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = format_datetime(now().astimezone(UTC), usegmt=True).encode()
                message = {**message, "headers": [*message.get("headers", ()), (b"date", date)]}
            await send(message)

        await app(scope, receive, send_dated)

    return answer


async def serve(app: ASGIApp, bound: socket.socket, tls: Certificates | None = None) -> Callable[[], Awaitable[None]]:
    """Start a server on a bound socket and return what stops it; the socket stays its caller's to close."""
    config = uvicorn.Config(
        app,
        http=_DroppingProtocol,
        ws="none",
        lifespan="on",
        log_level="error",
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=_STOP_SECONDS,
        timeout_keep_alive=75,
        ssl_certfile=tls.server_file if tls else None,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[bound]))
    async with asyncio.timeout(_START_SECONDS):
        while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn only sets a flag
            await asyncio.sleep(0.005)
    if task.done():
        await task
        raise RuntimeError("a sandbox server ended before it had started; its log says why")

    async def stop() -> None:
        server.should_exit = True
        await task

    return stop
