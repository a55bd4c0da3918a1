"""The life of one lane's job: linger until a batch is worth a call, reconcile, repeat until nothing is due."""

import asyncio
import math
import time
from collections.abc import Callable, Mapping, Sequence
from enum import Enum, auto

import structlog
from msgspec import Struct

from crosswalk.connectors.allowance import spending
from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.ids import OrgName, SyncName
from crosswalk.engine.batches import Batches, subjects_of
from crosswalk.engine.budget.spending import by_purpose
from crosswalk.engine.bulk_books import BulkBooks, JobUnresolved
from crosswalk.engine.deals import DealReconciler, is_deal
from crosswalk.engine.jobs import LaneJobs
from crosswalk.engine.linger import Linger, seconds_left
from crosswalk.engine.pausing import Permit, permit
from crosswalk.engine.reconciler import Reconciler
from crosswalk.engine.routing import Router
from crosswalk.store import due
from crosswalk.store.database import Connection, Database
from crosswalk.store.due import ROUTING, DueEvent, Lane, Waiting

log = structlog.get_logger()

FULL_BATCH = 200
"""Records in one collections call: with so many due there is nothing to wait for."""

EVENTS_PER_BATCH = 2_000
"""Ten full calls, which go out in parallel; bounds the memory of a batch."""

BULK_BATCH = 4_000
MUCH_DUE = 12_000
"""Where more than this is due and the org writes by jobs, batches are larger: ten calls instead of twenty for each."""

BATCHES_PER_JOB = 50
"""Afterwards the lane queues again, whoever waits."""

BATCHES_AT_ONCE = 2
"""Of one lane: while the org answers the one, the other is read and planned."""

TRY_EVERY_S = 2.0
"""So often a process tries a batch while the org does not answer a class of calls that it takes."""

TAKE_OVER_AGAIN_S = 5.0
"""A lane asks again after so long what became of a job that the org did not tell of."""

GLANCE_EVERY_S = 0.05
LONGEST_GLANCE_S = 1.0
"""A lane that lingers for longer gives its place to another, and looks again after this long."""


class Lingered(Enum):
    """How a lane's wait for company ended."""

    WORTHWHILE = auto()
    """What is due is worth a call, or has waited for long enough."""
    IDLE = auto()
    """Nothing is due."""


class Rest(Struct, frozen=True):
    """The lane waits on without a worker, and looks again after so many seconds."""

    for_s: float


