"""How long an accepted event takes to become a write, when little happens: one change at a time, a few a second.

Measured on the database's clock, from the event's arrival to the ledger entry of its write, which comes after the org's
answer; so the write was sent somewhat earlier.
"""

import random
import time
from collections.abc import Callable
from pathlib import Path

from bench.system import bench_system
from bench.users import an_event

CHANGES = 100
PEOPLE = 50

LAGS = """
SELECT percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - received_at) * 1000)
FROM due
WHERE seq > {} AND outcome = 'written'
"""


def run(folder: Path, report: Callable[[str], None]) -> dict[str, float]:
    """Measure with a hub of one process and a sandbox org."""
    pauses = random.Random(7)  # noqa: S311  # the same pauses at each run
    with bench_system(folder) as system:
        system.start("run")
        system.link_users(PEOPLE)
        first = system.value("SELECT max(seq) FROM due")
        for number in range(CHANGES):
            system.send([an_event(number % PEOPLE, revision=1 + number // PEOPLE)])
            time.sleep(pauses.uniform(0.05, 0.35))
        system.wait_until_done()
        p50, p99 = system.value(LAGS.format(int(first)))
        written = system.value("SELECT count(*) FROM due WHERE outcome = 'written'")
    if written != PEOPLE + CHANGES:
        raise AssertionError(f"{PEOPLE + CHANGES} changes were sent, and {written} were written")
    report(f"event accepted to write in the ledger, low load: p50 {p50:.0f} ms, p99 {p99:.0f} ms (targets 300, 1,000)")
    return {"lag_p50_ms": p50, "lag_p99_ms": p99}
