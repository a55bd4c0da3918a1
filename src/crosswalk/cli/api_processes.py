"""Several processes that answer requests on one listening socket, each kept running by the process that started them.

Each is a `crosswalk serve` of its own, with its own connections and group commits; the kernel hands every connection to
one of them. What must be done once (migrations, the embedded PostgreSQL, probes and metrics on their own port, and all
that a worker does) stays with the process that started them. They tell it every second that they live: one that is
silent for long is killed, and one that ended is started again.
"""

import asyncio
import socket
from collections.abc import Mapping, Sequence
from functools import partial

import structlog

from crosswalk.api.server import GRACE_S
from crosswalk.domain.errors import CrosswalkError
from crosswalk.engine import metrics
from crosswalk.engine.supervise import keep_running

log = structlog.get_logger()

READY_WITHIN_S = 60.0
BEAT_EVERY_S = 1.0
SILENT_FOR_S = 30.0
"""A process that is busy for so long answers nobody either."""

CLOSED_WITHIN_S = 3.0
"""So much longer than its requests a process may take to end."""


class ApiProcessLost(CrosswalkError):
    """A process that answers requests ended, or did not start."""


class ApiProcesses:
    """Starts them and keeps them running until told to stop.

    Parameters
    ----------
    command
        How one is started, without its place and its socket.
    number
        How many.
    listener
        Where they accept connections; closed here as soon as they are to stop, so that nobody waits for an answer.
    environ
        Their environment variables.
    """

    def __init__(
        self, command: Sequence[str], number: int, listener: socket.socket, environ: Mapping[str, str]
    ) -> None:
        self._command = command
        self._number = number
        self._listener = listener
        self._environ = environ
        self._up: dict[int, asyncio.Event] = {place: asyncio.Event() for place in range(1, number + 1)}
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False

    @property
    def answering(self) -> int:
        """How many are up."""
        return sum(each.is_set() for each in self._up.values())

    async def start(self) -> None:
        """Start them all, and return when they are up.

        Raises
        ------
        ApiProcessLost
            Not all came up within a minute.
        """
        self._tasks = [
            asyncio.create_task(keep_running(f"api {place}", partial(self._run, place))) for place in self._up
        ]
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                await asyncio.gather(*(each.wait() for each in self._up.values()))
        except TimeoutError as error:
            raise ApiProcessLost(
                f"only {self.answering} of {self._number} processes that answer requests came up within "
                f"{READY_WITHIN_S:g} s: the log says why the others did not"
            ) from error

    def stop(self) -> None:
        """Let no more connections come, and tell every process to finish the requests under way and end."""
        if self._stopping:
            return
        self._stopping = True
        self._listener.close()
        for task in self._tasks:
            task.cancel()

    async def close(self) -> None:
        """Return when all have ended."""
        self.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, place: int) -> None:
        """Start one and stay with it until it ends, which is an error whatever its reason."""
        descriptor = self._listener.fileno()
        process = await asyncio.create_subprocess_exec(
            *self._command,
            *("--place", str(place), "--listening-on", str(descriptor)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=dict(self._environ),
            pass_fds=(descriptor,),
            start_new_session=True,  # Ctrl-C is for the process that started it, which stops them in order
        )
        try:
            await self._follow(place, process)
        finally:
            self._up[place].clear()
            metrics.API_PROCESSES.set(self.answering)
            await _end(process)
        raise ApiProcessLost(f"process {place} (pid {process.pid}) ended with exit code {process.returncode}")

    async def _follow(self, place: int, process: asyncio.subprocess.Process) -> None:
        """Read what it says until it ends."""
        within_s = READY_WITHIN_S
        while True:
            try:
                async with asyncio.timeout(within_s):
                    line = await _line_of(process)
            except TimeoutError as error:
                if process.returncode is None:
                    process.kill()
                raise ApiProcessLost(f"process {place} (pid {process.pid}) was silent for {within_s:g} s") from error
            if not line:
                return
            if not self._up[place].is_set():
                log.info("api_process_started", place=place, pid=process.pid)
                self._up[place].set()
                metrics.API_PROCESSES.set(self.answering)
            within_s = SILENT_FOR_S


async def _line_of(process: asyncio.subprocess.Process) -> bytes:
    if process.stdout is None:
        raise AssertionError("stdout is a pipe")
    return await process.stdout.readline()


async def _end(process: asyncio.subprocess.Process) -> None:
    """Let it finish its requests; kill it when that takes too long."""
    if process.returncode is not None:
        return
    process.terminate()
    # Not `asyncio.timeout`: up to Python 3.11.2 it never says so in a task that was cancelled, as this one is.
    ending = asyncio.ensure_future(process.wait())
    if not (await asyncio.wait([ending], timeout=GRACE_S + CLOSED_WITHIN_S))[0]:
        log.error("api_process_killed", pid=process.pid)
        process.kill()
    await ending
