"""How many events a second intake makes durable, beside one commit for each event on the same database.

Least possible: one flush to disk for as many events as arrive during a flush; the ratio to one flush each is the gain.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import uvloop

from bench.users import TENANT, TOKEN, an_event
from crosswalk.store.embedded import EmbeddedPostgres
from crosswalk.store.migrate import migrate

SENDERS = 64
EVENTS = 16_000
EVENTS_ONE_BY_ONE = 4_000


def run(folder: Path) -> dict[str, float]:
    """Measure on a fresh embedded PostgreSQL below `folder`."""
    postgres = EmbeddedPostgres(folder / "postgres")
    try:
        migrate(postgres.uri)
        measured = {}
        for name, per_commit, at_once, events in (("one", 1, 8, EVENTS_ONE_BY_ONE), ("group", 1_000, 2, EVENTS)):
            with psycopg.connect(postgres.uri, autocommit=True) as connection:
                connection.execute("TRUNCATE inbox, due")
            with _server(postgres.uri, per_commit, at_once) as port:
                uvloop.run(_send_all(port, [_request(n, f"warm-{name}-{n}") for n in range(500)]))
                measured[name] = uvloop.run(_send_all(port, [_request(n, f"{name}-{n}") for n in range(events)]))
            with psycopg.connect(postgres.uri) as connection:
                stored = connection.execute("SELECT count(*) FROM inbox").fetchone()
            if stored != (events + 500,):
                raise AssertionError(f"{events + 500} events were accepted, and {stored} are stored")
    finally:
        postgres.remove()
    one, group = measured["one"], measured["group"]
    return {
        "intake_events_per_s": group[0],
        "intake_ratio": group[0] / one[0],
        "intake_p99_ms": group[1],
        "intake_one_commit_each_events_per_s": one[0],
    }


@contextmanager
def _server(uri: str, per_commit: int, at_once: int) -> Iterator[int]:
    command = [sys.executable, "-m", "bench.intake_server", uri, str(per_commit), str(at_once)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout is None:
                raise AssertionError("stdout is a pipe")
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def _request(number: int, event_id: str) -> bytes:
    body = an_event(number, event_id=event_id)
    head = (
        f"POST /intake/auth0/{TENANT}/events HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer {TOKEN}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _send_all(port: int, requests: list[bytes]) -> tuple[float, float]:
    """Send the requests over one connection for each sender; events per second and the 99th percentile, ms."""
    waiting = iter(requests)
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

    began = time.perf_counter()
    await asyncio.gather(*(sender() for _ in range(SENDERS)))
    elapsed = time.perf_counter() - began
    return len(requests) / elapsed, sorted(times)[int(len(times) * 0.99)] * 1000
