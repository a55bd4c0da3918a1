"""The drift check on schedule: by one worker at a time, whichever comes first when it is time."""

import asyncio

import structlog

from crosswalk.config.drift import DriftConfig
from crosswalk.domain.errors import CrosswalkError
from crosswalk.domain.ids import SyncName
from crosswalk.engine.drift.check import DriftCheck, DriftCheckRuns, DriftOrder, DriftReport
from crosswalk.engine.hub import Hub
from crosswalk.store import drift_checks
from crosswalk.store.drift_checks import SCHEDULE

log = structlog.get_logger()

LOOK_AGAIN_S = 30.0
"""How often a worker asks whether it is time: another one may have made the check meanwhile."""

AFTER_FAILURE_S = 900.0
"""A check that failed has read for nothing: it is not tried again at once."""


async def check_for_ever(hub: Hub, sync: SyncName, config: DriftConfig) -> None:
    """Check a sync for drift whenever it is time, until cancelled."""
    while True:
        wait_s = await _seconds_to_next(hub, sync, config)
        if wait_s <= 0:
            await check_once(hub, sync, config)
        else:
            await asyncio.sleep(min(wait_s, LOOK_AGAIN_S))


async def _seconds_to_next(hub: Hub, sync: SyncName, config: DriftConfig) -> float:
    async with hub.database.transaction() as connection:
        last = await drift_checks.last(connection, sync, SCHEDULE)
    if last is None:
        return 0.0
    every_s = config.every.total_seconds()
    return (every_s if last.error is None else min(every_s, AFTER_FAILURE_S)) - last.age_s


async def check_once(hub: Hub, sync: SyncName, config: DriftConfig) -> DriftReport | None:
    """Check a sync as configured, and keep and log what came of it; `None` where that failed or another one does it."""
    check = DriftCheck(hub, sync, DriftOrder(sample=config.drawn, repair=config.repair, grace=config.grace))
    try:
        await check.run(SCHEDULE)
    except DriftCheckRuns:
        await asyncio.sleep(LOOK_AGAIN_S)
        return None
    except CrosswalkError as error:
        log.warning("drift_check_failed", sync=sync, error=str(error))
        return None
    return check.report
