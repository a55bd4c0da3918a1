"""Jobs on Procrastinate: "this lane has work", queued at most once, run by one worker at a time.

A job carries no data, so losing one loses no event: the sweep finds lanes with due events and no job. A lane is
guarded twice. Procrastinate's lock keeps its jobs apart; a PostgreSQL session lock, held while a job works, is the
proof of life: when its worker dies, PostgreSQL drops the lock at once, and the sweep puts the dead job away.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta

import structlog
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Status
from psycopg.errors import RaiseException

from crosswalk.domain.ids import SyncName
from crosswalk.domain.urgency import URGENT, USUAL
from crosswalk.engine.guarding import LockLost, guarded
from crosswalk.store import claims, due
from crosswalk.store.database import Connection, Database, fetch_row, time_now
from crosswalk.store.due import Lane

log = structlog.get_logger()

QUEUE = "lanes"
TASK = "reconcile_lane"
SWEEP_EVERY_S = 1.0
LOOK_EVERY_S = 0.1
"""A job that was queued while its lane's previous one was ending is announced in vain; looking often finds it soon."""

LANES_PER_WORKER = 4
"""Lanes that one worker process reconciles at once; they mostly wait for the network."""

LOOKED_AT = 200
"""Events at the head of a lane that tell how urgent it is. More are not looked at: thousands may have been put off."""

PLACES_PER_RANK = 4
"""Turns that a lane lets pass for each rank by which its work is less than usual; so it does get its turn."""

STOP_WITHIN_S = 60.0
"""How long jobs under way may take to finish, unless the caller says otherwise."""

LOCK_CLASS = 0x6C616E65
"""Keeps our session locks apart from anybody else's."""

LAST = -2_000_000_000
"""The place of a job that waits for its time. Before any other job of its lane, it would keep that one back: workers
fetch the first of those that share a lock, and no other, even when the first is not due yet."""

# Where a lane's job queues: syncs take turns, however many lanes each has. A job's place is behind the last one of its
# own sync, and behind those that are being worked on now; a sync that had nothing queued does not wait for all lanes of
# another. What is urgent queues as if it were the only job of its sync; what is less than usual some places later.
# Also whether a job for the lane is queued already. Relies on due_by_rank.
PLACE = """
WITH queued AS (
    SELECT -priority AS place, status, args ->> 'sync' AS sync, queueing_lock
    FROM procrastinate_jobs
    WHERE task_name = %(task)s AND status IN ('todo', 'doing') AND priority > %(last)s
), turn AS (
    SELECT coalesce(
        (SELECT max(place) FROM queued WHERE status = 'doing'), (SELECT min(place) - 1 FROM queued), 0
    ) AS now
), work AS (
    SELECT min(rank) AS rank
    FROM (
        SELECT rank, not_before
        FROM due
        WHERE sync = %(sync)s AND lane = %(lane)s AND outcome IS NULL
        ORDER BY rank, seq
        LIMIT %(looked_at)s
    ) AS first
    WHERE not_before <= now()
)
SELECT
    EXISTS (SELECT FROM queued WHERE queueing_lock = %(name)s AND status = 'todo'),
    work.rank <= %(urgent)s,
    CASE
        WHEN work.rank <= %(urgent)s THEN turn.now
        ELSE greatest(turn.now, (SELECT max(place) FROM queued WHERE sync = %(sync)s))
            + %(later)s * greatest(0, work.rank - %(usual)s)
    END + 1
FROM turn, work
"""

# A queued job goes to another place, and is due at once, even if its lane was lingering.
HURRY = """
UPDATE procrastinate_jobs
SET priority = %s, scheduled_at = NULL
WHERE queueing_lock = %s AND status = 'todo' AND (priority < %s OR scheduled_at > now())
"""

IS_WAITING = """
SELECT EXISTS (
    SELECT FROM procrastinate_jobs AS j
    WHERE j.status = 'todo' AND j.task_name = %s AND (j.scheduled_at IS NULL OR j.scheduled_at <= now())
        AND NOT EXISTS (SELECT FROM procrastinate_jobs AS d WHERE d.status = 'doing' AND d.lock = j.lock)
)
"""

TRY_LOCK = "SELECT pg_try_advisory_lock(%s, hashtext(%s))"

# Jobs that are marked as running although nobody holds their lane's session lock.
UNGUARDED = """
SELECT j.id, j.args ->> 'sync', (j.args ->> 'lane')::int
FROM procrastinate_jobs AS j
WHERE j.status = 'doing' AND j.task_name = %s
    AND NOT EXISTS (
        SELECT FROM pg_locks AS l
        WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND l.classid = %s AND l.objid::bigint = (hashtext(j.lock)::bigint & 4294967295)
    )
"""


def _asking_for(lane: Lane) -> dict[str, object]:
    return {
        "task": TASK,
        "last": LAST,
        "sync": lane.sync,
        "lane": lane.number,
        "name": str(lane),
        "looked_at": LOOKED_AT,
        "urgent": URGENT,
        "usual": USUAL,
        "later": PLACES_PER_RANK,
    }


async def try_lane(session: Connection, lane: Lane) -> bool:
    """Take the lane's session lock, if nobody else holds it: whoever has it works on the lane alone."""
    row = await (await session.execute(TRY_LOCK, (LOCK_CLASS, str(lane)))).fetchone()
    return row is not None and bool(row[0])


