"""What the console and the admin API show: the load of each sync, the latest events and writes, open problems.

Pages ask for these every second, so each query reads a bounded number of rows by an index. Lists are newest first, and
`before` continues one: only rows older than that number. The two counts at the end grow with the data; ask rarely.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, LiteralString

import msgspec
from msgspec import Struct
from psycopg.rows import class_row, dict_row

from crosswalk.domain.ids import SyncName, TenantName, UserId
from crosswalk.domain.values import FieldValue
from crosswalk.store.database import Connection
from crosswalk.store.problems import Problem

COUNTED_WAITING = 10_000
"""Waiting events are counted up to this many; beyond it the exact number tells nobody anything."""
LAG_SAMPLE = 2_000
"""The lag is taken over the events among the newest this many that finished in the last five minutes."""
NEWEST = 2**62
"""`before` this number, everything is older."""
ROWS_PER_SLICE = 500
"""Ledger rows read at once; more than any one record write has."""


class SyncLoad(Struct, frozen=True):
    """How busy one sync is.

    Parameters
    ----------
    waiting, retrying
        Events that are not finished yet (counted to 10,000), and those of them that were tried before.
    oldest_s
        How long the oldest waiting event has waited, seconds.
    finished
        Events finished in the last five minutes, of the newest 2,000.
    lag_p50_ms, lag_p99_ms
        From received to finished, milliseconds, over those.
    """

    sync: str
    waiting: int
    retrying: int
    oldest_s: float | None
    finished: int
    lag_p50_ms: float | None
    lag_p99_ms: float | None


class Outcome(Struct, frozen=True):
    """What one sync did about an event; `outcome` is `None` while it waits."""

    sync: str
    outcome: str | None
    attempts: int
    finished_at: datetime | None


class ReceivedEvent(Struct, frozen=True):
    """An event of the inbox without its raw text, with what each sync did about it."""

    seq: int
    tenant: str
    event_id: str
    source: str
    type: str
    disposition: str
    note: str
    user_id: str | None
    occurred_at: datetime
    received_at: datetime
    outcomes: tuple[Outcome, ...]
    org: str = ""
    object: str | None = None
    record_id: str | None = None


class FieldChange(Struct, frozen=True):
    """One field of a record write."""

    id: int
    field: str
    old: FieldValue
    new: FieldValue
    reason: str
    place: str


class WrittenRecord(Struct, frozen=True):
    """One write to one record with all its fields; `id` is that of its oldest ledger row."""

    id: int
    at: datetime
    actor: str
    sync: str
    user_id: str
    object: str
    record_id: str
    action: str
    event_seq: int | None
    event_id: str | None
    event_type: str | None
    fields: tuple[FieldChange, ...]


# Relies on due_waiting for the first part and on the primary key (sync, seq), read backwards, for the second.
LOAD = """
SELECT s.sync, w.waiting, w.retrying, w.oldest_s, l.finished, l.lag_p50_ms, l.lag_p99_ms
FROM unnest(%(syncs)s::text[]) AS s (sync)
CROSS JOIN LATERAL (
    SELECT count(*) AS waiting, count(*) FILTER (WHERE attempts > 0) AS retrying,
           extract(epoch FROM clock_timestamp() - min(received_at))::float8 AS oldest_s
    FROM (SELECT attempts, received_at FROM due WHERE sync = s.sync AND outcome IS NULL LIMIT %(most)s) AS bounded
) AS w
CROSS JOIN LATERAL (
    SELECT count(*) AS finished,
           percentile_disc(0.5) WITHIN GROUP (ORDER BY lag_ms) AS lag_p50_ms,
           percentile_disc(0.99) WITHIN GROUP (ORDER BY lag_ms) AS lag_p99_ms
    FROM (
        SELECT finished_at, extract(epoch FROM finished_at - received_at)::float8 * 1000 AS lag_ms
        FROM due
        WHERE sync = s.sync
        ORDER BY seq DESC
        LIMIT %(sample)s
    ) AS newest
    WHERE finished_at > now() - interval '5 minutes'
) AS l
"""

_EVENT_COLUMNS = """
SELECT i.seq, i.tenant, i.event_id, i.source, i.type, i.disposition, i.note, i.user_id, i.occurred_at, i.received_at,
       i.org, i.object, i.record_id,
       (
           SELECT coalesce(json_agg(json_build_object(
               'sync', d.sync, 'outcome', d.outcome, 'attempts', d.attempts, 'finished_at', d.finished_at
           ) ORDER BY d.sync), '[]')
           FROM due AS d
           WHERE d.sync = ANY(%(syncs)s) AND d.seq = i.seq
       ) AS outcomes
