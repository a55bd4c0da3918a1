"""When a back-fill writes by jobs of the org's, and which jobs somebody left behind.

A job takes some ten calls for any number of records, but nobody knows how long: the org takes its jobs one after
another. Meanwhile the lane is kept from live work. So several chunks go out together by a job where the lane is quiet,
and a chunk at a time by calls, which are done within seconds, where somebody's event came a moment ago.
"""

from collections.abc import Sequence

from crosswalk.connectors.base import BulkJob, WritesInBulk
from crosswalk.domain.errors import CrosswalkError
from crosswalk.domain.ids import OrgName
from crosswalk.engine.bulk_books import BatchBook
from crosswalk.store import backfills, bulk_jobs, due
from crosswalk.store.backfills import Chunk
from crosswalk.store.database import Connection, Database
from crosswalk.store.due import Lane

CHUNKS_IN_A_JOB = 3
"""Ten calls instead of thirty; more of them would take more memory than the rest of a worker."""

QUIET_FOR_S = 60.0


class LaneTaken(CrosswalkError):
    """A job of the lane's own live work is not booked yet: nothing newer is written before."""


async def in_company(
    session: Connection, org: WritesInBulk, backfill: int, sync_lane: Lane, first: Chunk
) -> Sequence[Chunk]:
    """The chunks of the lane that are written together, `first` among them: more than that where a job pays."""
    if (await due.waiting(session, sync_lane, 1, QUIET_FOR_S)).company:
        return (first,)
    others = await backfills.next_of_lane(session, backfill, first, CHUNKS_IN_A_JOB - 1)
    chunks = (first, *others)
    return chunks if sum(chunk.users for chunk in chunks) > org.bulk_above else (first,)


async def open_book(
    database: Database, name: OrgName, org: WritesInBulk, lane: Lane, *, many: bool
) -> BatchBook | None:
    """The book of the jobs that are to write some chunks; `None` where they are written by calls alone.

    Raises
    ------
    LaneTaken
        Live work left a job behind in the lane, and has to take it up first.
    ConnectorError
        It cannot be found out whether a job that an earlier attempt left behind has ended.
    """
    async with database.transaction() as connection:
        stored = await bulk_jobs.of_lane(connection, lane)
    if any(job.seqs for job in stored):
        raise LaneTaken(f"lane {lane} has a job of the org's to take up first")
    jobs = [BulkJob(job.id, job.object, job.key) for job in stored]
    for job in jobs:
        await org.wait_for_job(job)
    return BatchBook(database, name, lane, (), jobs) if many or jobs else None
