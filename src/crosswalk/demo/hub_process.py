"""A hub as a child process: `crosswalk run` with its announcement read back."""

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from crosswalk.demo.errors import DemoFailed

READY_WITHIN_S = 60.0
STOP_WITHIN_S = 20.0


class HubProcess:
    """`crosswalk run|serve|worker` on a configuration, from `with` to its end.

    Parameters
    ----------
    config_file
        The configuration to run.
    command
        `run`, `serve` or `worker`.
    options
        Further options of the command.
    log_file
        Where its log goes; appended to.
    environ
        Environment variables besides this process's own.
    """

    def __init__(
        self,
        config_file: Path,
        *,
        command: str = "run",
        options: Sequence[str] = (),
        log_file: Path,
        environ: dict[str, str] | None = None,
    ) -> None:
        self._command = [sys.executable, "-m", "crosswalk", command, "--config", str(config_file), "--json"]
        self._command += ["--exit-with-parent", *options]
        self._log_file = log_file
        self._environ = {**os.environ, **(environ or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self.announcement: dict[str, Any] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process id of the running hub."""
        if self._process is None:
            raise DemoFailed("the hub does not run")
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it is up.

        Raises
        ------
        DemoFailed
            It did not come up; the message carries the end of its log.
        """
        with self._log_file.open("ab") as log:
            process = self._launch(self._command, self._environ, log)
        self._process = process
        lines: queue.Queue[bytes] = queue.Queue()
        threading.Thread(target=_read_lines, args=(process, lines), daemon=True).start()
        try:
            self.announcement = json.loads(lines.get(timeout=READY_WITHIN_S))
        except (queue.Empty, ValueError) as error:
            self.stop()
            log_end = "\n".join(self._log_file.read_text(errors="replace").splitlines()[-15:])
            raise DemoFailed(
                f"the hub did not come up within {READY_WITHIN_S:g} s; its log ends:\n{log_end}"
            ) from error

    def _launch(self, command: list[str], environ: dict[str, str], log: IO[bytes]) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(  # noqa: S603  # our own module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environ,
            start_new_session=True,  # Ctrl-C is ours to handle: the hub is stopped in order, not all at once
        )

    def stop(self) -> None:
        """Stop it in order; kill it when it does not go."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_WITHIN_S)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def check(self) -> None:
        """Raise `DemoFailed` when the hub has ended by itself."""
        if self._process is not None and self._process.poll() is not None:
            raise DemoFailed(f"the hub ended with exit code {self._process.returncode}; see {self._log_file}")

    def kill(self) -> None:
        """Kill it on the spot, as a crash would."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait(STOP_WITHIN_S)


def _read_lines(process: "subprocess.Popen[bytes]", lines: "queue.Queue[bytes]") -> None:
    if process.stdout is not None:
        with contextlib.suppress(ValueError):  # closed while it was read
            for line in process.stdout:
                lines.put(line)
    lines.put(b"")
