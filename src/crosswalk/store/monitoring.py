"""What an operator watches: backlogs, open problems, sources' positions, API calls, workers, the schema's version.

Asked at most every few seconds; each query reads a bounded number of rows, or an index that holds only what is open.
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from psycopg.rows import class_row

from crosswalk.domain.ids import SyncName
from crosswalk.store.database import Connection, fetch_row

MOST_COUNTED = 100_000
"""Waiting events are counted up to this many."""

NEWEST_EVENTS = 5_000
"""Among so many of the newest events the last one of each source is looked for."""

ALIVE_WITHIN_S = 30.0
"""A worker says that it lives every five seconds."""


class Backlog(Struct, frozen=True):
    """What waits in one sync: counted up to 100,000; the oldest one's age in seconds, 0 where nothing waits."""

    sync: str
    waiting: int
    retrying: int
    oldest_s: float


class Position(Struct, frozen=True):
    """When a pull source's cursor last moved."""

    tenant: str
    org: str
    source: str
    moved_at: datetime


class LastEvent(Struct, frozen=True):
    """When the last event of a source came, of those that sent something lately."""

    tenant: str
    org: str
    source: str
    received_at: datetime


class OpenProblems(Struct, frozen=True):
    """How many problems of one kind are open in one sync."""

    sync: str
    kind: str
    open: int


# Relies on due_waiting. Held events wait for a person and have an outcome of their own.
BACKLOG = """
SELECT s.sync, w.waiting, w.retrying, coalesce(w.oldest_s, 0)::float8 AS oldest_s
FROM unnest(%s::text[]) AS s (sync)
CROSS JOIN LATERAL (
    SELECT count(*) AS waiting, count(*) FILTER (WHERE attempts > 0) AS retrying,
           extract(epoch FROM clock_timestamp() - min(received_at)) AS oldest_s
    FROM (SELECT attempts, received_at FROM due WHERE sync = s.sync AND outcome IS NULL LIMIT %s) AS bounded
) AS w
"""

POSITIONS = "SELECT tenant, org, source, moved_at FROM cursors"

# Relies on the inbox's primary key.
LAST_EVENTS = """
SELECT tenant, org, source, max(received_at) AS received_at
FROM (SELECT tenant, org, source, received_at FROM inbox ORDER BY seq DESC LIMIT %s) AS newest
GROUP BY tenant, org, source
"""

# Relies on problems_open being partial.
OPEN_PROBLEMS = """
SELECT sync, kind, count(*) AS open
FROM problems
WHERE resolved_at IS NULL AND sync = ANY(%s)
GROUP BY sync, kind
"""

HOLDS = "SELECT count(*) FROM holds WHERE decided_at IS NULL"

WORKERS = "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - make_interval(secs => %s)"

VERSION = "SELECT max(version_num) FROM crosswalk_migrations"


async def backlogs(connection: Connection, syncs: Sequence[SyncName]) -> list[Backlog]:
    """What waits in each of these syncs."""
    async with connection.cursor(row_factory=class_row(Backlog)) as cursor:
        return await (await cursor.execute(BACKLOG, (list(syncs), MOST_COUNTED))).fetchall()


async def positions(connection: Connection) -> list[Position]:
    """When each pull source last moved on."""
    async with connection.cursor(row_factory=class_row(Position)) as cursor:
        return await (await cursor.execute(POSITIONS)).fetchall()


async def last_events(connection: Connection) -> list[LastEvent]:
    """The last event of each source that is among the newest 5,000 events."""
    async with connection.cursor(row_factory=class_row(LastEvent)) as cursor:
        return await (await cursor.execute(LAST_EVENTS, (NEWEST_EVENTS,))).fetchall()


async def open_problems(connection: Connection, syncs: Sequence[SyncName]) -> list[OpenProblems]:
    """How many problems of each kind each of these syncs has open; kinds without any are left out."""
    async with connection.cursor(row_factory=class_row(OpenProblems)) as cursor:
        return await (await cursor.execute(OPEN_PROBLEMS, (list(syncs),))).fetchall()


async def open_holds(connection: Connection) -> int:
    """How many mass changes wait for a person."""
    return int((await fetch_row(connection, HOLDS))[0])


async def live_workers(connection: Connection) -> int:
    """How many workers said within the last half minute that they live."""
    return int((await fetch_row(connection, WORKERS, (ALIVE_WITHIN_S,)))[0])


async def schema_version(connection: Connection) -> str:
    """The newest migration that the database has."""
    return str((await fetch_row(connection, VERSION))[0])
