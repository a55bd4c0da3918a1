"""Many senders of webhook requests over plain connections: the generator must cost little beside what is measured."""

import asyncio
import time

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


def _request(path: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer {TOKEN}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
