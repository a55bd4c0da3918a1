"""Ending tasks for certain: who lost a lane must not write to it any more."""

import asyncio
from collections.abc import Collection
from typing import Any

AGAIN_S = 0.1


async def end(tasks: "Collection[asyncio.Future[Any]]") -> None:
    """Cancel tasks, again and again, and return once all of them have ended, however they did.

    Once is not enough: up to Python 3.11 `asyncio.wait_for`, with which psycopg's pool waits for connections, loses a
    cancellation that comes together with what was waited for, and the task goes on. Who is cancelled itself meanwhile
    waits for their end all the same.
    """
    cancelled: asyncio.CancelledError | None = None
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        try:
            await asyncio.wait(running, timeout=AGAIN_S)
        except asyncio.CancelledError as error:
            cancelled = error
    for task in tasks:
        if not task.cancelled():
            task.exception()  # marks it as seen
    if cancelled is not None:
        raise cancelled
