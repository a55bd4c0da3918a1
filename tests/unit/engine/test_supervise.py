"""A part of the hub runs again after every end, and stops when it is told to."""

import asyncio

import pytest

from crosswalk.engine.supervise import keep_running


async def test_a_part_that_fails_is_started_again():
    runs = 0
    done = asyncio.Event()

    async def part() -> None:
        nonlocal runs
        runs += 1
        if runs < 3:
            raise OSError("the network is away")
        done.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(keep_running("part", part))
    await asyncio.wait_for(done.wait(), 60)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert runs == 3


async def test_a_part_that_turns_its_cancellation_into_an_error_stops_all_the_same():
    started = asyncio.Event()

    async def part() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise OSError("all connection attempts failed") from None

    task = asyncio.create_task(keep_running("part", part))
    await started.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 60)
