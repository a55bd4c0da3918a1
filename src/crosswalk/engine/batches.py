"""Batches of one lane that are under way side by side: of different identities, so that nobody is worked on twice."""

import asyncio
from collections.abc import Coroutine, Sequence

from crosswalk.domain.ids import UserId
from crosswalk.store.due import NOBODY, DueEvent


def subjects_of(events: Sequence[DueEvent]) -> list[UserId]:
    """The identities that events are about, in their order."""
    return list(dict.fromkeys(item.event.user_id or NOBODY for item in events))


class Batches:
    """Starts batches, and knows whom those under way are about.

    While the org answers one batch, the next is read and planned; what fails is raised once all others are done.
    """

    def __init__(self) -> None:
        self._running: dict[asyncio.Task[None], Sequence[UserId]] = {}

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

    async def give_up(self) -> None:
        """Stop the batches under way where they are; what they did not book is done again."""
        for task in self._running:
            task.cancel()
        await self._rest()

    async def _rest(self) -> None:
        await asyncio.gather(*self._running, return_exceptions=True)
        self._running.clear()
