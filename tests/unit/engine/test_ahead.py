"""Streams of which the next piece is made while the one before is dealt with."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from crosswalk.engine.backfill.ahead import one_ahead


class Making:
    """Makes numbers, and tells which it has begun, and that it was closed."""

    def __init__(self, count: int, fails_at: int | None = None, hangs_at: int | None = None) -> None:
        self.begun: list[int] = []
        self.closed = False
        self._count = count
        self._fails_at = fails_at
        self._hangs_at = hangs_at

    async def numbers(self) -> AsyncGenerator[int, None]:
        try:
            for number in range(self._count):
                self.begun.append(number)
                await asyncio.sleep(0)
                if number == self._fails_at:
                    raise ValueError("no more")
                if number == self._hangs_at:
                    await asyncio.Event().wait()
                yield number
        finally:
            self.closed = True


async def _let_others_run() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_gives_all_in_their_order() -> None:
    making = Making(5)
    assert [number async for number in one_ahead(making.numbers())] == [0, 1, 2, 3, 4]
    assert making.closed


async def test_of_nothing_there_is_nothing() -> None:
    assert [number async for number in one_ahead(Making(0).numbers())] == []


async def test_makes_the_next_one_meanwhile_and_no_more() -> None:
    making = Making(5)
    async with aclosing(one_ahead(making.numbers())) as items:
        assert await anext(items) == 0
        await _let_others_run()
        assert making.begun == [0, 1]
        assert await anext(items) == 1
        await _let_others_run()
        assert making.begun == [0, 1, 2]


async def test_what_goes_wrong_is_told_when_it_is_its_turn() -> None:
    given: list[int] = []

    async def take() -> None:
        async for number in one_ahead(Making(5, fails_at=2).numbers()):
            await _let_others_run()
            given.append(number)

    with pytest.raises(ValueError, match="no more"):
        await take()
    assert given == [0, 1]


async def test_who_stops_early_ends_the_making_of_the_next() -> None:
    making = Making(5, hangs_at=1)
    async with aclosing(one_ahead(making.numbers())) as items:
        assert await anext(items) == 0
        await _let_others_run()
        assert making.begun == [0, 1]
    assert making.closed


async def test_who_is_cancelled_while_waiting_ends_it_too() -> None:
    making = Making(5, hangs_at=0)

    async def take() -> None:
        async with aclosing(one_ahead(making.numbers())) as items:
            await anext(items)

    task = asyncio.create_task(take())
    await _let_others_run()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert making.closed
