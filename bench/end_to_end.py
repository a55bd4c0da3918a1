"""Changed identities per second that one worker takes from the inbox to the org and the ledger, and its memory.

Once with an org that answers at once (the sandbox without latency, as a process of its own on the same machine), so
that this is the hub's own cost, and once with an org that takes a quarter of a second for each call. All events are in
the inbox before the worker starts.
"""

import threading
from collections.abc import Callable
from pathlib import Path

import psutil

from bench.system import BenchSystem, bench_system
from bench.users import an_event

PEOPLE = 10_000
LATENCY_MS = 250

FINISHED = """
SELECT array_agg(extract(epoch FROM finished_at)::float8 ORDER BY finished_at)
FROM due
WHERE outcome = 'written' AND seq > {}
"""


def run(folder: Path, report: Callable[[str], None]) -> dict[str, float]:
    """Measure one `crosswalk worker`."""
    with bench_system(folder) as system:
        system.start("serve")
        worker = system.start("worker")
        system.link_users(PEOPLE)
        worker.stop()
        rate, peak_mb = _drain(system, revision=1)
        system.sandbox.settings(latency_ms=LATENCY_MS)
        distant, _ = _drain(system, revision=2)
    report(
        f"end to end, org answers at once: {rate:,.0f} changed identities/s on one worker (target 2,000), "
        f"{peak_mb:.0f} MB resident at most (target 250)"
    )
    report(f"end to end, org answers within {LATENCY_MS} ms: {distant:,.0f}/s (target 1,600)")
    return {"end_to_end_per_s": rate, "worker_rss_mb": peak_mb, "end_to_end_250ms_per_s": distant}


def _drain(system: BenchSystem, revision: int) -> tuple[float, float]:
    """Let everybody change, and then a worker deal with it.

    Returns
    -------
    tuple
        Changed identities a second, and the most memory that the worker had resident, in MB.
    """
    before = system.value("SELECT max(seq) FROM due")
    system.send([an_event(number, revision=revision) for number in range(PEOPLE)])
    worker = system.start("worker")
    peak_mb = watch_memory(worker.pid, system.wait_until_done)
    worker.stop()
    finished = system.value(FINISHED.format(int(before)))
    if len(finished) != PEOPLE:
        raise AssertionError(f"{PEOPLE} identities changed, and {len(finished)} were written")
    # From the end of the first batch to the end of the last, so that starting up does not count.
    rate = sum(at > finished[0] + 0.02 for at in finished) / (finished[-1] - finished[0])
    return rate, peak_mb


def watch_memory(pid: int, until: Callable[[], None]) -> float:
    """The most memory that a process had resident while `until` ran, in MB."""
    process = psutil.Process(pid)
    done = threading.Event()
    seen = [process.memory_info().rss]

    def watch() -> None:
        while not done.wait(0.05):
            seen.append(process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        until()
    finally:
        done.set()
        watcher.join()
    return max(seen) / 1e6
