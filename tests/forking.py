"""Our programs as processes that are forked from one which has imported the programs already.

To import them is most of what a start takes, and no different each time. Apart from that such a process is like one of
`subprocess.Popen`: with streams, an id and an exit code of its own, and killed like any other. Tests of the start
itself, and of several processes that answer requests, start programs anew.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, BinaryIO, cast

from crosswalk.demo.hub_process import HubProcess
from crosswalk_sandbox.process import SandboxProcess

_forks = get_context("forkserver")
_forks.set_forkserver_preload(["tests.forked", __name__])


class Forked:
    """A process of one of our programs, as far as it is like a `subprocess.Popen`.

    Parameters
    ----------
    program, arguments
        `crosswalk` or `crosswalk_sandbox`, and what it is told.
    environ
        All its environment variables.
    folder
        Where it works; where we do by default.
    stdout, stderr
        Files to write to; without, the attribute of that name is a pipe.
    """

    def __init__(
        self,
        program: str,
        arguments: Sequence[str],
        *,
        environ: Mapping[str, str],
        folder: Path | None = None,
        stdout: IO[bytes] | None = None,
        stderr: IO[bytes] | None = None,
    ) -> None:
        its_input, our_output = os.pipe()
        our_input, its_output = _pipe_or(stdout)
        our_errors, its_errors = _pipe_or(stderr)
        streams = [
            Connection(its_input, writable=False),
            Connection(its_output, readable=False),
            Connection(its_errors, readable=False),
        ]
        become = (program, list(arguments), dict(environ), folder or Path.cwd(), *streams)
        self._process = _forks.Process(target=_become, args=become, daemon=True)
        self._process.start()
        for stream in streams:
            stream.close()
        self.stdin: BinaryIO = os.fdopen(our_output, "wb", buffering=0)
        self.stdout: BinaryIO | None = None if our_input is None else os.fdopen(our_input, "rb")
        self.stderr: BinaryIO | None = None if our_errors is None else os.fdopen(our_errors, "rb")

    @property
    def pid(self) -> int:
        """Its process id."""
        return cast("int", self._process.pid)

    @property
    def returncode(self) -> int | None:
        """Its exit code, once it has ended; the negative number of the signal that killed it."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """The exit code; `None` while it runs."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end, so many seconds at most; returns the exit code."""
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired("crosswalk", timeout or 0)
        return self.returncode

    def terminate(self) -> None:
        """Ask it to stop."""
        self._process.terminate()

    def kill(self) -> None:
        """End it on the spot."""
        self._process.kill()


class ForkedHub(HubProcess):
    """A hub process that is forked."""

    def _launch(self, command: list[str], environ: dict[str, str], log: IO[bytes]) -> "subprocess.Popen[bytes]":
        _python, _m, _crosswalk, *arguments = command
        return cast("subprocess.Popen[bytes]", Forked("crosswalk", arguments, environ=environ, stderr=log))


class ForkedSandbox(SandboxProcess):
    """A sandbox whose process is forked."""

    def _launch(self, command: list[str]) -> "subprocess.Popen[bytes]":
        _python, _m, program, *arguments = command
        return cast("subprocess.Popen[bytes]", Forked(program, arguments, environ=os.environ))


def run_forked(
    arguments: Sequence[str], folder: Path, environ: Mapping[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run `crosswalk ARGUMENTS` to its end, as `subprocess.run` does."""
    with ExitStack() as stack:
        outputs = [stack.enter_context(TemporaryFile()) for _ in range(2)]
        process = Forked("crosswalk", arguments, environ=environ, folder=folder, stdout=outputs[0], stderr=outputs[1])
        process.stdin.close()
        try:
            code = process.wait(timeout)
        finally:
            process.kill()
        for output in outputs:
            output.seek(0)
        return subprocess.CompletedProcess(list(arguments), code, *(output.read().decode() for output in outputs))


def _pipe_or(file: IO[bytes] | None) -> tuple[int | None, int]:
    """The two ends of a pipe, or only the file to write to."""
    return os.pipe() if file is None else (None, os.dup(file.fileno()))


def _become(
    program: str,
    arguments: list[str],
    environ: dict[str, str],
    folder: Path,
    stdin: "Connection[object, object]",
    stdout: "Connection[object, object]",
    stderr: "Connection[object, object]",
) -> None:
    """Turn the process that was forked into the program, in a session of its own."""
    from tests.forked import run

    os.setsid()
    for number, stream in enumerate((stdin, stdout, stderr)):
        os.dup2(stream.fileno(), number)
        stream.close()
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  # for good
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(folder)
    run(program, arguments)
