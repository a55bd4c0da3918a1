"""The tenant's jobs: each is pending, then processed step by step, then completed, and gone after a day."""

from __future__ import annotations

import asyncio
import secrets
import string
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from crosswalk_sandbox.auth0.clock import iso_milliseconds
from crosswalk_sandbox.auth0.problems import Problem
from crosswalk_sandbox.clock import SandboxClock

KEPT = timedelta(hours=24)
DOWNLOAD_SECONDS = 60
MOST_IMPORTS = 2
ALPHABET = string.ascii_letters + string.digits


class Failed(Exception):
    """A job that cannot be done; the message is its ``status_details``."""


@dataclass(slots=True, eq=False)
class Job:
    """One job.

    Attributes
    ----------
    fields : dict
        What its kind tells beside the common properties.
    total, done : int
        How many users it is about, and how many are worked off.
    errors : list
        What is wrong with users of an import.
    result : bytes
        The file of an export.
    downloads : dict
        Until when each link to the file is good.
    """

    id: str
    kind: str
    created: datetime
    fields: dict[str, Any]
    status: str = "pending"
    details: str = ""
    total: int = 0
    done: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)
    summary: dict[str, int] | None = None
    result: bytes = field(default=b"", repr=False)
    downloads: dict[str, datetime] = field(default_factory=dict, repr=False)

    def document(self) -> dict[str, Any]:
        """Return the job as the API shows it, but for the link to its file."""
        document = {
            "status": self.status,
            "type": self.kind,
            "created_at": iso_milliseconds(self.created),
            "id": self.id,
            **self.fields,
        }
        if self.status == "processing":
            document["percentage_done"] = 100 * self.done // self.total if self.total else 0
            document["time_left_seconds"] = 1
        if self.details:
            document["status_details"] = self.details
        if self.summary is not None:
            document["summary"] = self.summary
        return document


class Jobs:
    """All jobs of the last day, and the tasks that work on them."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._jobs: dict[str, Job] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closed = False

    def create(self, kind: str, fields: dict[str, Any]) -> Job:
        """Store a job that waits, and return it.

        Raises
        ------
        Problem
            429 for an import while two others are not done.
        """
        self._drop_old()
        active = [job for job in self._jobs.values() if job.kind == kind and job.status in {"pending", "processing"}]
        if kind == "users_import" and len(active) >= MOST_IMPORTS:
            raise Problem(
                429,
                f"There are {len(active)} active import users jobs, please wait until some of them are finished and "
                "try again",
                "too_many_requests",
            )
        job_id = "job_" + "".join(secrets.choice(ALPHABET) for _ in range(16))
        job = Job(job_id, kind, self._clock(), fields)
        self._jobs[job_id] = job
        return job

    def find(self, job_id: str) -> Job:
        """Return one job, or raise 404 ``inexistent_job``."""
        self._drop_old()
        job = self._jobs.get(job_id)
        if job is None:
            raise Problem(404, "The job does not exist.", "inexistent_job")
        return job

    def start(self, job: Job, steps: Iterator[None], delay: float) -> None:
        """Work on a job in the running event loop, a step at a time, after `delay` seconds."""
        task = asyncio.get_running_loop().create_task(self._work(job, steps, delay))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """Stop all work, because the tenant is reset or its server stops; callable from any thread."""
        self._is_closed = True
        for task in list(self._tasks):
            loop = task.get_loop()
            if not loop.is_closed():
                loop.call_soon_threadsafe(task.cancel)

    def download_token(self, job: Job) -> str:
        """Return a token that opens the file of an export for a minute."""
        token = secrets.token_urlsafe(24)
        job.downloads[token] = self._clock() + timedelta(seconds=DOWNLOAD_SECONDS)
        return token

    def downloaded(self, token: str) -> Job | None:
        """Return the export whose file a token opens, or None."""
        for job in self._jobs.values():
            if token in job.downloads and job.downloads[token] > self._clock():
                return job
        return None

    async def _work(self, job: Job, steps: Iterator[None], delay: float) -> None:
        await self._clock.sleep(delay)
        job.status = "processing"
        try:
            for _ in steps:
                # Requests get their turn between two users.
                await asyncio.sleep(0)
                if self._is_closed:
                    return
        except Failed as failure:
            job.status, job.details = "failed", str(failure)
        else:
            job.status = "completed"

    def _drop_old(self) -> None:
        oldest = self._clock() - KEPT
        for job in [one for one in self._jobs.values() if one.created <= oldest]:
            del self._jobs[job.id]
