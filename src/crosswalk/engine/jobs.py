"""Jobs on Procrastinate: "this lane has work", queued at most once, run by one worker at a time.

A job carries no data, so losing one loses no event: the sweep finds lanes with due events and no job. A lane is
guarded twice. Procrastinate's lock keeps its jobs apart; a PostgreSQL session lock, held while a job works, is the
proof of life: when its worker dies, PostgreSQL drops the lock at once, and the sweep puts the dead job away.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import Status

from crosswalk.domain.ids import SyncName
from crosswalk.store import claims, due
from crosswalk.store.database import Connection, Database
from crosswalk.store.due import Lane

log = structlog.get_logger()

QUEUE = "lanes"
TASK = "reconcile_lane"
SWEEP_EVERY_S = 1.0
LOOK_EVERY_S = 0.1
"""A job that was queued while its lane's previous one was ending is announced in vain; looking often finds it soon."""

LANES_PER_WORKER = 4
"""Lanes that one worker process reconciles at once; they mostly wait for the network."""

LOCK_CLASS = 0x6C616E65
"""Keeps our session locks apart from anybody else's."""

# Whether a job for the lane is queued: then there is no need to queue another.
IS_QUEUED = """
SELECT EXISTS (
    SELECT FROM procrastinate_jobs
    WHERE queueing_lock = %s AND status = 'todo'
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
    """

    def __init__(self, database: Database, run_lane: Callable[[Lane], Awaitable[None]]) -> None:
        self._database = database
        self._run_lane = run_lane
        self._app = App(connector=PsycopgConnector())
        self._task = self._app.task(name=TASK, queue=QUEUE)(self._run)
        self._suspects: set[int] = set()

    async def open(self) -> None:
        """Share the database's pool; call once the pool is open."""
        await self._app.open_async(self._database.pool)

    async def wake(self, connection: Connection, lane: Lane) -> None:
        """Queue the lane's job inside the caller's transaction, unless one is queued already."""
        row = await (await connection.execute(IS_QUEUED, (str(lane),))).fetchone()
        if row is not None and row[0]:
            return
        await self._defer(connection, lane, queueing_lock=str(lane), after_s=None)

    async def wake_later(self, lane: Lane, after_s: float) -> None:
        """Queue the lane's job for later. New events do not wait for that one: they queue their own."""
        async with self._database.transaction() as connection:
            await self._defer(connection, lane, queueing_lock=f"{lane} later", after_s=after_s)

    async def _defer(self, connection: Connection, lane: Lane, *, queueing_lock: str, after_s: float | None) -> None:
        job = self._task.configure(
            lock=str(lane),
            queueing_lock=queueing_lock,
            schedule_in=None if after_s is None else {"milliseconds": round(after_s * 1000)},
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
            async with self._guard(at) as alone:
                if alone:
                    await self._run_lane(at)
        except Exception:
            log.exception("lane_failed", lane=str(at))
            await self.wake_later(at, 1)

    @asynccontextmanager
    async def _guard(self, lane: Lane) -> AsyncIterator[bool]:
        """Hold the lane's session lock, if nobody else does."""
        async with self._database.session() as session:
            yield await try_lane(session, lane)

    async def work(self) -> None:
        """Run jobs until cancelled; a job under way is finished first."""
        await self._app.run_worker_async(
            queues=[QUEUE],
            concurrency=LANES_PER_WORKER,
            delete_jobs="always",
            install_signal_handlers=False,
            fetch_job_polling_interval=LOOK_EVERY_S,
            update_heartbeat_interval=5.0,
        )

    async def sweep(self) -> None:
        """Put away jobs whose worker died, and wake every lane that has due work and no job.

        A job that looks dead is given until the next sweep: it may just have started and be about to take its lock.
        """
        async with self._database.transaction() as connection:
            rows = await (await connection.execute(UNGUARDED, (TASK, LOCK_CLASS))).fetchall()
            ungoverned = {job_id: Lane(SyncName(sync), number) for job_id, sync, number in rows}
        for job_id in ungoverned.keys() & self._suspects:
            log.warning("dead_job_put_away", lane=str(ungoverned[job_id]), job=job_id)
            await self._app.job_manager.finish_job_by_id_async(job_id, status=Status.FAILED, delete_job=True)
        self._suspects = set(ungoverned)
        async with self._database.transaction() as connection:
            for lane in await due.lanes_with_work(connection):
                await self.wake(connection, lane)
            await claims.forget(connection)

    async def sweep_for_ever(self) -> None:
        """Sweep once a second until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_EVERY_S)
            await self.sweep()
