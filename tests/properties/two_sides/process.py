"""A process at work: between any two of its steps it may be killed, a call may fail, or others may come in."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from typing import Any, ClassVar

NO_THREADS = ThreadPoolExecutor(1)
"""Never used, as `InlineLoop` runs everything itself."""


class Died(BaseException):
    """The process was killed."""


class Outage(StrEnum):
    """A vendor's call fails: it was not carried out, or it was and only its answer is lost."""

    REFUSED = "refused"
    UNANSWERED = "unanswered"


class Stuck(AssertionError):
    """Work that never ends."""


@dataclass
class Interruption:
    """What happens at one of the doors that the work passes, counted from 0."""

    door: int
    act: Callable[[], Awaitable[None]]


class InlineLoop(asyncio.SelectorEventLoop):
    """Runs at once what is meant for a thread: threads only cost time here, and come in whatever order."""

    def run_in_executor(  # type: ignore[override]  the result is there, and nothing needs to wait for it
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Run it."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future


class Process:
    """Does one piece of work after another, each with one interruption at most."""

    interruptions: ClassVar[int] = 0
    """How many there were, in all processes."""

    def __init__(self) -> None:
        self.outage: Outage | None = None
        self._interruption: Interruption | None = None
        self._dead = False

    def run(self, work: Callable[[], Coroutine[Any, Any, None]], interruption: Interruption | None = None) -> None:
        """Work, as far as it gets."""
        self._interruption = interruption
        loop = _loop()
        try:
            loop.run_until_complete(work())
        except Died:
            _bury(loop)
        finally:
            self._dead, self._interruption, self.outage = False, None, None

    async def door(self) -> None:
        """A place between two steps."""
        if self._dead:
            raise Died
        if self._interruption is None:
            return
        if self._interruption.door > 0:
            self._interruption.door -= 1
            return
        interruption, self._interruption = self._interruption, None
        Process.interruptions += 1
        await interruption.act()

    async def die(self) -> None:
        """Kill the process: whatever it does at once dies with it."""
        self._dead = True
        raise Died

    def failing(self, outage: Outage) -> bool:
        """Whether the next call fails in this way; a failure is over once it was met."""
        if self.outage is not outage:
            return False
        self.outage = None
        return True


def every_door() -> Iterator[int]:
    """The doors of work that is done once for each of them, up to the last one that it passes.

    A number written down instead would leave out the last doors as soon as the engine takes a step more.
    """
    for door in count():
        before = Process.interruptions
        yield door
        if Process.interruptions == before:
            assert door > 0, "expected the work to pass a door, found that it passes none"
            return


def _bury(loop: asyncio.AbstractEventLoop) -> None:
    """End what ran beside the step at which the process died."""
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.wait(left))


_LOOPS: list[asyncio.AbstractEventLoop] = []


def _loop() -> asyncio.AbstractEventLoop:
    """One event loop for all sequences: making one takes longer than a sequence."""
    if not _LOOPS:
        _LOOPS.append(InlineLoop())
    return _LOOPS[0]
