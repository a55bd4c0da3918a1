"""Batches of one lane that are under way side by side: of different identities, so that nobody is worked on twice."""

import asyncio
from collections.abc import Coroutine, Sequence
from types import TracebackType

from crosswalk.domain.ids import UserId
from crosswalk.engine.ending import end
from crosswalk.store.due import NOBODY, DueEvent


def subjects_of(events: Sequence[DueEvent]) -> list[UserId]:
    """The identities that events are about, in their order."""
    return list(dict.fromkeys(item.event.user_id or NOBODY for item in events))


class Batches:
    """Starts batches, and knows whom those under way are about.

    While the org answers one batch, the next is read and planned; what fails is raised once all others are done. Use as
    an async context manager: leaving it waits for those under way or, where it is left by a cancellation, stops them
    where they are. What they did not book is done again.
    """

    def __init__(self) -> None:
        self._running: dict[asyncio.Task[None], Sequence[UserId]] = {}

    async def __aenter__(self) -> "Batches":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if not isinstance(error, asyncio.CancelledError):
                await self.at_most(0)
        finally:
            await end(self._running)
            self._running.clear()

    @property
    def busy(self) -> list[UserId]:
        """The identities that are being worked on."""
        return [user_id for users in self._running.values() for user_id in users]

    def start(self, work: Coroutine[None, None, None], users: Sequence[UserId]) -> None:
        """Start a batch about these identities, none of which is busy."""
        self._running[asyncio.create_task(work)] = users

    async def at_most(self, number: int) -> None:
        """Wait until no more batches than that are under way.

        Raises
        ------
        Exception
            What a batch failed with; then none is under way any more.
        """
        while len(self._running) > number:
            done, _ = await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                del self._running[task]
            failed = next((error for task in done if (error := task.exception()) is not None), None)
            if failed is not None:
                await self._rest()
                raise failed

    async def _rest(self) -> None:
        await asyncio.gather(*self._running, return_exceptions=True)
        self._running.clear()
