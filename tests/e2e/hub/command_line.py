"""The commands, run as a person runs them, against a system whose hub does not have to be up."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from crosswalk_sandbox.process import SandboxProcess
from tests.databases import Databases
from tests.e2e.hub.conftest import System


def crosswalk(system: System, *arguments: str, config_file: str = "crosswalk.yaml") -> subprocess.CompletedProcess[str]:
    """Run `crosswalk ARGUMENTS --config …` in the system's folder, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "crosswalk", *arguments, "--config", config_file],
        cwd=system.configure().parent,
        env={**os.environ, **system.environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextmanager
def a_lasting_system(sandbox: SandboxProcess, databases: Databases, folder: Path) -> Iterator[System]:
    """A system that several tests of a module look at, none of which may change anything."""
    sandbox.reset()
    with databases.lend() as uri, ExitStack() as stack:
        yield System(sandbox, folder, uri, stack)
