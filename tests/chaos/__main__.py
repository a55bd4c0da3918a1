"""`python -m tests.chaos`: runs from consecutive seeds, a line for each; exit code 1 when one of them is not right."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from crosswalk_sandbox.process import SandboxProcess
from tests.chaos.database import prepare
from tests.chaos.one_run import Outcome, run
from tests.chaos.schedule import Schedule, draw
from tests.chaos.wall_clock import make_library

IN_A_NAMESPACE = "CROSSWALK_CHAOS_NAMESPACE"
SHOWN = 25


def main() -> int:
    """Run, and report."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--runs", type=int, default=1, help="how many runs, from consecutive seeds")
    parser.add_argument("--seed", type=int, default=1, help="the seed of the first run")
    parser.add_argument("--at-once", type=int, default=1, help="how many runs go side by side")
    parser.add_argument("--every", type=int, default=1, help="from one run's seed to the next one's")
    parser.add_argument("--keep", type=Path, help="where the logs of a run that is not right go")
    options = parser.parse_args()
    _mount_for_ourselves_alone()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # so that every process goes with us
    seeds = range(options.seed, options.seed + options.runs * options.every, options.every)
    if options.at_once > 1:
        return _side_by_side(seeds, options.at_once, options.keep)
    began = time.monotonic()
    # A short path: PostgreSQL's socket lies below it, and a socket's path holds about a hundred characters.
    with tempfile.TemporaryDirectory(prefix="cw-ch-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        prepare(folder / "prepared")
        clock_library = make_library(folder)
        if clock_library is None:
            _say("the hub's own clocks stay right: that they jump takes Linux and a C compiler (cc)")
        with SandboxProcess(folder / "sandbox") as sandbox:
            outcomes = ((seed, _run(seed, folder, sandbox, clock_library, options.keep)) for seed in seeds)
            bad = [seed for seed, outcome in outcomes if not _report(draw(seed), outcome)]
    took = f"{options.runs} runs in {time.monotonic() - began:.0f} s"
    if bad:
        _say(f"{took}, {len(bad)} of them went wrong. Again: " + " && ".join(map(_again, bad)))
        return 1
    _say(f"{took}: nothing lost, nothing twice, both sides as they should be")
    return 0


def _side_by_side(seeds: range, at_once: int, keep: Path | None) -> int:
    """Share the seeds out among processes, each with a sandbox of its own."""
    parts = [part for number in range(at_once) if (part := seeds[number::at_once])]
    command = [sys.executable, "-m", "tests.chaos", *([] if keep is None else ["--keep", str(keep)])]
    children = [
        subprocess.Popen([*command, "--runs", str(len(part)), "--seed", str(part.start), "--every", str(part.step)])
        for part in parts
    ]
    try:
        codes = [child.wait() for child in children]
    finally:
        for child in children:
            child.terminate()
            child.wait()
    return int(any(codes))


def _run(seed: int, folder: Path, sandbox: SandboxProcess, clock_library: Path | None, keep: Path | None) -> Outcome:
    place = folder / f"run{seed}"
    place.mkdir()
    outcome = run(seed, place, sandbox, folder / "prepared", clock_library)
    if outcome.wrong and keep is not None:
        ignored = shutil.ignore_patterns("disk", "state")
        shutil.copytree(place, keep / f"run{seed}", dirs_exist_ok=True, ignore=ignored)
    shutil.rmtree(place, ignore_errors=True)
    return outcome


def _report(schedule: Schedule, outcome: Outcome) -> bool:
    troubles = ", ".join(each.trouble.value for each in schedule.incidents)
    rules = ", ".join(str(each["name"]) for each in schedule.rules)
    _say(
        f"seed {outcome.seed}: {outcome.changes:,} changes; {troubles}; {rules} ({outcome.injected:,} vendor faults); "
        f"{outcome.calls:,} calls to the org; up after {outcome.started_s:.1f} s, "
        f"changed for {outcome.driven_s:.1f} s, quiet {outcome.quiet_s:.1f} s later, {outcome.seconds:.1f} s in all; "
        f"disk: {outcome.disk}; {'WRONG' if outcome.wrong else 'right'}"
    )
    for each in outcome.wrong[:SHOWN]:
        _say(f"    {each}")
    if len(outcome.wrong) > SHOWN:
        _say(f"    and {len(outcome.wrong) - SHOWN} more")
    return not outcome.wrong


def _again(seed: int) -> str:
    return f"make chaos CHAOS_RUNS=1 CHAOS_SEED={seed}"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _mount_for_ourselves_alone() -> None:
    """Begin again in a mount namespace of our own where that can be had: its mounts end with us, however we end."""
    if os.environ.get(IN_A_NAMESPACE) or os.geteuid() != 0 or (unshare := shutil.which("unshare")) is None:
        return
    os.environ[IN_A_NAMESPACE] = "1"
    inner = [sys.executable, "-m", "tests.chaos", *sys.argv[1:]]
    # Where it may not, the runs go on without.
    if subprocess.run([unshare, "--mount", "true"], check=False, capture_output=True).returncode == 0:
        os.execv(unshare, [unshare, "--mount", *inner])  # noqa: S606  # ourselves


if __name__ == "__main__":
    sys.exit(main())
