"""`python -m bench [NAME ...]`: run the benchmarks, print the figures and write `bench/results.json`."""

import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import (
    allowance,
    backfill,
    calls,
    core,
    drift,
    end_to_end,
    growth,
    intake,
    lag,
    life,
    look_ups,
    matching,
    recovery,
    sandbox,
    scaling,
)

RESULTS = Path(__file__).parent / "results.json"

Benchmark = Callable[[Path, Callable[[str], None]], dict[str, float]]

BENCHMARKS: dict[str, Benchmark] = {
    "core": lambda _, report: core.run(report),
    "intake": intake.run,
    "calls": calls.run,
    "allowance": allowance.run,
    "lag": lag.run,
    "end_to_end": end_to_end.run,
    "scaling": scaling.run,
    "recovery": recovery.run,
    "growth": growth.run,
    "look_ups": look_ups.run,
    "drift": drift.run,
    "backfill": backfill.run,
    "matching": matching.run,
    "sandbox": sandbox.run,
}

LONG: dict[str, Benchmark] = {"life": life.run}
"""Measured by name alone: they take minutes."""


def main(names: list[str]) -> None:
    """Run the named benchmarks, or all."""
    every = BENCHMARKS | LONG
    unknown = set(names) - every.keys()
    if unknown:
        sys.exit(f"unknown benchmark {', '.join(sorted(unknown))}; there are: {', '.join(every)}")
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}", flush=True)
    # A run of some keeps the figures of the others.
    results: dict[str, float] = json.loads(RESULTS.read_text()) if names and RESULTS.exists() else {}
    for name in names or BENCHMARKS:
        # A short path: PostgreSQL's socket lies in it.
        with tempfile.TemporaryDirectory(prefix="cw-bench-") as folder:
            results |= every[name](Path(folder), lambda line: print(line, flush=True))
    RESULTS.write_text(json.dumps({name: round(value, 2) for name, value in results.items()}, indent=2) + "\n")
    print(f"written to {RESULTS}")


if __name__ == "__main__":
    main(sys.argv[1:])
