"""The suite's clocks jump while a process runs, and what does not go by the wall clock does not notice."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos.wall_clock import WallClock, make_library

PROGRAM = """
import datetime, sys, threading, time
def seen():
    print(time.time(), datetime.datetime.now(datetime.UTC).timestamp(), time.monotonic(), flush=True)
seen()
sys.stdin.readline()
threading.Event().wait(0.01)
seen()
"""


@pytest.mark.parametrize("jump_s", [7_200.0, -7_200.0])
def test_a_clock_jumps_while_its_process_runs_and_is_wrong_for_the_next_one_too(tmp_path: Path, jump_s: float):
    library = make_library(tmp_path)
    if library is None:
        pytest.skip("that the hub's own clocks jump takes Linux and a C compiler (cc)")
    clock = WallClock(library, tmp_path / "clock")

    first, before = _started(clock)
    clock.jump(jump_s)
    after = _later(first)
    second, restarted = _started(clock)
    _later(second)

    moved = [now - then for now, then in zip(after, before, strict=True)]
    assert [round(each, -2) for each in moved] == [jump_s, jump_s, 0]
    assert [round(now - then, -2) for now, then in zip(restarted, after, strict=True)] == [0, 0, 0]


def _started(clock: WallClock) -> "tuple[subprocess.Popen[str], list[float]]":
    """A process, and what its clocks say."""
    environ = {**os.environ, **clock.environ}
    pipe = subprocess.PIPE
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], stdin=pipe, stdout=pipe, text=True, env=environ)
    assert process.stdout is not None
    return process, [float(each) for each in process.stdout.readline().split()]


def _later(process: "subprocess.Popen[str]") -> list[float]:
    """What the clocks of the same process say now, after a short wait; it ends then."""
    said, _ = process.communicate("\n", timeout=60)
    return [float(each) for each in said.split()]
