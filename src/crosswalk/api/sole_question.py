"""A question to the database that is answered within seconds, or counts as not answered.

A server that is frozen, or behind a network that was cut, keeps whoever asks waiting, and takes seconds to give up on:
so nobody waits for that either. The question goes on in the background, and whoever comes meanwhile waits for the same
one: probes that come every few seconds must not use up all connections.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class SoleQuestion(Generic[T]):
    """Asks one thing, once at a time.

    Parameters
    ----------
    ask
        Asks it.
    """

    def __init__(self, ask: Callable[[], Awaitable[T]]) -> None:
        self._ask = ask
        self._asking: asyncio.Task[T] | None = None

    async def answer(self, within_s: float) -> T:
        """Return the answer.

        Raises
        ------
        TimeoutError
            There is none within so many seconds.
        Exception
            Whatever asking raises.
        """
        asking = self._asking
        if asking is None or asking.done():
            asking = self._asking = asyncio.create_task(self._asked())
            asking.add_done_callback(_see_error)
        done, _ = await asyncio.wait([asking], timeout=within_s)
        if not done:
            raise TimeoutError(f"no answer within {within_s:g} s")
        return asking.result()

    async def _asked(self) -> T:
        return await self._ask()


def _see_error(task: asyncio.Task[T]) -> None:
    """Nobody may be waiting any more when it fails."""
    if not task.cancelled():
        task.exception()