class Lanes:
    """Runs the jobs of all lanes with the reconciler, or the router, of each sync.

    Parameters
    ----------
    database
        Where due work is.
    reconcilers, routers, deals
        What the lanes of each sync work with.
    richness
        How much of an org's API budget is to spare, from 0 to 1.
    leaves_alone
        Whether calls to an org that a batch takes are not made for the moment, because it did not answer.
    bulk
        Remembers the org's jobs of large batches; without it there are none.
    """

    def __init__(
        self,
        database: Database,
        reconcilers: Mapping[SyncName, Reconciler],
        routers: Mapping[SyncName, Router],
        deals: Mapping[SyncName, DealReconciler],
        richness: Callable[[OrgName], float] = lambda _: 1.0,
        leaves_alone: Callable[[OrgName], bool] = lambda _: False,
        bulk: BulkBooks | None = None,
    ) -> None:
        self._database = database
        self._reconcilers = reconcilers
        self._routers = routers
        self._deals = deals
        self._richness = richness
        self._leaves_alone = leaves_alone
        self._bulk = bulk
        self._tried: dict[OrgName, float] = {}

    async def run(self, lane: Lane, jobs: LaneJobs) -> None:
        """Reconcile what is due in the lane, batch by batch; what is left for later gets a job of its own."""
        reconciler = self._reconcilers.get(lane.sync)
        if reconciler is None:
            return  # the sync was removed from the configuration; its events stay, in case it comes back
        try:
            async with Batches() as batches:
                lingered = await self._work(lane, jobs, reconciler, batches)
        except JobUnresolved as error:
            log.warning("bulk_job_unresolved", lane=str(lane), error=str(error))
            await jobs.rest(lane, TAKE_OVER_AGAIN_S)
            return
        if isinstance(lingered, Rest):
            await jobs.rest(lane, lingered.for_s)
            return
        async with self._database.transaction() as connection:
            next_in_s = await due.seconds_to_next(connection, lane)
            if next_in_s is not None and next_in_s <= 0:
                await jobs.wake(connection, lane)
        if next_in_s is not None and next_in_s > 0:
            await jobs.wake_later(lane, next_in_s)

    async def _work(self, lane: Lane, jobs: LaneJobs, reconciler: Reconciler, batches: Batches) -> Lingered | Rest:
        """Start batch after batch, until nothing is due or somebody else's work waits for a place."""
        linger = linger_of(reconciler.definition)
        await self._take_over(lane, reconciler)
        for begun in range(BATCHES_PER_JOB):
            await batches.at_most(BATCHES_AT_ONCE - 1)
            # Asked after the wait: who comes while two batches are under way goes before the third.
            if begun and await jobs.is_crowded():
                break
            allowed = await permit(self._database, reconciler.definition, lane)
            if allowed is Permit.NOTHING:
                return Rest(LONGEST_GLANCE_S)
            if allowed is Permit.ONE:
                await batches.at_most(0)
            lingered = await self._linger(lane, linger, jobs, batches)
            if lingered is not Lingered.WORTHWHILE:
                return lingered
            if jobs.draining:
                break
            if lane.number != ROUTING and not self._may_try(reconciler.definition.org):
                return Rest(LONGEST_GLANCE_S)
            async with self._database.transaction() as connection:
                limit = 1 if allowed is Permit.ONE else await self._batch_size(connection, lane)
                events = await due.read_due(connection, lane, limit, batches.busy)
            if not events:
                await batches.at_most(0)
                continue
            batch = self._cut(lane, linger, events, more_wait=len(events) == limit)
            batches.start(self._reconcile(lane, jobs, reconciler, batch), subjects_of(batch))
            if allowed is Permit.ONE:
                await batches.at_most(0)
        return Lingered.WORTHWHILE

    def _may_try(self, org: OrgName) -> bool:
        """Whether a batch is worth a try; where the org is left alone, one in a while finds out whether it answers.

        A batch looks up before it writes: with writes alone down, each would spend calls for nothing.
        """
        if not self._leaves_alone(org):
            return True
        now = time.monotonic()
        if now - self._tried.get(org, -math.inf) < TRY_EVERY_S:
            return False
        self._tried[org] = now
        return True

    def _cut(self, lane: Lane, linger: Linger, events: Sequence[DueEvent], *, more_wait: bool) -> Sequence[DueEvent]:
        if lane.number == ROUTING or any(is_deal(item.event.user_id) for item in events):
            return events
        return whole_calls(events, linger.least_s, more_wait=more_wait)

    async def _reconcile(self, lane: Lane, jobs: LaneJobs, reconciler: Reconciler, events: Sequence[DueEvent]) -> None:
        for purpose, part in by_purpose(events, self._richness(reconciler.definition.org)):
            with spending(purpose, lane.sync):
                await self._reconcile_part(lane, jobs, reconciler, part)

    async def _reconcile_part(
        self, lane: Lane, jobs: LaneJobs, reconciler: Reconciler, events: Sequence[DueEvent]
    ) -> None:
        if lane.number == ROUTING:
            await self._routers[lane.sync].route(events, jobs.wake)
            return
        deals = [item for item in events if is_deal(item.event.user_id)]
        if deals:
            await self._reconcile_deals(lane, deals)
        others = [item for item in events if not is_deal(item.event.user_id)] if deals else events
        if others:
            await self._reconcile_identities(lane, reconciler, others)

    async def _reconcile_identities(self, lane: Lane, reconciler: Reconciler, events: Sequence[DueEvent]) -> None:
        if self._bulk is None:
            await reconciler.reconcile(events)
            return
        book = self._bulk.open(lane, events)
        await reconciler.reconcile(events, book)
        await book.close()

    async def _take_over(self, lane: Lane, reconciler: Reconciler) -> None:
        """Finish the batch of whoever died while the org wrote it, before anything newer is written."""
        left = None if self._bulk is None else await self._bulk.left_behind(lane)
        if left is not None:
            book, events = left
            if events:
                await reconciler.reconcile(events, book)
            await book.close()

    async def _batch_size(self, connection: Connection, lane: Lane) -> int:
        """How many events to read: more where so much is due that jobs of the org's save calls."""
        if self._bulk is None or not self._bulk.pays(lane, BULK_BATCH):
            return EVENTS_PER_BATCH
        count = await due.count_waiting(connection, lane, MUCH_DUE + 1)
        return BULK_BATCH if count > MUCH_DUE else EVENTS_PER_BATCH

    async def _reconcile_deals(self, lane: Lane, events: Sequence[DueEvent]) -> None:
        deals = self._deals.get(lane.sync)
        if deals is not None:
            await deals.reconcile(events)
            return
        # The flow was taken out of the configuration: what it made stays, and nothing more is made.
        ended = {item.event.user_id: "flow_ended" for item in events if item.event.user_id}
        async with self._database.transaction() as connection:
            await due.finish(connection, lane.sync, list(ended.items()), [item.seq for item in events])

    async def _linger(self, lane: Lane, linger: Linger, jobs: LaneJobs, batches: Batches) -> Lingered | Rest:
        """Wait until the lane's oldest event has waited for long enough, or a full batch is there.

        This is what fills batches and lets a user's second change join the first. Beside a batch that is under way
        only a full one goes out: what is less would fill its call better if it waited for that one's end.
        """
        richness = self._richness(self._reconcilers[lane.sync].definition.org)
        while not jobs.draining:
            waiting = await self._waiting(lane, linger, batches)
            if waiting.count >= FULL_BATCH:
                break
            if batches.busy:
                await batches.at_most(0)
                continue
            if waiting.count == 0:
                return Lingered.IDLE
            left_s = seconds_left(linger, waiting, richness)
            if left_s <= 0:
                break
            if left_s > LONGEST_GLANCE_S or await jobs.is_crowded():
                return Rest(min(left_s, LONGEST_GLANCE_S))
            await asyncio.sleep(min(left_s, GLANCE_EVERY_S))
        return Lingered.WORTHWHILE

    async def _waiting(self, lane: Lane, linger: Linger, batches: Batches) -> Waiting:
        async with self._database.transaction() as connection:
            return await due.waiting(connection, lane, FULL_BATCH, linger.most_s, batches.busy)


def linger_of(definition: SyncDefinition) -> Linger:
    """The bounds within which a sync's changes wait for others."""
    least_s = definition.linger_ms / 1000
    return Linger(least_s, max(least_s, definition.longest_linger_ms / 1000))


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
