"""Running a sandbox until the process is asked to stop."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable

from crosswalk_sandbox.server import Sandbox


async def run_until_stopped(
    sandbox: Sandbox, *, when_ready: Callable[[Sandbox], None], exit_with_parent: bool = False
) -> None:
    """Start the sandbox, serve until SIGTERM or SIGINT, and stop it.

    Parameters
    ----------
    sandbox
        What to run.
    when_ready
        Called once it serves.
    exit_with_parent
        Stop also when standard input closes.
    """
    loop, running, is_stopping = asyncio.get_running_loop(), asyncio.current_task(), asyncio.Event()

    def stop() -> None:
        if running is not None and not is_stopping.is_set():
            is_stopping.set()  # a second signal must not disturb the end
            running.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    if exit_with_parent:
        threading.Thread(target=_wait_for_parent, args=(loop, stop), daemon=True).start()
    try:
        async with sandbox:
            when_ready(sandbox)
            await asyncio.Event().wait()
    except asyncio.CancelledError:
        if not is_stopping.is_set():
            raise


def _wait_for_parent(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    """Ask to stop once standard input, a pipe that the parent holds, reaches its end.

    A thread and `os.read`, because a blocked read of `sys.stdin` would hold a lock that the interpreter needs to exit.
    """
    while os.read(0, 4096):
        pass
    loop.call_soon_threadsafe(stop)
