"""The commands, run as a person runs them, against a system whose hub does not have to be up."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from crosswalk_sandbox.process import SandboxProcess
from tests.databases import Databases
from tests.e2e.hub.conftest import System
from tests.forking import run_forked


def crosswalk(system: System, *arguments: str, config_file: str = "crosswalk.yaml") -> subprocess.CompletedProcess[str]:
    """Run `crosswalk ARGUMENTS --config …` in the system's folder, to its end."""
    folder = system.configure().parent
    return run_forked([*arguments, "--config", config_file], folder, {**os.environ, **system.environ}, timeout=60)


@contextmanager
def a_lasting_system(sandbox: SandboxProcess, databases: Databases, folder: Path) -> Iterator[System]:
    """A system that several tests of a module look at, none of which may change anything."""
    sandbox.reset()
    with databases.lend() as uri, ExitStack() as stack:
        yield System(sandbox, folder, uri, stack)
