"""Connections that the other end resets as soon as they are made: calls fail as calls to whoever is away do."""

import asyncio
import socket
import struct
import threading
from collections.abc import Iterator

import httpx
import pytest
import uvloop

from crosswalk.connectors.http import Timeouts, open_http
from crosswalk_sandbox.auth0.webhooks import post

CALLS = 300
RESET_AT_ONCE = struct.pack("ii", 1, 0)


@pytest.fixture
def resetting() -> Iterator[str]:
    """The address of a server that accepts connections and resets each of them at once."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0), backlog=CALLS) as server:

        def reset_all() -> None:
            while not over.is_set():
                with server.accept()[0] as connection:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_ONCE)

        thread = threading.Thread(target=reset_all)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        over.set()
        socket.create_connection(server.getsockname()).close()
        thread.join()


def test_a_connection_that_is_reset_is_a_failed_call_in_the_loop_that_the_hub_runs_on(resetting: str) -> None:
    async def call() -> list[httpx.Response | BaseException]:
        async with open_http(None, Timeouts()) as http:
            return await asyncio.gather(*(http.get(resetting) for _ in range(CALLS)), return_exceptions=True)

    answers = uvloop.run(call())

    assert [answer for answer in answers if not isinstance(answer, httpx.TransportError)] == []


def test_other_errors_are_not_taken_for_that() -> None:
    async def broken(_: httpx.Request) -> None:
        raise AttributeError("a fault of ours", name="getpeername", obj="something")

    async def call() -> None:
        async with open_http(None, Timeouts()) as http:
            http.event_hooks["request"] = [broken]
            await http.get("http://127.0.0.1:9/")

    with pytest.raises(AttributeError, match="a fault of ours"):
        uvloop.run(call())


def test_the_sandbox_tells_of_a_delivery_that_was_reset_and_goes_on(resetting: str) -> None:
    async def deliver() -> list[str | None]:
        async with httpx.AsyncClient(trust_env=False) as client:
            return await asyncio.gather(*(post(client, resetting, b"{}", {}, 5.0) for _ in range(CALLS)))

    whys = uvloop.run(deliver())

    assert [why for why in whys if why is None or not why.startswith("The webhook could not be reached: ")] == []
