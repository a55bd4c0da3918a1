"""How long a lane stands still when its worker is killed in the middle of a call: `kill -9` until the work goes on.

Once with another worker that is there already and takes over, and once with one that a service manager starts anew.
"""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

from bench.system import BenchSystem, bench_system, wait_for
from bench.users import an_event

TIMES = 3
PEOPLE = 200
CALL_MS = 10_000
"""So long a call takes that the worker dies in it; afterwards the org answers at once."""

UNDER_WAY = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'"
DONE = "SELECT count(*) FROM due WHERE outcome IS NOT NULL"


def run(folder: Path, report: Callable[[str], None]) -> dict[str, float]:
    """Kill a worker several times, and measure until its events are dealt with by another one."""
    with bench_system(folder) as system:
        system.start("serve")
        worker = system.start("worker")
        system.link_users(PEOPLE)
        worker.stop()
        taken_over = [_recovery(system, number, heir=True) for number in range(1, TIMES + 1)]
        restarted = [_recovery(system, TIMES + number, heir=False) for number in range(1, TIMES + 1)]
    report(
        f"recovery after kill -9 of a worker in mid-call: another worker goes on within "
        f"{statistics.median(taken_over):.1f} s (at most {max(taken_over):.1f} s of {TIMES} times), a worker that is "
        f"started anew within {statistics.median(restarted):.1f} s (at most {max(restarted):.1f} s)"
    )
    return {
        "recovery_taken_over_s": statistics.median(taken_over),
        "recovery_restarted_s": statistics.median(restarted),
    }


def _recovery(system: BenchSystem, revision: int, *, heir: bool) -> float:
    """Seconds from the end of a worker until another one has dealt with its events."""
    system.sandbox.settings(latency_ms=CALL_MS)
    doomed = system.start("worker")
    before = system.value(DONE)
    system.send([an_event(number, revision) for number in range(PEOPLE)])
    wait_for(lambda: system.value(UNDER_WAY) == 1, "the worker is at it")
    left = system.start("worker") if heir else None
    doomed.kill()
    began = time.monotonic()
    system.sandbox.settings(latency_ms=0)
    if left is None:
        left = system.start("worker")
    wait_for(lambda: system.value(DONE) > before, "the work goes on")
    seconds = time.monotonic() - began
    system.wait_until_done()
    left.stop()
    return seconds