FROM inbox AS i
"""

# Relies on the primary keys of inbox and due.
EVENTS = _EVENT_COLUMNS + "WHERE i.seq < %(before)s ORDER BY i.seq DESC LIMIT %(limit)s"

# What the tenant told of the user, and what the org told of the user's record. Relies on inbox_by_user and due_by_user.
_OF_USER = """
WHERE i.seq IN (
    (SELECT seq FROM inbox WHERE tenant = %(tenant)s AND user_id = %(user_id)s ORDER BY seq DESC LIMIT %(limit)s)
    UNION
    (SELECT seq FROM due WHERE sync = ANY(%(syncs)s) AND user_id = %(user_id)s ORDER BY seq DESC LIMIT %(limit)s)
)
ORDER BY i.seq DESC
LIMIT %(limit)s
"""
EVENTS_OF_USER = _EVENT_COLUMNS + _OF_USER

# The inbox is asked for one number at a time: only the part that holds it is looked into.
_WRITE_COLUMNS = """
SELECT a.id, a.at, a.actor, a.sync, a.user_id, a.object, a.record_id, a.action, a.field, a.old, a.new, a.reason,
       a.place, a.event_seq, i.event_id, i.type AS event_type
FROM audit AS a
LEFT JOIN LATERAL (SELECT * FROM inbox WHERE seq = a.event_seq LIMIT 1) AS i ON true
"""

# Relies on audit's primary key.
WRITES = _WRITE_COLUMNS + "WHERE a.id < %(before)s ORDER BY a.id DESC LIMIT %(rows)s"

# Relies on audit_by_user.
WRITES_OF_USER = (
    _WRITE_COLUMNS
    + "WHERE a.sync = %(sync)s AND a.user_id = %(user_id)s AND a.id < %(before)s"
    + " ORDER BY a.id DESC LIMIT %(rows)s"
)

# The newest ledger row of each field of one identity's record. Relies on audit_by_user.
LAST_CHANGE_OF_FIELDS = """
SELECT DISTINCT ON (a.field)
       a.id, a.at, a.actor, a.sync, a.user_id, a.object, a.record_id, a.action, a.field, a.old, a.new, a.reason,
       a.place, a.event_seq, i.event_id, i.type AS event_type
FROM audit AS a
LEFT JOIN LATERAL (SELECT * FROM inbox WHERE seq = a.event_seq LIMIT 1) AS i ON true
WHERE a.sync = %(sync)s AND a.user_id = %(user_id)s AND a.record_id = %(record_id)s
ORDER BY a.field, a.id DESC
"""

# Open problems are few, or there is a bigger problem. Relies on problems_open being partial.
PROBLEMS = """
SELECT id, sync, user_id, kind, object, field, code, message, detail, event_seq, attempts, first_seen, last_seen,
       resolved_at
