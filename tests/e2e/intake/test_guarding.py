"""Work under a lock of PostgreSQL's ends with the lock: with the connection that holds it."""

import asyncio

import pytest

from crosswalk.engine.guarding import LockLost, guarded
from crosswalk.store.database import Connection, Database, fetch_row

LOCK, KEY = "SELECT pg_advisory_lock(%s)", 4711
END_CONNECTION = "SELECT pg_terminate_backend(%s)"


async def long_work(began: asyncio.Event, stopped: asyncio.Event) -> str:
    began.set()
    try:
        await asyncio.Event().wait()
    finally:
        stopped.set()
    return "done"


async def is_free(database: Database) -> bool:
    async with database.transaction() as connection:
        return bool((await fetch_row(connection, "SELECT pg_try_advisory_xact_lock(%s)", (KEY,)))[0])


async def test_gives_what_the_work_gives_and_the_session_keeps_its_locks(database: Database) -> None:
    async def work() -> str:
        await asyncio.sleep(0)
        return "done"

    async with database.session() as session:
        await session.execute(LOCK, (KEY,))
        assert await guarded(session, "it", work()) == "done"
        assert await guarded(session, "it", work()) == "done"
        assert not await is_free(database)


async def test_what_goes_wrong_in_the_work_is_raised_as_it_is(database: Database) -> None:
    async def work() -> None:
        raise ValueError("a fault of the work's")

    async with database.session() as session:
        with pytest.raises(ValueError, match="a fault of the work's"):
            await guarded(session, "it", work())


async def test_work_is_stopped_once_the_connection_that_holds_the_lock_is_gone(database: Database) -> None:
    began, stopped = asyncio.Event(), asyncio.Event()

    async def lose(session: Connection) -> None:
        await began.wait()
        async with database.transaction() as connection:
            await connection.execute(END_CONNECTION, (session.info.backend_pid,))

    async with database.session() as session:
        await session.execute(LOCK, (KEY,))
        losing = asyncio.create_task(lose(session))
        with pytest.raises(LockLost, match=r"the lock of lane 3 went with its connection: .*terminat"):
            await guarded(session, "lane 3", long_work(began, stopped))
        await losing
    assert stopped.is_set()
    assert await is_free(database)


async def test_whoever_is_cancelled_leaves_no_work_behind(database: Database) -> None:
    began, stopped = asyncio.Event(), asyncio.Event()
    async with database.session() as session:
        task = asyncio.create_task(guarded(session, "it", long_work(began, stopped)))
        await began.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert stopped.is_set()
