"""Jobs and their states: Open, UploadComplete, InProgress, then JobComplete, Failed or Aborted for good."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from crosswalk_sandbox.salesforce.bulk.csv_rows import CsvForm
from crosswalk_sandbox.salesforce.ids import make_id, to_id18
from crosswalk_sandbox.salesforce.times import format_stamp

State = Literal["Open", "UploadComplete", "InProgress", "JobComplete", "Failed", "Aborted"]
INGEST_OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")
QUERY_OPERATIONS = ("query", "queryAll")
ENDED: tuple[State, ...] = ("JobComplete", "Failed", "Aborted")


class JobFailed(Exception):
    """The job ends as Failed; the message is the vendor's `errorMessage`."""


@dataclass(eq=False)
class Job:
    """What every job has, whether it writes or reads.

    Parameters
    ----------
    id
        The job's 18-character id.
    operation
        One of `INGEST_OPERATIONS` or `QUERY_OPERATIONS`.
    object_name
        The object that it writes or reads.
    form
        How its CSV files are written.
    version
        API version of the call that made it, such as `v62.0`.
    created_by, created
        Who made it, and when (UTC).
    """

    id: str
    operation: str
    object_name: str
    form: CsvForm
    version: str
    created_by: str | None
    created: datetime
    state: State = "Open"
    changed: datetime = field(init=False)
    error: str | None = None
    processed: int = 0
    failed: int = 0
    busy_seconds: float = 0.0
    task: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self.changed = self.created

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED

    def summary(self) -> dict[str, Any]:
        """The keys that every form of a job's description has."""
        return {
            "id": self.id,
            "operation": self.operation,
            "object": self.object_name,
            "createdById": self.created_by,
            "createdDate": format_stamp(self.created),
            "systemModstamp": format_stamp(self.changed),
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.version.removeprefix("v")),
            "lineEnding": self.form.line_ending,
            "columnDelimiter": self.form.column_delimiter,
        }

    def progress(self) -> dict[str, Any]:
        """The keys that tell how far the job has come, times in milliseconds."""
        milliseconds = int(self.busy_seconds * 1000)
        return {
            "numberRecordsProcessed": self.processed,
            "retries": 0,
            "totalProcessingTime": milliseconds,
        }


@dataclass(eq=False)
class IngestJob(Job):
    """A job that writes: the uploaded file, and what became of its rows, in the form of result files."""

    external_id_field: str | None = None
    upload: bytes | None = None
    successes: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    unprocessed: str = ""


@dataclass(eq=False)
class QueryJob(Job):
    """A job that reads: its query, and the result as lines of CSV, the header apart."""

    query: str = ""
    header: str = ""
    lines: list[str] = field(default_factory=list)


class Jobs:
    """The org's jobs, newest last.

    Parameters
    ----------
    clock
        Current time in UTC.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._jobs: dict[str, Job] = {}
        self._last_number = 0

    def next_id(self) -> str:
        self._last_number += 1
        return make_id("750", self._last_number)

    def add(self, job: Job) -> None:
        self._jobs[job.id] = job

    def find(self, job_id: str) -> Job | None:
        return self._jobs.get(to_id18(job_id) or "")

    def all(self) -> list[Job]:
        return list(self._jobs.values())

    def remove(self, job: Job) -> None:
        del self._jobs[job.id]

    def clear(self) -> None:
        """Forget every job, stopping those at work."""
        for job in self._jobs.values():
            if job.task is not None:
                job.task.cancel()
        self._jobs.clear()
        self._last_number = 0

    def move(self, job: Job, state: State) -> None:
        """Give the job a new state, now."""
        job.state = state
        job.changed = self._clock()

    def start(self, job: Job, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do a job's work in the background; it ends as JobComplete or Failed, unless it is aborted meanwhile."""
        self.move(job, "UploadComplete")
        job.task = asyncio.create_task(self._run(job, work))

    async def _run(self, job: Job, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        await asyncio.sleep(0)
        if job.has_ended:
            return
        self.move(job, "InProgress")
        started = time.perf_counter()
        try:
            await work()
        except JobFailed as failed:
            job.error = str(failed)
            self._end(job, "Failed")
        except Exception as error:
            job.error = f"InternalServerError : {type(error).__name__}"
            self._end(job, "Failed")
            raise
        else:
            self._end(job, "JobComplete")
        finally:
            job.busy_seconds = time.perf_counter() - started

    def _end(self, job: Job, state: State) -> None:
        if not job.has_ended:
            self.move(job, state)
