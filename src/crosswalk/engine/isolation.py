"""One subject that the hub stumbles over must not stop its neighbours: it is found by halving, and put aside."""

from collections.abc import Awaitable, Callable, Sequence

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from crosswalk.domain.ids import SyncName, UserId
from crosswalk.store.due import DueEvent

log = structlog.get_logger()

TRANSIENT = (psycopg.OperationalError, PoolTimeout)
"""The database is away: the whole batch is tried again, nobody in it is to blame."""


async def isolating(
    sync: SyncName,
    due: Sequence[DueEvent],
    work: Callable[[Sequence[DueEvent]], Awaitable[None]],
    put_aside: Callable[[Sequence[DueEvent], Sequence[UserId], Exception], Awaitable[None]],
) -> None:
    """Do the work on a batch; where it fails, on ever smaller halves, until the one to blame stands alone.

    Raises
    ------
    psycopg.OperationalError, psycopg_pool.PoolTimeout
        The database went away.
    """
    try:
        await work(due)
    except TRANSIENT:
        raise
    except Exception as error:
        subjects = sorted({item.event.user_id for item in due if item.event.user_id})
        if len(subjects) <= 1:
            log.exception("identity_failed", sync=sync, user_id=subjects)
            await put_aside(due, subjects, error)
            return
        log.warning("batch_halved", sync=sync, identities=len(subjects), error=repr(error))
        first = set(subjects[: len(subjects) // 2])
        await isolating(sync, [item for item in due if item.event.user_id in first], work, put_aside)
        await isolating(sync, [item for item in due if item.event.user_id not in first], work, put_aside)
