"""What is left of a process that was killed: nobody whom it started, and nothing on the disk after the next start."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest

from crosswalk.cli.counter_folder import counter_folder

DEADLINE_S = 60.0

CHILD = """
import signal, sys, time
from crosswalk.cli.parent import end_with_parent
if sys.argv[1] == "hangs":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
end_with_parent(0.2)
print("up", flush=True)
time.sleep(600)
"""

PARENT = """
import subprocess, sys, time
command = [sys.executable, "-c", sys.argv[1], sys.argv[2]]
child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(600)
"""

FOUNDER = """
import sys, time
from crosswalk.cli.counter_folder import counter_folder
with counter_folder() as folder:
    print(folder, flush=True)
    time.sleep(600)
"""

MEMBER = """
import sys, time
from pathlib import Path
from crosswalk.cli.counter_folder import hold
hold(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(600)
"""


def started(program: str, *arguments: str) -> tuple[subprocess.Popen[str], str]:
    """A process, once it is up, and what it said then."""
    process = subprocess.Popen([sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def killed(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait(DEADLINE_S)
    if process.stdout is not None:
        process.stdout.close()


@pytest.mark.parametrize("kind", ["ends", "hangs"])
def test_a_process_ends_when_the_one_that_started_it_is_killed(kind: str):
    parent, child = started(PARENT, CHILD, kind)

    killed(parent)

    until = time.monotonic() + DEADLINE_S
    while _lives(int(child)):
        assert time.monotonic() < until, "the child outlived its parent"
        time.sleep(0.02)


def test_counters_that_a_killed_process_left_go_with_the_last_that_uses_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    founder, folder = started(FOUNDER)
    member, _ = started(MEMBER, folder)

    killed(founder)
    with counter_folder() as own:
        while_a_member_lives = Path(folder).exists()
    killed(member)
    with counter_folder() as next_own:
        left = sorted(path.name for path in tmp_path.glob("crosswalk-counters-*"))

    assert while_a_member_lives
    assert left == [next_own.name]
    assert not own.exists()
    assert not next_own.exists()


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