FROM problems
WHERE resolved_at IS NULL AND id < %(before)s
ORDER BY id DESC
LIMIT %(limit)s
"""

# Reads the whole primary-key index of links.
LINKED = "SELECT sync, count(*) FROM links WHERE sync = ANY(%s) GROUP BY sync"

# Reads the whole partial index problems_open.
OPEN_PROBLEMS = """
SELECT sync, kind, count(*)
FROM problems
WHERE sync = ANY(%s) AND resolved_at IS NULL
GROUP BY sync, kind
"""


async def load(connection: Connection, syncs: Sequence[SyncName]) -> dict[SyncName, SyncLoad]:
    """How busy each of these syncs is."""
    parameters = {"syncs": list(syncs), "most": COUNTED_WAITING, "sample": LAG_SAMPLE}
    async with connection.cursor(row_factory=class_row(SyncLoad)) as cursor:
        rows = await (await cursor.execute(LOAD, parameters)).fetchall()
    return {SyncName(row.sync): row for row in rows}


async def events(
    connection: Connection, syncs: Sequence[SyncName], limit: int, before: int = NEWEST
) -> list[ReceivedEvent]:
    """The newest events of all tenants with what these syncs did about them."""
    parameters = {"syncs": list(syncs), "before": before, "limit": limit}
    async with connection.cursor(row_factory=dict_row) as cursor:
        rows = await (await cursor.execute(EVENTS, parameters)).fetchall()
    return msgspec.convert(rows, list[ReceivedEvent])


async def events_of_user(
    connection: Connection, sync: SyncName, tenant: TenantName, user_id: UserId, limit: int
) -> list[ReceivedEvent]:
    """The newest events about one user with what this sync did about them."""
    parameters = {"syncs": [sync], "tenant": tenant, "user_id": user_id, "limit": limit}
    async with connection.cursor(row_factory=dict_row) as cursor:
        rows = await (await cursor.execute(EVENTS_OF_USER, parameters)).fetchall()
    return msgspec.convert(rows, list[ReceivedEvent])


async def writes(connection: Connection, limit: int, before: int = NEWEST) -> list[WrittenRecord]:
    """The newest record writes, each with all its fields."""
    return await _record_writes(connection, WRITES, {"before": before}, limit)


async def writes_of_user(connection: Connection, sync: SyncName, user_id: UserId, limit: int) -> list[WrittenRecord]:
    """The newest record writes about one identity."""
    return await _record_writes(connection, WRITES_OF_USER, {"sync": sync, "user_id": user_id, "before": NEWEST}, limit)


async def last_change_of_fields(
    connection: Connection, sync: SyncName, user_id: UserId, record_id: str
) -> dict[str, WrittenRecord]:
    """For each field of the record that was ever written: its last write, with that field alone."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        parameters = {"sync": sync, "user_id": user_id, "record_id": record_id}
        rows = await (await cursor.execute(LAST_CHANGE_OF_FIELDS, parameters)).fetchall()
    return {row["field"]: _record_write([row]) for row in rows}


async def problems(connection: Connection, limit: int, before: int = NEWEST) -> list[Problem]:
    """The open problems, the youngest first."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        rows = await (await cursor.execute(PROBLEMS, {"before": before, "limit": limit})).fetchall()
    return msgspec.convert(rows, list[Problem])


async def linked(connection: Connection, syncs: Sequence[SyncName]) -> dict[SyncName, int]:
    """How many identities each sync has linked; takes time in proportion."""
    rows = await (await connection.execute(LINKED, (list(syncs),))).fetchall()
    return {SyncName(sync): count for sync, count in rows}


async def open_problems(connection: Connection, syncs: Sequence[SyncName]) -> dict[SyncName, dict[str, int]]:
    """How many problems of each kind each sync has open; takes time in proportion."""
    counts: dict[SyncName, dict[str, int]] = {sync: {} for sync in syncs}
    for sync, kind, count in await (await connection.execute(OPEN_PROBLEMS, (list(syncs),))).fetchall():
        counts[SyncName(sync)][kind] = count
    return counts


async def _record_writes(
    connection: Connection, query: LiteralString, parameters: dict[str, object], limit: int
) -> list[WrittenRecord]:
    """Read ledger rows in slices until they make `limit` record writes or there are no more."""
    found: list[WrittenRecord] = []
    before = parameters["before"]
    while len(found) < limit:
        async with connection.cursor(row_factory=dict_row) as cursor:
            slice_ = {**parameters, "before": before, "rows": ROWS_PER_SLICE}
            rows = await (await cursor.execute(query, slice_)).fetchall()
        groups = _by_record_write(rows)
        if len(rows) == ROWS_PER_SLICE and len(groups) > 1:
            groups.pop()  # its oldest fields may lie beyond this slice
        found += [_record_write(group) for group in groups]
        if len(rows) < ROWS_PER_SLICE:
            break
        before = found[-1].id
    return found[:limit]


def _by_record_write(rows: Iterable[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Split ledger rows into record writes: the fields of one were appended together, in one transaction."""
    columns = ("at", "sync", "user_id", "record_id", "action", "event_seq")
    return [list(group) for _, group in groupby(rows, key=lambda row: tuple(row[name] for name in columns))]


def _record_write(rows: Sequence[dict[str, Any]]) -> WrittenRecord:
    fields = [
        FieldChange(row["id"], row["field"], row["old"], row["new"], row["reason"], row["place"])
        for row in reversed(rows)
    ]
    first = rows[-1]
    return WrittenRecord(
        id=first["id"],
        at=first["at"],
        actor=first["actor"],
        sync=first["sync"],
        user_id=first["user_id"],
        object=first["object"],
        record_id=first["record_id"],
        action=first["action"],
        event_seq=first["event_seq"],
        event_id=first["event_id"],
        event_type=first["event_type"],
        fields=tuple(fields),
    )
