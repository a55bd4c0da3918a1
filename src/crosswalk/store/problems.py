"""What needs a person or is being retried: dead letters, conflicts, field errors, waits."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import Struct
from psycopg.rows import kwargs_row

from crosswalk.domain.ids import SyncName, UserId
from crosswalk.store.batches import worth_asking
from crosswalk.store.database import Connection


class ProblemKind(StrEnum):
    """What is wrong, and so what has to happen."""

    DEAD_LETTER = "dead_letter"
    """The org refused the write for good; the data or the mapping has to change."""
    CONFLICT = "conflict"
    """The rules cannot decide which record belongs to the identity, or whose value a field gets."""
    FIELD_ERROR = "field_error"
    """A mapping gave no usable value; the rest of the record was written."""
    QUARANTINE = "quarantine"
    """Somebody else keeps writing a field back; it is left alone, and the rest of the record was written."""
    RETRYING = "retrying"
    """The org or the tenant cannot take it now; the hub tries again by itself."""


class Problem(Struct, frozen=True):
    """One open or resolved problem of one identity; `code` and `message` are the vendor's own where it has any.

    Of a dead letter, `cause` is the name that all have which failed for the same reason, and `resolution` says how it
    ended if it did not go away by itself.
    """

    sync: str
    user_id: str
    kind: ProblemKind
    object: str
    field: str
    code: str
    message: str
    detail: dict[str, Any] | None = None
    event_seq: int | None = None
    id: int | None = None
    attempts: int = 1
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    resolved_at: datetime | None = None
    cause: str = ""
    resolution: str | None = None


# Opens a problem, or counts one more attempt at one that is open. Relies on problems_open.
OPEN = """
INSERT INTO problems AS p (sync, user_id, kind, object, field, code, message, detail, event_seq, cause)
SELECT sync, user_id, kind, object, field, code, message, detail::json, event_seq, cause
FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[],
            %b::bigint[], %b::text[])
     AS given (sync, user_id, kind, object, field, code, message, detail, event_seq, cause)
ORDER BY given.sync, given.user_id, given.kind, given.field
ON CONFLICT (sync, user_id, kind, field) WHERE resolved_at IS NULL DO UPDATE
SET object = excluded.object, code = excluded.code, message = excluded.message, detail = excluded.detail,
    event_seq = excluded.event_seq, attempts = p.attempts + 1, last_seen = now(), cause = excluded.cause
"""

# Resolves what these identities had open, except the problems that this run found again.
RESOLVE = """
UPDATE problems
SET resolved_at = now()
WHERE sync = %s AND user_id = ANY(%b::text[]) AND resolved_at IS NULL
    AND (user_id, kind, field) NOT IN (
        SELECT user_id, kind, field
        FROM unnest(%b::text[], %b::text[], %b::text[]) AS still (user_id, kind, field)
    )
"""

# Mostly few or none are. Relies on problems_open.
ANY_OPEN = "SELECT EXISTS (SELECT FROM problems WHERE sync = %s AND resolved_at IS NULL)"

# Conflicts that are open and name one of these users among their candidates. Relies on problems_open.
OPEN_CONFLICTS_NAMING = """
SELECT DISTINCT each ->> 'linked_to', p.user_id
FROM problems AS p
CROSS JOIN json_array_elements(p.detail -> 'candidates') AS each
WHERE p.sync = %b AND p.kind = 'conflict' AND p.resolved_at IS NULL
    AND each ->> 'linked_to' = ANY(%b::text[]) AND each ->> 'linked_to' <> p.user_id
ORDER BY 1, 2
"""

_COLUMNS = """
SELECT id, sync, user_id, kind, object, field, code, message, detail, event_seq, attempts, first_seen, last_seen,
       resolved_at, cause, resolution
FROM problems
"""

OPEN_PROBLEMS = _COLUMNS + "WHERE resolved_at IS NULL ORDER BY last_seen DESC LIMIT %s"

OF_IDENTITY = _COLUMNS + "WHERE sync = %s AND user_id = %s ORDER BY last_seen DESC LIMIT %s"


async def settle(connection: Connection, sync: SyncName, user_ids: Sequence[UserId], found: Sequence[Problem]) -> None:
    """Record what a run found about these identities: open `found`, resolve whatever else they had open."""
    if await worth_asking(connection, ANY_OPEN, sync, user_ids):
        still = ([p.user_id for p in found], [p.kind.value for p in found], [p.field for p in found])
        await connection.execute(RESOLVE, (sync, list(user_ids), *still))
    if found:
        encode = msgspec.json.encode
        await connection.execute(
            OPEN,
            (
                [p.sync for p in found],
                [p.user_id for p in found],
                [p.kind.value for p in found],
                [p.object for p in found],
                [p.field for p in found],
                [p.code for p in found],
                [p.message for p in found],
                [encode(p.detail).decode() for p in found],
                [p.event_seq for p in found],
                [p.cause for p in found],
            ),
        )


async def open_conflicts_naming(
    connection: Connection, sync: SyncName, user_ids: Sequence[UserId]
) -> dict[UserId, tuple[UserId, ...]]:
    """For each of these users, the other identities with an open conflict whose evidence names it."""
    found: dict[UserId, tuple[UserId, ...]] = {}
    rows = await (await connection.execute(OPEN_CONFLICTS_NAMING, (sync, list(user_ids)))).fetchall()
    for named, user_id in rows:
        found[UserId(named)] = (*found.get(UserId(named), ()), UserId(user_id))
    return found


async def open_problems(connection: Connection, limit: int = 100) -> list[Problem]:
    """The open problems, newest first."""
    async with connection.cursor(row_factory=kwargs_row(_problem)) as cursor:
        return await (await cursor.execute(OPEN_PROBLEMS, (limit,))).fetchall()


async def of_identity(connection: Connection, sync: SyncName, user_id: UserId, limit: int = 50) -> list[Problem]:
    """The newest problems of one identity, open and resolved."""
    async with connection.cursor(row_factory=kwargs_row(_problem)) as cursor:
        return await (await cursor.execute(OF_IDENTITY, (sync, user_id, limit))).fetchall()


def _problem(**columns: object) -> Problem:
    return msgspec.convert(columns, Problem)
