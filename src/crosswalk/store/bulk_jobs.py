"""Jobs of an org that write a lane's batch, from before anything is uploaded until their results are booked."""

from collections.abc import Sequence

from msgspec import Struct

from crosswalk.domain.ids import OrgName
from crosswalk.store.database import Connection
from crosswalk.store.due import Lane

REMEMBER = """
INSERT INTO bulk_jobs (org, job_id, sync, lane, object, key, seqs)
VALUES (%s, %s, %s, %s, %s, %s, %s)
"""

# The jobs of a lane, the oldest first. Relies on bulk_jobs_by_lane.
OF_LANE = """
SELECT job_id, object, key, seqs
FROM bulk_jobs
WHERE sync = %s AND lane = %s
ORDER BY started_at, job_id
"""

FORGET = """
DELETE FROM bulk_jobs
WHERE org = %s AND job_id = ANY(%s)
"""


class StoredJob(Struct, frozen=True):
    """A job, and the inbox's numbers of the events of the batch that it writes for."""

    id: str
    object: str
    key: str
    seqs: tuple[int, ...]


async def remember(connection: Connection, org: OrgName, lane: Lane, job: StoredJob) -> None:
    """Store a job that is about to be filled."""
    row = (org, job.id, lane.sync, lane.number, job.object, job.key, list(job.seqs))
    await connection.execute(REMEMBER, row)


async def of_lane(connection: Connection, lane: Lane) -> list[StoredJob]:
    """The jobs of a lane whose results are not booked, the oldest first."""
    rows = await (await connection.execute(OF_LANE, (lane.sync, lane.number))).fetchall()
    return [StoredJob(job_id, object_name, key, tuple(seqs)) for job_id, object_name, key, seqs in rows]


async def forget(connection: Connection, org: OrgName, job_ids: Sequence[str]) -> None:
    """Drop jobs whose results are booked."""
    await connection.execute(FORGET, (org, list(job_ids)))
