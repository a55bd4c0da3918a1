"""Open problems that a person settles: which record is an identity's, whose value a field gets, what flips."""

from collections.abc import Sequence

import msgspec
from psycopg.rows import dict_row

from crosswalk.domain.ids import SyncName, UserId
from crosswalk.store.database import Connection
from crosswalk.store.problems import Problem

_COLUMNS = """
SELECT id, sync, user_id, kind, object, field, code, message, detail, event_seq, attempts, first_seen, last_seen,
       resolved_at
FROM problems
"""

# Open problems are few, or there is a bigger problem. Relies on problems_open being partial.
OPEN = (
    _COLUMNS
    + """
WHERE resolved_at IS NULL AND kind IN ('conflict', 'quarantine') AND sync = ANY(%s) AND id < %s
ORDER BY id DESC
LIMIT %s
"""
)

BY_NUMBER = _COLUMNS + "WHERE id = %s AND kind IN ('conflict', 'quarantine')"

# Relies on problems_open.
OF_IDENTITY = (
    _COLUMNS
    + """
WHERE sync = ANY(%s) AND user_id = %s AND resolved_at IS NULL AND kind IN ('conflict', 'quarantine')
ORDER BY id
"""
)


async def newest(connection: Connection, syncs: Sequence[SyncName], limit: int, before: int) -> list[Problem]:
    """The open conflicts and quarantined fields of these syncs that are older than number `before`, youngest first."""
    return await _read(connection, OPEN, (list(syncs), before, limit))


async def by_number(connection: Connection, number: int) -> Problem | None:
    """The conflict with this number, open or resolved."""
    found = await _read(connection, BY_NUMBER, (number,))
    return found[0] if found else None


async def of_identity(connection: Connection, syncs: Sequence[SyncName], user_id: UserId) -> list[Problem]:
    """What is open about one identity, oldest first."""
    return await _read(connection, OF_IDENTITY, (list(syncs), user_id))


async def _read(connection: Connection, query: str, parameters: tuple[object, ...]) -> list[Problem]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        rows = await (await cursor.execute(query.encode(), parameters)).fetchall()
    return msgspec.convert(rows, list[Problem])
