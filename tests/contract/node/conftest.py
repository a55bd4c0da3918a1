"""The npm clients, installed once from the lock file, and a way to run a file of `node:test` tests with them."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
INSTALL_SECONDS, RUN_SECONDS = 180, 120

RunNode = Callable[[str, dict[str, str]], str]


@pytest.fixture(scope="session")
def run_node() -> RunNode:
    """A function that runs a test file of this folder with more environment, and returns its report.

    Without Node the tests are skipped, which says so in the summary; in CI that is a failure.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        message = "Node 20 or newer with npm is needed for the contract tests of npm clients"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    _install(npm)

    def run(test_file: str, environment: dict[str, str]) -> str:
        ran = subprocess.run(
            [node, "--test", "--test-reporter=tap", test_file],
            cwd=HERE,
            env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **environment},
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )
        assert ran.returncode == 0, f"{test_file} failed:\n{ran.stdout}\n{ran.stderr}"
        return ran.stdout

    return run


def _install(npm: str) -> None:
    """Install once, whoever of the test processes comes first: two at a time remove each other's files."""
    installed, locked = HERE / "node_modules" / ".package-lock.json", HERE / "package-lock.json"
    with (HERE / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not installed.is_file() or installed.stat().st_mtime < locked.stat().st_mtime:
            subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=HERE, check=True, timeout=INSTALL_SECONDS)
