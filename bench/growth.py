"""How long a reconcile takes, by how many identities are stored: 10,000, 100,000 and a million.

The same 2,000 people change their profile at each size, spread evenly among the others. Around them the tables grow:
identities with their accounts, links, and of each an event that was dealt with and a written field. What others are
stored must not cost those who change anything, so least possible is a ratio of 1; an index has one level more at the
most. `GROWTH_SIZES=10000,50000` makes it quick.
"""

import os
import signal
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from bench.system import BenchSystem, bench_system, wait_for
from bench.users import an_event
from crosswalk.demo.hub_process import HubProcess

SIZES = [int(size) for size in os.environ.get("GROWTH_SIZES", "10000,100000,1000000").split(",")]
CHANGING = 2_000
ROUNDS = 3
"""The fastest counts: what else the machine does only ever adds."""

STEP = max(SIZES) // CHANGING
TARGET_RATIO = 1.3

# Everybody between two numbers who is not among those that change. Their ids lie between one another's.
_OTHERS = """
SELECT n, 'auth0|' || lpad(to_hex(n), 24, '0') AS user_id, '00Q' || lpad(to_hex(n), 12, '0') || 'AAA' AS record_id
FROM generate_series({first}, {last}) AS n
WHERE n % {step} <> 0
"""
_FILL = {
    "identities": """
        INSERT INTO identities (tenant, user_id, profile, updated_at, observed_at, carrier, deleted, email)
        SELECT 'acme', user_id,
               convert_to(json_build_object('user_id', user_id, 'name', 'Other ' || n, 'email', n || '@example.net',
                   'user_metadata', json_build_object('company', 'Company ' || n, 'notes', repeat('x', 200)))::text,
                   'UTF8'),
               '2026-01-01T00:00:00.000000Z', '2026-01-01T00:00:00.000000Z', '', false, n || '@example.net'
        FROM ({others}) AS o
    """,
    "accounts": """
        INSERT INTO accounts (tenant, account, user_id)
        SELECT 'acme', 'google-oauth2|' || n, user_id FROM ({others}) AS o
    """,
    "links": """
        INSERT INTO links (sync, user_id, object, record_id, evidence, record, base)
        SELECT 'customers', user_id, 'Lead', record_id, 'external_id', fields, fields
        FROM ({others}) AS o, json_build_object('LastName', 'Other ' || n, 'Company', 'Company ' || n) AS fields
    """,
    "inbox": """
        INSERT INTO inbox (tenant, event_id, source, type, disposition, note, user_id, updated_at, occurred_at, raw)
        SELECT 'acme', 'other_' || n, 'event_stream', 'user.updated', 'state', '', user_id,
               '2026-01-01T00:00:00.000000Z', now(), '{{}}'
        FROM ({others}) AS o
    """,
    "event_ids": "INSERT INTO event_ids (id, day) SELECT gen_random_uuid(), 20000 FROM ({others}) AS o",
    "due": """
        INSERT INTO due (sync, seq, lane, user_id, received_at, outcome, finished_at)
        SELECT 'customers', i.seq, 0, i.user_id, i.received_at, 'written', i.received_at
        FROM inbox AS i
        JOIN ({others}) AS o USING (user_id)
    """,
    "audit": """
        INSERT INTO audit (actor, sync, user_id, object, record_id, action, field, old, new, reason, place)
        SELECT 'crosswalk', 'customers', user_id, 'Lead', record_id, 'update', 'Company', '"Before"', '"Company"',
               'changed', 'bench:1'
        FROM ({others}) AS o
    """,
}


def run(folder: Path, report: Callable[[str], None]) -> dict[str, float]:
    """Measure one `crosswalk worker` while what is stored grows."""
    with bench_system(folder) as system:
        system.start("serve")
        worker = system.start("worker", "--monitoring-port", "0")
        people = [number * STEP for number in range(CHANGING)]
        system.send([an_event(number) for number in people])
        system.wait_until_done()
        took_us: dict[int, float] = {}
        cpu_us: dict[int, float] = {}
        stored = 0
        for size in SIZES:
            _fill(system, stored, size)
            stored = size
            rounds = [_reconcile(system, worker, people, ROUNDS * len(took_us) + each + 1) for each in range(ROUNDS)]
            took_us[size] = min(wall for wall, _ in rounds) / CHANGING * 1e6
            cpu_us[size] = min(cpu for _, cpu in rounds) / CHANGING * 1e6
    ratio = cpu_us[SIZES[-1]] / cpu_us[SIZES[0]]
    figures = ", ".join(
        f"{took_us[size]:,.0f} µs ({cpu_us[size]:,.0f} of a core) beside {size:,} others" for size in SIZES
    )
    report(f"growth: a reconcile takes {figures}; ratio of the core's time {ratio:.2f} (target {TARGET_RATIO})")
    walls = {f"growth_us_{size}": took for size, took in took_us.items()}
    cores = {f"growth_cpu_us_{size}": took for size, took in cpu_us.items()}
    return walls | cores | {"growth_ratio": ratio}


def _fill(system: BenchSystem, first: int, last: int) -> None:
    """Let so many be stored as there are numbers below `last`."""
    others = sql.SQL(_OTHERS).format(first=sql.Literal(first), last=sql.Literal(last - 1), step=sql.Literal(STEP))
    with psycopg.connect(system.postgres.uri, autocommit=True) as connection:
        # Nobody measures how they get there: no trigger looks at each row, and no commit waits for the disk.
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET synchronous_commit = off")
        for statement in _FILL.values():
            connection.execute(sql.SQL(statement).format(others=others))
        connection.execute("VACUUM ANALYZE")


def _reconcile(system: BenchSystem, worker: HubProcess, people: list[int], revision: int) -> tuple[float, float]:
    """Let everybody change while the worker stands still.

    Returns
    -------
    tuple
        The seconds that its batches then take, books included, and the seconds of a core that it and PostgreSQL spend.
    """
    before = _batch_seconds(worker)
    os.kill(worker.pid, signal.SIGSTOP)
    try:
        system.send([an_event(number, revision=revision) for number in people])
        cpu = _cpu_s(system, worker)
    finally:
        os.kill(worker.pid, signal.SIGCONT)
    system.wait_until_done()
    cpu_s = _cpu_s(system, worker) - cpu
    wait_for(lambda: _identities(worker) == len(people) * (revision + 1), "everybody is counted")
    return _batch_seconds(worker) - before, cpu_s


def _cpu_s(system: BenchSystem, worker: HubProcess) -> float:
    """What the worker and all of PostgreSQL's processes that live have spent."""
    server = psutil.Process(system.postgres.pid)
    spent = 0.0
    for process in (psutil.Process(worker.pid), server, *server.children()):
        with suppress(psutil.NoSuchProcess):  # PostgreSQL's own helpers come and go
            times = process.cpu_times()
            spent += times.user + times.system
    return spent


def _batch_seconds(worker: HubProcess) -> float:
    return _figure(worker, 'crosswalk_batch_seconds_sum{sync="customers"}')


def _identities(worker: HubProcess) -> float:
    return _figure(worker, 'crosswalk_identities_reconciled_total{outcome="written",sync="customers"}')


def _figure(worker: HubProcess, name: str) -> float:
    with urllib.request.urlopen(f"{worker.announcement['monitoring_url']}/metrics", timeout=10) as answer:  # noqa: S310
        lines = answer.read().decode().splitlines()
    return next((float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"{name} ")), 0.0)
