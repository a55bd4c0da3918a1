"""The child process that runs a tenant's Actions: Node, started when first needed and kept warm.

Requests and replies are lines of JSON; `runner/supervisor.mjs` is the other end. It ends overdue Actions itself. Should
it fall silent all the same, its process is killed, what was under way fails, and the next request starts another one.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import IO, Any, cast

import msgspec

from crosswalk_sandbox.auth0.actions.environment import child_environment
from crosswalk_sandbox.auth0.knobs import Knobs

SUPERVISOR = Path(__file__).parent / "runner" / "supervisor.mjs"
# How much longer than its limit an execution may take before its process is given up.
GRACE_SECONDS = 5.0
STOP_SECONDS = 5.0
ATTEMPTS = 2


class ActionError(msgspec.Struct, frozen=True):
    """What an Action threw: the error's name as `id`, and its message."""

    id: str
    msg: str


class Step(msgspec.Struct, frozen=True, rename="camel"):
    """One Action that ran, or began to; the moments are milliseconds since the request."""

    index: int
    started_ms: float
    ended_ms: float | None
    console: str
    error: ActionError | None


class Reply(msgspec.Struct, frozen=True):
    """What came of a request.

    Attributes
    ----------
    effects : dict or None
        What the Actions asked for; None when one of them failed.
    stopped : int or None
        The Action after which no other ran.
    """

    id: int
    steps: list[Step]
    effects: dict[str, Any] | None
    stopped: int | None


class NodeUnavailable(Exception):
    """Actions cannot run here; the message says why."""


class NodeRunner:
    """Runs Actions of one tenant. All methods may be called from any thread."""

    def __init__(self, knobs: Knobs) -> None:
        self._knobs = knobs
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._waiting: dict[int, tuple[subprocess.Popen[bytes], Future[Reply]]] = {}
        self._requests = 0
        self._decoder = msgspec.json.Decoder(Reply)

    def submit(self, request: dict[str, Any]) -> Future[Reply]:
        """Send a request, which gets an ``id``, and return its reply to come.

        Raises
        ------
        NodeUnavailable
            When Node is not there or does not start.
        """
        with self._lock:
            for _ in range(ATTEMPTS):
                process = self._running()
                self._requests += 1
                future: Future[Reply] = Future()
                self._waiting[self._requests] = (process, future)
                line = msgspec.json.encode({**request, "id": self._requests}) + b"\n"
                try:
                    stdin = cast(IO[bytes], process.stdin)
                    stdin.write(line)
                    stdin.flush()
                except OSError:
                    # It ended just now, for whatever reason an Action gave it; the next one has not heard of this.
                    del self._waiting[self._requests]
                    self._process = None
                else:
                    return future
        raise NodeUnavailable("Node ends as soon as it is started")

    def warm_up(self) -> None:
        """Start the process before it is needed, if it can be started at all."""
        with self._lock, contextlib.suppress(NodeUnavailable):
            self._running()

    def give_up(self) -> None:
        """Kill the process, because it does not answer; what is under way fails."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.kill()

    def close(self) -> None:
        """End the process; a later request would start another."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait(STOP_SECONDS)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        node = shutil.which(self._knobs.node_command)
        if node is None:
            raise NodeUnavailable(f"Node was not found (looked for {self._knobs.node_command})")
        try:
            process = subprocess.Popen(  # noqa: S603 - Node, with a file of this package
                [node, "--no-warnings", str(SUPERVISOR)],
                env=child_environment(self._knobs),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise NodeUnavailable(f"Node does not start: {error.strerror}") from error
        self._process = process
        threading.Thread(target=self._read, args=(process,), daemon=True).start()
        return process

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        """Hand out the replies of one process until it ends, and fail those that will not come."""
        stdin, stdout = cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout)
        for line in stdout:
            try:
                reply = self._decoder.decode(line)
            except msgspec.DecodeError:
                # Something that an Action started wrote to the process's own output.
                continue
            with self._lock:
                waiting = self._waiting.pop(reply.id, None)
            if waiting is not None:
                waiting[1].set_result(reply)
        process.wait()
        with self._lock:
            if self._process is process:
                self._process = None
            lost = [number for number, (owner, _) in self._waiting.items() if owner is process]
            futures = [self._waiting.pop(number)[1] for number in lost]
            stdout.close()
            with contextlib.suppress(OSError):
                stdin.close()
        for future in futures:
            future.set_exception(NodeUnavailable("Node ended before the Actions did"))
