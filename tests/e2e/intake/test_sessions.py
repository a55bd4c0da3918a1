"""A session's locks are free when it has ended: whoever comes next need not come again."""

import asyncio

from crosswalk.store.database import Database, fetch_row
from tests.databases import END_SESSIONS

LOCK = "SELECT pg_advisory_lock(%s)"
HELD = """
SELECT count(*)
FROM pg_locks
WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
MANY = 30
"""So many processes of the server's end at once that some have not yet when their clients have."""


async def test_whoever_comes_right_after_gets_the_lock(database: Database) -> None:
    async def hold(key: int) -> None:
        async with database.session() as session:
            await session.execute(LOCK, (key,))

    async with database.transaction() as looking:
        for _ in range(5):
            await asyncio.gather(*(hold(key) for key in range(MANY)))
            assert await fetch_row(looking, HELD) == (0,)


async def test_a_session_that_was_ended_from_outside_ends_in_silence(database: Database) -> None:
    async with database.session() as session:
        await session.execute(LOCK, (1,))
        async with database.transaction() as connection:
            await connection.execute(END_SESSIONS)