class LaneJobs:
    """Queues and runs the jobs of lanes.

    Parameters
    ----------
    database
        Where the jobs live; its pool is shared with Procrastinate.
    run_lane
        What a job does; raising puts the lane back in the queue a little later.
    places
        How many lanes this process works on at once.
    """

    def __init__(
        self,
        database: Database,
        run_lane: Callable[[Lane], Coroutine[None, None, None]],
        places: int = LANES_PER_WORKER,
    ) -> None:
        self._database = database
        self._run_lane = run_lane
        self._places = places
        self._running = 0
        self._app = App(connector=PsycopgConnector())
        self._task = self._app.task(name=TASK, queue=QUEUE)(self._run)
        self._suspects: set[int] = set()
        self.draining = False
        self.swept_at: float | None = None
        """When the last sweep was finished, on the monotonic clock (seconds)."""

    async def open(self) -> None:
        """Share the database's pool; call once the pool is open."""
        await self._app.open_async(self._database.pool)

    def drain(self) -> None:
        """Begin nothing more: a batch under way is finished, what else is due is left to other workers."""
        self.draining = True

    async def wake(self, connection: Connection, lane: Lane) -> None:
        """Queue the lane's job inside the caller's transaction, unless one is queued already."""
        is_queued, is_urgent, place = await fetch_row(connection, PLACE, _asking_for(lane))
        if not is_queued:
            await self._defer(connection, lane, queueing_lock=str(lane), at=None, place=place)
        elif is_urgent:
            await connection.execute(HURRY, (-place, str(lane), -place))

    async def rest(self, lane: Lane, for_s: float) -> None:
        """Queue the lane's job for when it looks again whether what is due is worth a call.

        New events do not wake it before, unless they are urgent.
        """
        async with self._database.transaction() as connection:
            is_queued, _, place = await fetch_row(connection, PLACE, _asking_for(lane))
            if not is_queued:
                at = await time_now(connection) + timedelta(seconds=for_s)
                await self._defer(connection, lane, queueing_lock=str(lane), at=at, place=place)

    async def is_crowded(self) -> bool:
        """Whether every place of this worker is taken, and a lane waits for one."""
        if self._running < self._places:
            return False
        async with self._database.transaction() as connection:
            return bool((await fetch_row(connection, IS_WAITING, (TASK,)))[0])

    async def wake_later(self, lane: Lane, after_s: float) -> None:
        """Queue the lane's job for later. New events do not wait for that one: they queue their own."""
        async with self._database.transaction() as connection:
            at = await time_now(connection) + timedelta(seconds=after_s)
            await self._defer(connection, lane, queueing_lock=f"{lane} later", at=at, place=-LAST)

    async def _defer(
        self, connection: Connection, lane: Lane, *, queueing_lock: str, at: datetime | None, place: int
    ) -> None:
        job = self._task.configure(
            lock=str(lane),
            queueing_lock=queueing_lock,
            priority=-place,
            schedule_at=at,
            connection=connection,
        )
        try:
            # In a savepoint: a refused defer would abort the whole transaction, and the events with it.
            async with connection.transaction():
                await job.defer_async(sync=lane.sync, lane=lane.number)
        except AlreadyEnqueued:
            pass

    async def _run(self, sync: str, lane: int) -> None:
        """A job's body. It never fails: what is left to do is found by the sweep or by the job queued here."""
        at = Lane(SyncName(sync), lane)
        try:
            async with self._database.session() as session:
                if await try_lane(session, at) and not self.draining:
                    self._running += 1
                    try:
                        await guarded(session, str(at), self._run_lane(at))
                    finally:
                        self._running -= 1
        except LockLost as error:
            log.warning("lane_lost", lane=str(at), error=str(error))
            await self.wake_later(at, 1)
        except Exception:
            log.exception("lane_failed", lane=str(at))
            await self.wake_later(at, 1)

    async def work(self, stop_within_s: float = STOP_WITHIN_S) -> None:
        """Run jobs until cancelled; jobs under way are finished first, or given up after `stop_within_s` seconds."""
        await self._app.run_worker_async(
            queues=[QUEUE],
            concurrency=self._places,
            delete_jobs="always",
            install_signal_handlers=False,
            fetch_job_polling_interval=LOOK_EVERY_S,
            update_heartbeat_interval=5.0,
            shutdown_graceful_timeout=stop_within_s,
        )

    async def sweep(self) -> None:
        """Put away jobs whose worker died, and wake every lane that has due work and no job.

        A job that looks dead is given until the next sweep: it may just have started and be about to take its lock.
        """
        async with self._database.transaction() as connection:
            rows = await (await connection.execute(UNGUARDED, (TASK, LOCK_CLASS))).fetchall()
            ungoverned = {job_id: Lane(SyncName(sync), number) for job_id, sync, number in rows}
        for job_id in ungoverned.keys() & self._suspects:
            await self._put_away(ungoverned[job_id], job_id)
        self._suspects = set(ungoverned)
        async with self._database.transaction() as connection:
            for lane in await due.lanes_with_work(connection):
                await self.wake(connection, lane)
            await claims.forget(connection)

    async def _put_away(self, lane: Lane, job_id: int) -> None:
        try:
            await self._app.job_manager.finish_job_by_id_async(job_id, status=Status.FAILED, delete_job=True)
        except ConnectorException as error:
            if not isinstance(error.__cause__, RaiseException):
                raise
            return  # another sweep was quicker, or its worker lives and has ended it
        log.warning("dead_job_put_away", lane=str(lane), job=job_id)

    async def sweep_for_ever(self) -> None:
        """Sweep once a second until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_EVERY_S)
            await self.sweep()
            self.swept_at = time.monotonic()
