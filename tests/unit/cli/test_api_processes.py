"""Processes that answer requests are kept running: whoever dies, hangs or does not start is replaced, or said."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from crosswalk.api.server import listen
from crosswalk.cli import api_processes
from crosswalk.cli.api_processes import ApiProcesses, ApiProcessLost

DEADLINE_S = 60.0

LIVES = """
import sys, time
place, folder = sys.argv[sys.argv.index("--place") + 1], sys.argv[1]
open(f"{folder}/{place}", "a").write(f"{__import__('os').getpid()}\\n")
print("{}", flush=True)
while True:
    time.sleep(0.05)
    print("alive", flush=True)
"""
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + LIVES
NEVER_READY = "import time; time.sleep(600)"


@asynccontextmanager
async def processes(program: str, folder: Path, number: int = 2) -> AsyncIterator[ApiProcesses]:
    command = [sys.executable, "-c", program, str(folder)]
    group = ApiProcesses(command, number, listen("127.0.0.1", 0), os.environ)
    try:
        yield group
    finally:
        await group.close()


def pids(folder: Path, place: int) -> list[int]:
    """Who had a place, one after another."""
    path = folder / str(place)
    return [int(line) for line in path.read_text().splitlines()] if path.exists() else []


async def eventually(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not holds():  # noqa: ASYNC110  # of another process, which tells nobody
            await asyncio.sleep(0.02)


async def test_one_that_is_killed_is_started_again_and_the_other_stays(tmp_path: Path):
    async with processes(LIVES, tmp_path) as group:
        await group.start()
        assert group.answering == 2
        (first,), (second,) = pids(tmp_path, 1), pids(tmp_path, 2)

        psutil.Process(first).kill()
        await eventually(lambda: len(pids(tmp_path, 1)) == 2 and group.answering == 2)

        assert pids(tmp_path, 2) == [second]
    assert not any(psutil.pid_exists(pid) for pid in (*pids(tmp_path, 1), second))


async def test_one_that_stands_still_is_killed_and_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(api_processes, "SILENT_FOR_S", 2.0)
    monkeypatch.setattr(api_processes, "GRACE_S", 0.0)
    monkeypatch.setattr(api_processes, "CLOSED_WITHIN_S", 0.1)
    async with processes(LIVES, tmp_path, 1) as group:
        await group.start()
        (first,) = pids(tmp_path, 1)

        psutil.Process(first).suspend()
        await eventually(lambda: len(pids(tmp_path, 1)) >= 2 and group.answering == 1)

        assert not psutil.pid_exists(first)


async def test_one_that_does_not_stop_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(api_processes, "GRACE_S", 0.0)
    monkeypatch.setattr(api_processes, "CLOSED_WITHIN_S", 0.2)
    async with processes(DEAF, tmp_path, 1) as group:
        await group.start()
        group.stop()

    assert [psutil.pid_exists(pid) for pid in pids(tmp_path, 1)] == [False]


async def test_processes_that_do_not_come_up_are_an_error_that_says_how_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(api_processes, "READY_WITHIN_S", 0.3)
    async with processes(NEVER_READY, tmp_path) as group:
        with pytest.raises(ApiProcessLost, match="only 0 of 2 processes"):
            await group.start()
