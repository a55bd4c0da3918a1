"""Running several calls at once, within a bound."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


async def map_parallel(call: Callable[[T], Awaitable[R]], arguments: Iterable[T], gate: asyncio.Semaphore) -> list[R]:
    """Return what `call` gives for each argument, in order; as many at once as `gate` lets pass.

    The first error cancels the others and is raised as it is, so that callers can catch it by its own class.
    """

    async def through_gate(argument: T) -> R:
        async with gate:
            return await call(argument)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(through_gate(argument)) for argument in arguments]
    except* Exception as errors:
        first = errors.exceptions[0]
        while isinstance(first, ExceptionGroup):
            first = first.exceptions[0]
        raised = first
    else:
        return [task.result() for task in tasks]
    raise raised
