"""A day of a busy tenant in minutes: `make life`.

The org's clock, by which it counts its calls of 24 hours, runs so much faster that its day lasts `LIFE_SECONDS`. In
that day people log in a million times and change their profile 50,000 times, most of them at noon. The logins come in
the tenant's log stream, and nothing in Salesforce hangs on them: there are no activity flows, so they have to be taken
in, told apart and left alone. The hub's own clock is the computer's: the delays below are what people wait, under a
load that is as many times a real day's.

`LIFE_SHARE=0.01` makes it quick.
"""

import asyncio
import math
import os
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from bench.senders import send_in_time
from bench.system import BenchSystem, bench_system
from bench.users import TENANT, an_event

SHARE = float(os.environ.get("LIFE_SHARE", "1"))
DAY_S = float(os.environ.get("LIFE_SECONDS", "480")) * max(SHARE, 0.02)
LOGINS = round(1_000_000 * SHARE)
CHANGES = round(50_000 * SHARE)
PEOPLE = round(20_000 * SHARE)
LOGS_A_CALL = 100
"""The vendor's log streams send up to so many at once."""
CALLS_A_DAY = 100_000
RESERVE = 0.2
TARGET_S = 60.0
STEPS = 500

DELAYS = """
SELECT percentile_cont(ARRAY[0.5, 0.99, 1])
    WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - received_at)::float8)
FROM due
WHERE seq > {}
"""
OUTCOMES = "SELECT json_object_agg(outcome, number) FROM (SELECT outcome, count(*) AS number FROM due GROUP BY 1) AS o"
REFUSED = "SELECT count(*) FROM problems WHERE code = 'REQUEST_LIMIT_EXCEEDED'"


def run(folder: Path, report: Callable[[str], None]) -> dict[str, float]:
    """Live a day with an API and two workers."""
    with bench_system(folder) as system:
        config = folder / "crosswalk.yaml"
        both = 'sources: {log_stream: {token: "${BENCH_TOKEN}"}, event_stream:'
        config.write_text(config.read_text().replace("sources: {event_stream:", both))
        for command in ("serve", "worker", "worker"):
            system.start(command)
        system.link_users(PEOPLE)
        system.sandbox.settings(daily_limit=CALLS_A_DAY)
        first, before = int(system.value("SELECT max(seq) FROM due")), _calls(system)
        system.sandbox.clock(speed=86_400 / DAY_S)
        late_s = asyncio.run(send_in_time(system.port, _day()))
        system.wait_until_done()
        system.sandbox.clock(speed=1.0)
        return _judge(system, report, first, _calls(system) - before, late_s)


def _judge(
    system: BenchSystem, report: Callable[[str], None], first: int, calls: int, late_s: float
) -> dict[str, float]:
    p50, p99, most = system.value(DELAYS.format(first))
    arrived = system.value("SELECT count(*) FROM inbox")
    if arrived != PEOPLE + LOGINS + CHANGES:
        raise AssertionError(f"{PEOPLE + LOGINS + CHANGES:,} events were sent, and {arrived:,} are in the inbox")
    outcomes = system.value(OUTCOMES)
    if outcomes.keys() - {"written", "unchanged"}:
        raise AssertionError(f"every change is written, and every one that was overtaken changes nothing: {outcomes}")
    if most > TARGET_S:
        raise AssertionError(f"a profile change took {most:.1f} s, and {TARGET_S:.0f} s is the most that it may")
    if calls > CALLS_A_DAY * (1 - RESERVE) or system.value(REFUSED):
        raise AssertionError(f"{calls:,} calls, and {CALLS_A_DAY * (1 - RESERVE):,.0f} is the most that it may be")
    report(
        f"a day in {DAY_S:.0f} s ({86_400 / DAY_S:.0f} times as fast): {LOGINS:,} logins, {CHANGES:,} profile changes "
        f"of {PEOPLE:,} people, written after p50 {p50:.2f} s, p99 {p99:.2f} s, at most {most:.1f} s "
        f"(target {TARGET_S:.0f}); "
        f"{calls:,} of {CALLS_A_DAY:,} calls; senders at most {late_s:.1f} s late"
    )
    return {"life_day_s": DAY_S, "life_change_p99_s": p99, "life_change_max_s": most, "life_calls": calls}


def _day() -> Iterator[tuple[float, str, bytes]]:
    """Everything that the tenant tells in a day, in its order: logs a hundred at a time, changes one by one."""
    chance = random.Random(24)  # noqa: S311  # the same day at each run
    revisions: dict[int, int] = {}
    logged, changed = 0, 0
    for step in range(STEPS):
        share, at = _share(step + 1), DAY_S * step / STEPS
        while logged < LOGINS * share:
            number = min(LOGS_A_CALL, LOGINS - logged)
            yield at, f"/intake/auth0/{TENANT}/logs", _logins(chance, logged, number)
            logged += number
        while changed < CHANGES * share:
            person = chance.randrange(PEOPLE)
            revisions[person] = revisions.get(person, 0) + 1
            yield at, f"/intake/auth0/{TENANT}/events", an_event(person, revisions[person])
            changed += 1


def _share(step: int) -> float:
    """How much of a day's work is done after so many of its steps; half as much at night as on average."""
    at = step / STEPS
    return 1.0 if step == STEPS else at - 0.5 / math.tau * math.sin(math.tau * at)


def _logins(chance: random.Random, first: int, number: int) -> bytes:
    """Successful logins as a log stream sends them."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return msgspec.json.encode(
        [
            {
                "log_id": f"9002026{first + each:018d}",
                "data": {
                    "log_id": f"9002026{first + each:018d}",
                    "date": now,
                    "type": "s",
                    "description": "Successful login",
                    "connection": "Username-Password-Authentication",
                    "client_id": "benchmark",
                    "client_name": "Shop",
                    "ip": "203.0.113.7",
                    "user_agent": "Firefox",
                    "hostname": "acme.auth0app.com",
                    "user_id": f"auth0|{chance.randrange(PEOPLE):024x}",
                },
            }
            for each in range(number)
        ]
    )


def _calls(system: BenchSystem) -> int:
    total: int = system.sandbox.calls()["total"]
    return total
