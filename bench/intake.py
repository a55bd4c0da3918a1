"""How many events a second intake makes durable, beside one commit for each event on the same database.

Least possible: one flush to disk for as many events as arrive during a flush; the ratio to one flush each is the gain.
Then the same with the whole `crosswalk serve`, as one process and as two: on two cores they share these with
PostgreSQL and the senders, so that the second has little to gain.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import uvloop

from bench.senders import send_all
from bench.users import TENANT, TOKEN, an_event
from crosswalk.demo.hub_process import HubProcess
from crosswalk.store.embedded import EmbeddedPostgres
from crosswalk.store.migrate import migrate

EVENTS = 16_000
EVENTS_ONE_BY_ONE = 4_000
WARM_UP = 500

CONFIG = f"""
version: 1
state_dir: state
server: {{port: 0}}
tenants:
  {TENANT}:
    domain: acme.example.com
    client_id: nobody
    client_secret: ${{BENCH_TOKEN}}
    sources: {{event_stream: {{token: "${{BENCH_TOKEN}}"}}}}
orgs:
  acme:
    login_url: https://acme.example.com
    auth: {{flow: client_credentials, client_id: nobody, client_secret: "${{BENCH_TOKEN}}"}}
syncs:
  customers:
    tenant: {TENANT}
    org: acme
    targets:
      - {{object: Contact, create: false, external_id: Id__c, match: [external_id], fields: {{LastName: user.name}}}}
"""
"""Nobody is asked: there is no worker."""


def run(folder: Path, report: Callable[[str], None]) -> dict[str, float]:
    """Measure on a fresh embedded PostgreSQL below `folder`."""
    postgres = EmbeddedPostgres(folder / "postgres")
    try:
        migrate(postgres.uri)
        measured = {}
        for name, per_commit, at_once, events in (("one", 1, 8, EVENTS_ONE_BY_ONE), ("group", 1_000, 2, EVENTS)):
            with psycopg.connect(postgres.uri, autocommit=True) as connection:
                connection.execute("TRUNCATE inbox, due")
            with _server(postgres.uri, per_commit, at_once) as port:
                uvloop.run(_measure(port, f"warm-{name}", WARM_UP))
                measured[name] = uvloop.run(_measure(port, name, events))
            with psycopg.connect(postgres.uri) as connection:
                stored = connection.execute("SELECT count(*) FROM inbox").fetchone()
            if stored != (events + WARM_UP,):
                raise AssertionError(f"{events + WARM_UP} events were accepted, and {stored} are stored")
        (folder / "crosswalk.yaml").write_text(CONFIG)
        several = {number: _serve(folder, postgres.uri, number) for number in (1, 2)}
    finally:
        postgres.remove()
    one, group = measured["one"], measured["group"]
    report(
        f"intake: {group[0]:,.0f} durable events/s from 64 senders, p99 {group[1]:.0f} ms; one commit each on the same "
        f"database: {one[0]:,.0f}/s; ratio {group[0] / one[0]:.1f} (target 3, and 2,500/s)"
    )
    ratio = several[2][0] / several[1][0]
    report(
        f"intake by the whole hub: {several[1][0]:,.0f} events/s, p99 {several[1][1]:.0f} ms with one process; "
        f"{several[2][0]:,.0f}/s, p99 {several[2][1]:.0f} ms with two on {os.cpu_count()} cores; ratio {ratio:.2f}"
    )
    return {
        "intake_one_process_events_per_s": several[1][0],
        "intake_two_processes_events_per_s": several[2][0],
        "intake_two_processes_ratio": ratio,
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


def _serve(folder: Path, uri: str, processes: int) -> tuple[float, float]:
    """Measure `crosswalk serve` with so many processes."""
    hub = HubProcess(
        folder / "crosswalk.yaml",
        command="serve",
        options=["--processes", str(processes)],
        log_file=folder / "hub.log",
        environ={"CROSSWALK_DATABASE_URL": uri, "BENCH_TOKEN": TOKEN},
    )
    with hub:
        port = int(str(hub.announcement["url"]).rsplit(":", 1)[1])
        uvloop.run(_measure(port, f"warm-{processes}", WARM_UP))
        return uvloop.run(_measure(port, f"processes-{processes}", EVENTS))


async def _measure(port: int, prefix: str, count: int) -> tuple[float, float]:
    """Events per second, and the 99th percentile of the answers in milliseconds."""
    bodies = [an_event(number, event_id=f"{prefix}-{number}") for number in range(count)]
    began = time.perf_counter()
    times = await send_all(port, f"/intake/auth0/{TENANT}/events", bodies)
    elapsed = time.perf_counter() - began
    return count / elapsed, sorted(times)[int(count * 0.99)] * 1000
