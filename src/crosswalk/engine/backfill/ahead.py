"""Two things at once of a stream: the next piece is made while the one before is dealt with."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import TypeVar

from crosswalk.engine.ending import end

Item = TypeVar("Item")


async def one_ahead(items: AsyncGenerator[Item, None]) -> AsyncGenerator[Item, None]:
    """The items, each next one being made while the caller deals with the one before; never more than one ahead.

    What goes wrong with an item is raised when it is its turn. Whoever stops early has to close this generator, which
    ends the making of the next item and closes `items`.
    """
    async with aclosing(items):
        coming = asyncio.create_task(_next(items))
        try:
            while (found := await coming) is not None:
                coming = asyncio.create_task(_next(items))
                yield found[0]
        finally:
            await end([coming])


async def _next(items: AsyncIterator[Item]) -> tuple[Item] | None:
    """The next item; `None` where there is none."""
    async for item in items:
        return (item,)
    return None
