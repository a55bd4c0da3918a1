"""Remembers the jobs that write a batch, and finishes the batch of whoever died over them.

A job goes on in the org whatever becomes of the worker. So the lane's next worker waits for its end before it does
anything else, and takes the batch's events up again: what the job has written is booked by the job's results, and
nothing newer can be overtaken by it.
"""

from collections.abc import Mapping, Sequence

import structlog

from crosswalk.connectors.base import BulkJob, WritesInBulk
from crosswalk.connectors.errors import ConnectorError
from crosswalk.domain.errors import CrosswalkError
from crosswalk.domain.ids import OrgName, SyncName
from crosswalk.store import bulk_jobs, due
from crosswalk.store.bulk_jobs import StoredJob
from crosswalk.store.database import Database
from crosswalk.store.due import ROUTING, DueEvent, Lane

log = structlog.get_logger()


class JobUnresolved(CrosswalkError):
    """A job may still be under way in the org."""


class BatchBook:
    """The jobs of one batch.

    Parameters
    ----------
    database, org, lane
        Where they are stored, and under what.
    events
        The events of the batch.
    jobs
        The jobs that were made for it before.
    """

    def __init__(
        self, database: Database, org: OrgName, lane: Lane, events: Sequence[DueEvent], jobs: Sequence[BulkJob] = ()
    ) -> None:
        self._database = database
        self._org = org
        self._lane = lane
        self._seqs = tuple(item.seq for item in events)
        self._jobs = list(jobs)
        self._under_way: set[str] = set()

    @property
    def jobs(self) -> Sequence[BulkJob]:
        """The jobs that were made for this batch so far."""
        return tuple(self._jobs)

    async def started(self, job: BulkJob) -> None:
        """Store a job that is about to be filled."""
        async with self._database.transaction() as connection:
            stored = StoredJob(job.id, job.object, job.key, self._seqs)
            await bulk_jobs.remember(connection, self._org, self._lane, stored)
        self._jobs.append(job)
        self._under_way.add(job.id)
        log.info("bulk_job_started", lane=str(self._lane), job=job.id, object=job.object)

    def ended(self, job: BulkJob) -> None:
        """Take note that a job is over and its results are known."""
        self._under_way.discard(job.id)

    async def close(self) -> None:
        """Forget the jobs, once the batch is booked.

        Raises
        ------
        JobUnresolved
            It is not known what came of one: the lane has to take it up again before it does anything else.
        """
        over = [job.id for job in self._jobs if job.id not in self._under_way]
        if over:
            async with self._database.transaction() as connection:
                await bulk_jobs.forget(connection, self._org, over)
        if self._under_way:
            raise JobUnresolved(f"the org did not tell what became of its jobs {', '.join(sorted(self._under_way))}")


class BulkBooks:
    """Opens the books of batches.

    Parameters
    ----------
    database
        Where jobs are stored.
    orgs
        The name of each sync's org, and the org.
    """

    def __init__(self, database: Database, orgs: Mapping[SyncName, tuple[OrgName, WritesInBulk]]) -> None:
        self._database = database
        self._orgs = orgs

    def open(self, lane: Lane, events: Sequence[DueEvent]) -> BatchBook:
        """The book of a batch that is about to be reconciled."""
        return BatchBook(self._database, self._orgs[lane.sync][0], lane, events)

    def pays(self, lane: Lane, records: int) -> bool:
        """Whether the lane's org would write so many records by a job."""
        return lane.number != ROUTING and self._orgs[lane.sync][1].bulk_above < records

    async def left_behind(self, lane: Lane) -> tuple[BatchBook, Sequence[DueEvent]] | None:
        """Wait for the jobs that somebody left behind; returns their book, and what is still due of their batch.

        Raises
        ------
        JobUnresolved
            It cannot be found out what became of them.
        """
        async with self._database.transaction() as connection:
            stored = await bulk_jobs.of_lane(connection, lane)
        if not stored:
            return None
        name, org = self._orgs[lane.sync]
        jobs = [BulkJob(each.id, each.object, each.key) for each in stored]
        for job in jobs:
            log.warning("bulk_job_taken_over", lane=str(lane), job=job.id)
            try:
                await org.wait_for_job(job)
            except ConnectorError as error:
                raise JobUnresolved(f"it cannot be found out what became of the org's job {job.id}: {error}") from error
        async with self._database.transaction() as connection:
            events = await due.read_again(connection, lane, sorted({seq for each in stored for seq in each.seqs}))
        return BatchBook(self._database, name, lane, events, jobs), events
