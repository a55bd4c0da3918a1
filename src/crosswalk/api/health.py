"""Whether the process is alive, and whether it can do its work now."""

import time
from collections.abc import Callable

from psycopg import Error
from psycopg_pool import PoolTimeout
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from crosswalk.api.sole_question import SoleQuestion
from crosswalk.engine.jobs import LaneJobs
from crosswalk.store import monitoring
from crosswalk.store.database import Database
from crosswalk.store.migrate import newest_revision

ANSWER_WITHIN_S = 2.0
"""A probe gets its answer within so long, also while the database is frozen: less than probes themselves wait."""

SWEPT_WITHIN_S = 30.0
"""A worker sweeps once a second: one that has not for so long gets nothing done, whatever its process looks like."""


class Readiness:
    """What has to hold before this process is given work.

    Parameters
    ----------
    database
        Has to answer, with a schema that is at least this code's.
    jobs
        Has to get round to its work; `None` where this process does not work on lanes.

    Attributes
    ----------
    answering
        How many processes answer requests in this one's stead; `None` where it answers them itself.
    stopping
        Set when the process was told to stop: it finishes what it has, and takes nothing new.
    """

    def __init__(self, database: Database, jobs: LaneJobs | None) -> None:
        self.database = database
        self.answering: Callable[[], int] | None = None
        self.stopping = False
        self._jobs = jobs
        self._schema = SoleQuestion(self._ask_schema)

    async def obstacles(self) -> list[str]:
        """What keeps the process from its work, in words for whoever looks; empty when it is ready."""
        found = ["it is stopping"] if self.stopping else []
        if self.answering is not None and self.answering() == 0:
            found.append("none of the processes that answer requests is up")
        needed = newest_revision()
        try:
            version = await self._schema.answer(ANSWER_WITHIN_S)
        except TimeoutError:
            return [*found, f"the database does not answer within {ANSWER_WITHIN_S:g} seconds"]
        except (Error, PoolTimeout):
            return [*found, "the database does not answer"]
        if version < needed:
            found.append(f"the database has the schema {version}, and this code needs {needed}")
        if self._jobs is not None and not _is_recent(self._jobs.swept_at):
            found.append(f"no sweep for lanes with work was finished within {SWEPT_WITHIN_S:g} seconds")
        return found

    async def _ask_schema(self) -> str:
        async with self.database.pool.connection(timeout=ANSWER_WITHIN_S) as connection:
            return await monitoring.schema_version(connection)


def health_routes(readiness: Readiness) -> list[Route]:
    """`/healthz`: the process answers. `/readyz`: it can do its work too."""

    async def alive(_: Request) -> JSONResponse:
        return JSONResponse({"status": "alive"})

    async def ready(_: Request) -> JSONResponse:
        obstacles = await readiness.obstacles()
        if obstacles:
            return JSONResponse({"status": "not ready", "because": obstacles}, 503)
        return JSONResponse({"status": "ready"})

    return [Route("/healthz", alive), Route("/readyz", ready)]


def _is_recent(moment: float | None) -> bool:
    return moment is not None and time.monotonic() - moment < SWEPT_WITHIN_S
