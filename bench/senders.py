"""Many senders of webhook requests over plain connections: the generator must cost little beside what is measured."""

import asyncio
import time
from collections.abc import Iterator

from bench.users import TOKEN

SENDERS = 64


async def send_all(port: int, path: str, bodies: list[bytes]) -> list[float]:
    """Send every body once, each sender one after another; returns the seconds that each answer took."""
    waiting = iter([_request(path, body) for body in bodies])
    times: list[float] = []

    async def sender() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in waiting:
            began = time.perf_counter()
            writer.write(request)
            answer = await reader.readuntil(b"\r\n\r\n")
            if not answer.startswith(b"HTTP/1.1 204"):
                raise AssertionError(f"the event was not accepted: {answer[:80]!r}")
            times.append(time.perf_counter() - began)
        writer.close()

    await asyncio.gather(*(sender() for _ in range(SENDERS)))
    return times


async def send_in_time(port: int, requests: Iterator[tuple[float, str, bytes]]) -> float:
    """Send each request (seconds from now, path, body) when its time has come, as a vendor does through a day.

    Returns the seconds by which the one that was sent latest was late: the hub, or this machine, was busy then.
    """
    began = time.monotonic()
    latest = 0.0

    async def sender() -> None:
        nonlocal latest
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for at, path, body in requests:
            await asyncio.sleep(began + at - time.monotonic())
            latest = max(latest, time.monotonic() - began - at)
            writer.write(_request(path, body))
            answer = await reader.readuntil(b"\r\n\r\n")
            if not answer.startswith(b"HTTP/1.1 204"):
                raise AssertionError(f"the event was not accepted: {answer[:80]!r}")
        writer.close()

    await asyncio.gather(*(sender() for _ in range(SENDERS)))
    return latest


def _request(path: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer {TOKEN}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
