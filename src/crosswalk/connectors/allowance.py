"""Leave to make a call: what a transport takes before each call, and tells when it ended.

A transport knows what it calls, not whether it may: it asks an `Allowance`, which the engine gives it. What a call is
made for is known only far above it, so that goes down beside the arguments, as `spending` of the present task.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Protocol, Self

from msgspec import Struct

from crosswalk.domain.purpose import Purpose, Spender

SPENDER: ContextVar[Spender] = ContextVar("crosswalk_spender", default=Spender())  # noqa: B039  frozen


@contextmanager
def spending(purpose: Purpose, sync: str | None = None) -> Iterator[None]:
    """Count the calls inside to a purpose, and to a sync where one is named; tasks started inside inherit it."""
    before = SPENDER.get()
    token = SPENDER.set(Spender(purpose, before.sync if sync is None else sync))
    try:
        yield
    finally:
        SPENDER.reset(token)


class Answer(Struct, frozen=True):
    """What the answer to a call says about the vendor's limits.

    Parameters
    ----------
    healthy
        Whether the vendor could serve calls at all; a refusal of this one is healthy, too.
    day
        Calls that the vendor counts for the rolling 24 hours, and calls it allows.
    rate
        Calls of this class that the vendor takes at once, and how many of them are left.
    wait_s
        Seconds that it asks not to be called.
    crowded
        Whether it refused because too many calls were under way.
    """

    healthy: bool = True
    day: tuple[int, int] | None = None
    rate: tuple[int, int] | None = None
    wait_s: float | None = None
    crowded: bool = False


class Permit:
    """Leave to make one call; a context manager around it.

    Leaving it without an answer says that none came, unless the caller itself gave up.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and issubclass(kind, asyncio.CancelledError | GeneratorExit):
            self.given_up()
        else:
            self.unanswered()

    def answered(self, answer: Answer) -> None:
        """Tell what the answer says."""

    def unanswered(self) -> None:
        """Tell that no answer came, unless one was told."""

    def given_up(self) -> None:
        """Tell that nobody waits for the answer any longer, unless one was told."""


class Allowance(Protocol):
    """Gives leave to call one tenant or org."""

    async def take(self, endpoint: str) -> Permit:
        """Return leave for one call of a class, as soon as there is one.

        Raises
        ------
        CallWithheld
            There is none within a reasonable time.
        """
        ...


class Unlimited:
    """Always gives leave: for what works without a hub, such as tests of a connector."""

    async def take(self, endpoint: str) -> Permit:
        """Return leave."""
        return Permit()


UNLIMITED: Allowance = Unlimited()
