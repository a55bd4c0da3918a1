"""Long work on the event loop, done a few milliseconds at a time so that other calls get their turn."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from itertools import islice
from typing import TypeVar

_SLICE_SECONDS = 0.002
_CHUNK = 500

Item = TypeVar("Item")


class Turns:
    """Knows when work has lasted long enough: `await turns.give()` now and then while working."""

    def __init__(self) -> None:
        self._until = time.perf_counter() + _SLICE_SECONDS

    async def give(self) -> None:
        """Let other calls run if this one has had its time."""
        if time.perf_counter() > self._until:
            await asyncio.sleep(0)
            self._until = time.perf_counter() + _SLICE_SECONDS


async def with_turns(items: Iterable[Item]) -> AsyncIterator[list[Item]]:
    """The items as they are now, in chunks between which other calls run."""
    turns, remaining = Turns(), iter(list(items))
    while chunk := list(islice(remaining, _CHUNK)):
        yield chunk
        await turns.give()
