"""Commands as processes that are forked from one which has imported the program already.

To import it is most of what the start of a worker takes. Apart from that they are like any other process: they run the
command, and can be killed.
"""

import os
import sys
from multiprocessing import get_context, parent_process
from multiprocessing.process import BaseProcess
from pathlib import Path

from tests.e2e.hub.conftest import System

_forks = get_context("forkserver")
_forks.set_forkserver_preload(["crosswalk.cli.main", "crosswalk.cli.process", __name__])


def start_worker(system: System) -> BaseProcess:
    """Start `crosswalk worker`; it ends with the test at the latest."""
    return start_forked(system, "worker", "--exit-with-parent")


def start_forked(system: System, command: str, *options: str) -> BaseProcess:
    """Start a command; it ends with the test at the latest."""
    arguments = ["crosswalk", command, "--config", str(system.configure()), "--json", *options]
    log_file = system.folder / f"{command}.log"
    process = _forks.Process(target=_become, args=(arguments, log_file, system.environ), daemon=True)
    process.start()
    system.stack.callback(process.join, 20)
    system.stack.callback(process.terminate)
    return process


def _become(arguments: list[str], log_file: Path, environ: dict[str, str]) -> None:
    """The process that was forked becomes the command; what it would read ends when the tests do."""
    from crosswalk.cli.main import main  # has been imported by the one that this is forked from

    tests = parent_process()
    assert tests is not None
    os.dup2(tests.sentinel, sys.stdin.fileno())
    with log_file.open("ab") as log:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(log.fileno(), stream.fileno())
    os.environ.update(environ)
    sys.argv = arguments
    main()
