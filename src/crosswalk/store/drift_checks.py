"""Drift checks that came to an end: when, and what they found in figures."""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from crosswalk.domain.ids import SyncName
from crosswalk.store.database import Connection

SCHEDULE = "schedule"
PERSON = "person"

SAVE = """
INSERT INTO drift_checks (sync, asked_by, started_at, report, error)
VALUES (%s, %s, %s, %s::json, %s)
"""

# Relies on drift_checks_by_sync.
LAST = """
SELECT started_at, finished_at, report, error, extract(epoch FROM now() - started_at)::float8
FROM drift_checks
WHERE sync = %s AND asked_by = ANY(%s)
ORDER BY id DESC
LIMIT 1
"""


class PastCheck(Struct, frozen=True):
    """A check that came to its end; `error` says why, where it was a bad one. `age_s` is since its beginning."""

    started_at: datetime
    finished_at: datetime
    report: dict[str, Any]
    error: str | None
    age_s: float

    @property
    def differing(self) -> int:
        """How many identities differed."""
        return int(self.report.get("differing") or 0)

    @property
    def repaired(self) -> int:
        """How many of them were handed to a repair."""
        return int(self.report.get("repaired") or 0)


async def save(
    connection: Connection,
    sync: SyncName,
    asked_by: str,
    started_at: datetime,
    report: object,
    error: str | None = None,
) -> None:
    """Keep what came of a check."""
    await connection.execute(SAVE, (sync, asked_by, started_at, msgspec.json.encode(report).decode(), error))


async def last(connection: Connection, sync: SyncName, *asked_by: str) -> PastCheck | None:
    """The newest check of a sync, of those who asked for it."""
    row = await (await connection.execute(LAST, (sync, list(asked_by or (SCHEDULE, PERSON))))).fetchone()
    return None if row is None else PastCheck(*row)
