"""Who lost a lane stops, whatever is in the way."""

import asyncio

import pytest

from crosswalk.domain.ids import UserId
from crosswalk.engine.batches import Batches
from crosswalk.engine.ending import end

ADA = UserId("auth0|ada")


class Stubborn:
    """Work that loses its first cancellations, as `asyncio.wait_for` does, and goes on where it is not told again."""

    def __init__(self, losing: int = 1) -> None:
        self.losing = losing
        self.has_begun = asyncio.Event()
        self.has_ended = False

    async def work(self) -> None:
        try:
            while True:
                try:
                    self.has_begun.set()
                    await asyncio.sleep(3600)
                except asyncio.CancelledError:
                    if self.losing == 0:
                        raise
                    self.losing -= 1
        finally:
            self.has_ended = True


async def test_a_cancellation_that_is_lost_is_repeated() -> None:
    stubborn = Stubborn(losing=2)
    task = asyncio.create_task(stubborn.work())
    await stubborn.has_begun.wait()

    async with asyncio.timeout(30):
        await end([task])

    assert (task.cancelled(), stubborn.has_ended) == (True, True)


async def test_who_is_cancelled_meanwhile_waits_for_the_end_all_the_same() -> None:
    stubborn = Stubborn()
    task = asyncio.create_task(stubborn.work())
    await stubborn.has_begun.wait()
    ending = asyncio.create_task(end([task]))
    await asyncio.sleep(0)

    ending.cancel()
    async with asyncio.timeout(30):
        with pytest.raises(asyncio.CancelledError):
            await ending

    assert stubborn.has_ended


@pytest.mark.parametrize("waits_for_it", [False, True])
async def test_batches_that_are_left_by_a_cancellation_are_stopped_whatever_was_waited_for(waits_for_it: bool) -> None:
    stubborn = Stubborn()

    async def lane() -> None:
        async with Batches() as batches:
            batches.start(stubborn.work(), [ADA])
            await stubborn.has_begun.wait()
            if not waits_for_it:
                await asyncio.sleep(3600)
            # Left without an error: it waits for the batch, and is cancelled then.

    working = asyncio.create_task(lane())
    await stubborn.has_begun.wait()
    await asyncio.sleep(0)

    async with asyncio.timeout(30):
        await end([working])

    assert (working.cancelled(), stubborn.has_ended) == (True, True)


async def test_batches_are_waited_for_and_what_one_fails_with_is_raised() -> None:
    done: list[str] = []

    async def succeed() -> None:
        await asyncio.sleep(0)
        done.append("succeeded")

    async def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        async with Batches() as batches:
            batches.start(fail(), [ADA])
            batches.start(succeed(), [UserId("auth0|bob")])

    assert done == ["succeeded"]
