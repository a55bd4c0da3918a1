"""Changed identities a second with one, two and four workers, against an org that takes a quarter of a second a call.

All events are in the inbox, in eight lanes, and become due at one moment, when all workers run. Beside it, what a
script does that upserts one record after the other: four a second. And the memory of one worker that starts with a
backlog of 200,000 events.
"""

from collections.abc import Callable
from pathlib import Path

from bench.end_to_end import LATENCY_MS, PEOPLE, watch_memory
from bench.system import BenchSystem, bench_system
from bench.users import an_event

WORKERS = (1, 2, 4)
LANES = 8
ONE_AFTER_THE_OTHER = 1000 / LATENCY_MS

HOLD = """
WITH held AS (UPDATE due SET not_before = 'infinity' WHERE outcome IS NULL RETURNING seq)
SELECT count(*) FROM held
"""
RELEASE = """
WITH released AS (UPDATE due SET not_before = '-infinity' WHERE outcome IS NULL RETURNING seq)
SELECT extract(epoch FROM clock_timestamp())::float8 FROM released LIMIT 1
"""

BACKLOG = 200_000
MEMORY_MB = 350


def run(folder: Path, report: Callable[[str], None]) -> dict[str, float]:
    """Measure `crosswalk worker` processes."""
    figures: dict[str, float] = {}
    with bench_system(folder / "scaling", lanes=LANES) as system:
        system.start("serve")
        _link(system)
        system.sandbox.settings(latency_ms=LATENCY_MS)
        report(
            f"workers   changed identities/s at {LATENCY_MS} ms a call   times a script of one upsert after the other"
        )
        for revision, workers in enumerate(WORKERS, 1):
            rate = _race(system, revision, workers)
            report(f"{workers:7}   {rate:37,.0f}   {rate / ONE_AFTER_THE_OTHER:47,.0f}")
            figures[f"scaling_{workers}_workers_per_s"] = rate
    return figures | _backlog(folder / "backlog", report)


def _race(system: BenchSystem, revision: int, workers: int) -> float:
    """Changed identities a second, from the moment at which everybody is due to the last one that is written."""
    system.send([an_event(number, revision=revision) for number in range(PEOPLE)])
    system.value(HOLD)
    running = [system.start("worker") for _ in range(workers)]
    released = system.value(RELEASE)
    system.wait_until_done()
    seconds = system.value("SELECT extract(epoch FROM max(finished_at))::float8 FROM due") - released
    for worker in running:
        worker.stop()
    return PEOPLE / float(seconds)


def _backlog(folder: Path, report: Callable[[str], None]) -> dict[str, float]:
    """One worker and 200,000 events, about people who changed twenty times each."""
    with bench_system(folder) as system:
        system.start("serve")
        _link(system)
        before = _calls(system)
        for revision in range(1, BACKLOG // PEOPLE + 1):
            system.send([an_event(number, revision=revision) for number in range(PEOPLE)])
        worker = system.start("worker")
        peak_mb = watch_memory(worker.pid, lambda: system.wait_until_done(BACKLOG / 200))
        calls = _calls(system) - before
        written = system.value("SELECT count(*) FROM due WHERE outcome = 'written'") - PEOPLE
    report(
        f"one worker with {BACKLOG:,} events due: {peak_mb:.0f} MB resident at most (target {MEMORY_MB}), "
        f"{calls} calls for {written:,} identities that were written: {1000 * calls / written:.1f} for 1,000"
    )
    return {"backlog_rss_mb": peak_mb, "backlog_calls_per_1000": 1000 * calls / written}


def _link(system: BenchSystem) -> None:
    worker = system.start("worker")
    system.link_users(PEOPLE)
    worker.stop()


def _calls(system: BenchSystem) -> int:
    calls = system.sandbox.calls()["by_path"]
    return sum(count for path, count in calls.items() if "/services/data/" in path)
