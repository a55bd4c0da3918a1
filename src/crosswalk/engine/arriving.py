"""Taking what arrives in groups: whatever came while the previous group was being dealt with is the next one."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TypeVar

Item = TypeVar("Item")


class _End:
    """The items ended, with an error or well."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error


async def groups(items: AsyncGenerator[Item], most: int) -> AsyncGenerator[list[Item]]:
    """Yield items in groups of up to `most`; an error that ends them is raised when all that came before was yielded.

    Items are read on while a group is being dealt with, up to four groups ahead.
    """
    arrived: asyncio.Queue[Item | _End] = asyncio.Queue(maxsize=most * 4)

    async def read() -> None:
        try:
            async with aclosing(items) as stream:
                async for item in stream:
                    await arrived.put(item)
        except Exception as error:  # handed to the other side, which raises it
            await arrived.put(_End(error))
        else:
            await arrived.put(_End(None))

    reader = asyncio.create_task(read())
    try:
        while True:
            group: list[Item] = []
            next_one = await arrived.get()
            while not isinstance(next_one, _End):
                group.append(next_one)
                if len(group) == most or arrived.empty():
                    break
                next_one = arrived.get_nowait()
            if group:
                yield group
            if isinstance(next_one, _End):
                if next_one.error is not None:
                    raise next_one.error
                return
    finally:
        reader.cancel()
        await asyncio.wait([reader])
