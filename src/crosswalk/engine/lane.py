"""The life of one lane's job: linger until a batch is worth a call, reconcile, repeat until nothing is due."""

import asyncio
from collections.abc import Mapping, Sequence

from crosswalk.domain.ids import SyncName
from crosswalk.engine.deals import DealReconciler, is_deal
from crosswalk.engine.jobs import LaneJobs
from crosswalk.engine.reconciler import Reconciler
from crosswalk.engine.routing import Router
from crosswalk.store import due
from crosswalk.store.database import Database
from crosswalk.store.due import ROUTING, DueEvent, Lane

FULL_BATCH = 200
"""Records in one collections call: with so many due there is nothing to wait for."""

EVENTS_PER_BATCH = 2_000
"""Ten full calls, which go out in parallel; bounds the memory of a batch."""

BATCHES_PER_JOB = 50
"""Afterwards the lane queues again behind the others, so that one busy sync does not starve them."""

GLANCE_EVERY_S = 0.05


class Lanes:
    """Runs the jobs of all lanes with the reconciler, or the router, of each sync."""

    def __init__(
        self,
        database: Database,
        reconcilers: Mapping[SyncName, Reconciler],
        routers: Mapping[SyncName, Router],
        deals: Mapping[SyncName, DealReconciler],
    ) -> None:
        self._database = database
        self._reconcilers = reconcilers
        self._routers = routers
        self._deals = deals

    async def run(self, lane: Lane, jobs: LaneJobs) -> None:
        """Reconcile what is due in the lane, batch by batch; what is left for later gets a job of its own."""
        reconciler = self._reconcilers.get(lane.sync)
        if reconciler is None:
            return  # the sync was removed from the configuration; its events stay, in case it comes back
        linger_s = reconciler.definition.linger_ms / 1000
        for _ in range(BATCHES_PER_JOB):
            await self._linger(lane, linger_s)
            async with self._database.transaction() as connection:
                events = await due.read_due(connection, lane, EVENTS_PER_BATCH)
            if not events:
                break
            if lane.number == ROUTING:
                await self._routers[lane.sync].route(events, jobs.wake)
                continue
            deals = [item for item in events if is_deal(item.event.user_id)]
            if deals:
                await self._reconcile_deals(lane, deals)
                events = [item for item in events if not is_deal(item.event.user_id)]
            if not events:
                continue
            await reconciler.reconcile(whole_calls(events, linger_s, more_wait=len(events) == EVENTS_PER_BATCH))
        async with self._database.transaction() as connection:
            next_in_s = await due.seconds_to_next(connection, lane)
            if next_in_s is not None and next_in_s <= 0:
                await jobs.wake(connection, lane)
        if next_in_s is not None and next_in_s > 0:
            await jobs.wake_later(lane, next_in_s)

    async def _reconcile_deals(self, lane: Lane, events: Sequence[DueEvent]) -> None:
        deals = self._deals.get(lane.sync)
        if deals is not None:
            await deals.reconcile(events)
            return
        # The flow was taken out of the configuration: what it made stays, and nothing more is made.
        ended = {item.event.user_id: "flow_ended" for item in events if item.event.user_id}
        async with self._database.transaction() as connection:
            await due.finish(connection, lane.sync, list(ended.items()), [item.seq for item in events])

    async def _linger(self, lane: Lane, linger_s: float) -> None:
        """Wait until the lane's oldest event has waited `linger_s`, or a full batch is there.

        This is what fills batches and lets a user's second change join the first; the first change pays for it with
        no more than `linger_s`.
        """
        while True:
            async with self._database.transaction() as connection:
                count, age_s = await due.waiting(connection, lane, FULL_BATCH)
            if count == 0 or count >= FULL_BATCH or age_s >= linger_s:
                return
            await asyncio.sleep(min(linger_s - age_s, GLANCE_EVERY_S))


def whole_calls(due: Sequence[DueEvent], linger_s: float, *, more_wait: bool) -> Sequence[DueEvent]:
    """The part of a batch that fills whole calls, where the rest may wait for company without waiting too long.

    A call costs the same with one record as with 200. So of 450 identities 400 go out now, and 50 join whoever comes
    next: if more wait already (`more_wait`), or if none of the 50 has waited as long as `linger_s`.
    """
    users = list(dict.fromkeys(item.event.user_id for item in due))
    rest = set(users[len(users) - len(users) % FULL_BATCH :])
    if not rest or len(rest) == len(users):
        return due
    if not more_wait and any(item.age_s >= linger_s for item in due if item.event.user_id in rest):
        return due
    return [item for item in due if item.event.user_id not in rest]
