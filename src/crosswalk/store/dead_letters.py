"""Dead letters: the open problems that need a person, by their cause; replayed, discarded or expired."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, LiteralString

import msgspec
from msgspec import Struct
from psycopg.rows import class_row, dict_row

from crosswalk.domain.ids import SyncName, UserId
from crosswalk.domain.purpose import Purpose
from crosswalk.domain.urgency import RANKS
from crosswalk.store.database import Connection
from crosswalk.store.problems import Problem

REPLAYED = RANKS[Purpose.BACKFILL]
"""Replays go behind everything that is live."""


class Resolution(StrEnum):
    """How a dead letter ended that did not go away by itself."""

    DISCARDED = "discarded"
    EXPIRED = "expired"


class Group(Struct, frozen=True):
    """The open dead letters of one cause in one sync.

    Parameters
    ----------
    cause
        Its name, which every letter of the group has.
    letters
        How many there are.
    example
        The number of the newest one.
    """

    sync: str
    cause: str
    letters: int
    first_seen: datetime
    last_seen: datetime
    example: int


class Selection(Struct, frozen=True):
    """Which open dead letters are meant: those of these syncs, and of these only what is named; all when nothing is."""

    syncs: tuple[SyncName, ...]
    cause: str = ""
    number: int = 0
    user_id: str = ""


class Unheard(Struct, frozen=True):
    """A subject whose event is no longer there to be opened again."""

    sync: SyncName
    user_id: UserId
    number: int


# The open dead letters that are meant. They are few, or there is a bigger problem. One that an older worker found has
# no cause and is told by its code. Relies on problems_dead.
_CHOSEN = """
WITH chosen AS (
    SELECT id, sync, user_id, kind, object, field, code, message, detail, event_seq, attempts, first_seen, last_seen,
           resolved_at, coalesce(nullif(cause, ''), code) AS cause, resolution
    FROM problems
    WHERE kind = 'dead_letter' AND resolved_at IS NULL AND sync = ANY(%(syncs)s)
        AND (%(cause)s = '' OR coalesce(nullif(cause, ''), code) = %(cause)s)
        AND (%(number)s = 0 OR id = %(number)s)
        AND (%(user_id)s = '' OR user_id = %(user_id)s)
)
"""

GROUPS = (
    _CHOSEN
    + """
SELECT sync, cause, count(*) AS letters, min(first_seen) AS first_seen, max(last_seen) AS last_seen, max(id) AS example
FROM chosen
GROUP BY sync, cause
ORDER BY letters DESC, last_seen DESC
LIMIT %(limit)s
"""
)

# In the order in which they happened.
LETTERS = _CHOSEN + "SELECT * FROM chosen WHERE id > %(after)s ORDER BY id LIMIT %(limit)s"  # noqa: S608  nothing but constants

BY_NUMBER = """
SELECT id, sync, user_id, kind, object, field, code, message, detail, event_seq, attempts, first_seen, last_seen,
       resolved_at, coalesce(nullif(cause, ''), code) AS cause, resolution
FROM problems
WHERE id = %(number)s AND kind = 'dead_letter' AND sync = ANY(%(syncs)s)
"""

# Opens the events that the letters came from again, in their order, behind everything that is live. What is due still
# keeps its place. Returns how many subjects there are, and those whose event is gone.
REPLAY = (
    _CHOSEN  # noqa: S608  nothing but constants
    + """
, subjects AS (
    SELECT sync, user_id, max(event_seq) AS seq, max(id) AS number
    FROM chosen
    GROUP BY sync, user_id
), opened AS (
    UPDATE due AS d
    SET outcome = NULL, finished_at = NULL, attempts = 0, not_before = now(),
        rank = CASE WHEN d.outcome IS NULL THEN d.rank ELSE %(rank)s END
    FROM subjects AS s
    WHERE d.sync = s.sync AND d.seq = s.seq AND d.user_id = s.user_id
    RETURNING d.sync, d.user_id
)
SELECT
    (SELECT count(*) FROM subjects),
    (
        SELECT coalesce(json_agg(json_build_object('sync', s.sync, 'user_id', s.user_id, 'number', s.number)), '[]')
        FROM subjects AS s
        WHERE NOT EXISTS (SELECT FROM opened AS o WHERE o.sync = s.sync AND o.user_id = s.user_id)
    )
"""
)

RESOLVE = (
    _CHOSEN  # noqa: S608  nothing but constants
    + """
, ended AS (
    UPDATE problems AS p
    SET resolved_at = now(), resolution = %(resolution)s
    FROM chosen
    WHERE p.id = chosen.id
    RETURNING p.id
)
SELECT count(*) FROM ended
"""
)

EXPIRE = """
WITH ended AS (
    UPDATE problems
    SET resolved_at = now(), resolution = 'expired'
    WHERE kind = 'dead_letter' AND resolved_at IS NULL AND sync = %(sync)s
        AND last_seen < now() - make_interval(secs => %(after_s)s)
    RETURNING id
)
SELECT count(*) FROM ended
"""


async def groups(connection: Connection, selection: Selection, limit: int) -> list[Group]:
    """The causes of these open dead letters, the most frequent first."""
    async with connection.cursor(row_factory=class_row(Group)) as cursor:
        return await (await cursor.execute(GROUPS, _parameters(selection) | {"limit": limit})).fetchall()


async def letters(connection: Connection, selection: Selection, limit: int, after: int = 0) -> list[Problem]:
    """These open dead letters beyond number `after`, in the order in which they happened."""
    return await _read(connection, LETTERS, _parameters(selection) | {"limit": limit, "after": after})


async def by_number(connection: Connection, syncs: Sequence[SyncName], number: int) -> Problem | None:
    """The dead letter with this number, open or ended."""
    found = await _read(connection, BY_NUMBER, {"number": number, "syncs": list(syncs)})
    return found[0] if found else None


async def replay(connection: Connection, selection: Selection) -> tuple[int, list[Unheard]]:
    """Make the subjects of these letters due again; returns how many, and those of them whose event is gone."""
    number, unheard = await _row(connection, REPLAY, _parameters(selection) | {"rank": REPLAYED})
    return number, msgspec.convert(unheard, list[Unheard])


async def resolve(connection: Connection, selection: Selection, resolution: Resolution) -> int:
    """End these letters; returns how many there were."""
    row = await _row(connection, RESOLVE, _parameters(selection) | {"resolution": resolution})
    return int(row[0])


async def expire(connection: Connection, sync: SyncName, after_s: float) -> int:
    """End the letters of a sync that were not seen again for so many seconds; returns how many there were."""
    return int((await _row(connection, EXPIRE, {"sync": sync, "after_s": after_s}))[0])


def _parameters(selection: Selection) -> dict[str, object]:
    return msgspec.structs.asdict(selection) | {"syncs": list(selection.syncs)}


async def _row(connection: Connection, query: LiteralString, parameters: dict[str, object]) -> tuple[Any, ...]:
    row = await (await connection.execute(query, parameters)).fetchone()
    if row is None:
        raise AssertionError(f"no row where there is always one: {query}")
    return row


async def _read(connection: Connection, query: LiteralString, parameters: dict[str, object]) -> list[Problem]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        rows = await (await cursor.execute(query, parameters)).fetchall()
    return msgspec.convert(rows, list[Problem])
