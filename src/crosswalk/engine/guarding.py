"""Work that goes on only as long as a session's locks are ours.

PostgreSQL drops them with the connection: when it restarts, or when this process slept for too long. Then somebody else
may have what they guard, and what was planned here is old.
"""

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

from crosswalk.domain.errors import CrosswalkError
from crosswalk.engine.ending import end
from crosswalk.store.database import Connection

Result = TypeVar("Result")

STILL_OURS_EVERY_S = 0.25
"""Less than the two sweeps after which another worker takes over a lane without a lock."""

STILL_OURS = "SELECT 1"


class LockLost(CrosswalkError):
    """A session lock was lost while what it guards was worked on."""


async def guarded(session: Connection, name: str, work: Coroutine[None, None, Result]) -> Result:
    """Do the work, and stop it for certain, with everything that it waits for, once the session is gone.

    Parameters
    ----------
    session
        Holds the locks; nobody else uses it meanwhile.
    name
        What the locks guard, for the error.
    work
        What is done under them.

    Raises
    ------
    LockLost
        The session was gone before the work was done.
    """
    working = asyncio.ensure_future(work)
    watching = asyncio.ensure_future(_until_lost(session, working))
    try:
        await asyncio.wait([watching])
        if not working.done():
            raise LockLost(f"the lock of {name} went with its connection: {watching.exception()}")
        return working.result()
    finally:
        await end([working, watching])


async def _until_lost(session: Connection, working: "asyncio.Future[Result]") -> None:
    """End once the work is done, or with an error once the session, and with it every lock that it holds, is gone.

    A question that is under way when the work is done is waited for, so the session can be used again.
    """
    while not (await asyncio.wait([working], timeout=STILL_OURS_EVERY_S))[0]:
        await session.execute(STILL_OURS)
