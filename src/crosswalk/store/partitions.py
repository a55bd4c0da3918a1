"""The parts of inbox and audit trail: made ahead of time, and dropped when everything in them is old enough.

A row's number begins with the day on which it was stored (`ROWS_PER_DAY` numbers for each day since 1970), and each
part holds the numbers of some days. What no part is there for lies in the part `…_rest`: a hub without housekeeping
goes on.
"""

import re
from datetime import date, timedelta
from enum import StrEnum

from msgspec import Struct
from psycopg import sql

from crosswalk.store.database import Connection, fetch_row

ROWS_PER_DAY = 10_000_000_000
LOCK_WITHIN = "SET LOCAL lock_timeout = '2s'"
"""Parts change under a lock that keeps everybody out for a moment: better later than behind a long transaction, with
all others behind that."""

_EPOCH = date(1970, 1, 1)
_BOUND = re.compile(r"FROM \('?(MINVALUE|\d+)'?\) TO \('?(\d+)'?\)")


class Partitioned(StrEnum):
    """A table in parts; the value is its name."""

    INBOX = "inbox"
    AUDIT = "audit"


NUMBERS = {Partitioned.INBOX: "seq", Partitioned.AUDIT: "id"}
"""The column whose values say in which part a row lies."""


class Part(Struct, frozen=True):
    """A part of a table: the numbers from `first` (0 for all before) up to, and without, `end`."""

    name: str
    first: int
    end: int

    @property
    def last_day(self) -> date:
        """The last day whose rows it holds."""
        return _EPOCH + timedelta(days=self.end // ROWS_PER_DAY - 1)


PARTS = """
SELECT c.relname, pg_get_expr(c.relpartbound, c.oid)
FROM pg_inherits AS i
JOIN pg_class AS c ON c.oid = i.inhrelid
WHERE i.inhparent = %s::regclass
"""

TODAY = "SELECT (now() AT TIME ZONE 'UTC')::date"

# Whether somebody still has to do with events of these numbers: they wait, or they are held. Relies on due_waiting and
# due_held, which hold only such.
NEEDED = """
SELECT EXISTS (SELECT FROM due WHERE outcome IS NULL AND seq >= %(first)s AND seq < %(end)s)
    OR EXISTS (SELECT FROM due WHERE outcome = 'held' AND seq >= %(first)s AND seq < %(end)s)
"""

# What is finished. Relies on due's primary key (sync, seq, user_id), in which PostgreSQL skips from sync to sync.
FORGET_DUE = """
DELETE FROM due AS d
USING (
    SELECT sync, seq, user_id
    FROM due
    WHERE seq >= %(first)s AND seq < %(end)s AND outcome IS NOT NULL AND outcome <> 'held'
    LIMIT %(limit)s
) AS old
WHERE d.sync = old.sync AND d.seq = old.seq AND d.user_id = old.user_id
"""

# Relies on event_ids_by_day.
FORGET_IDS = """
DELETE FROM event_ids
WHERE id = ANY(ARRAY(SELECT id FROM event_ids WHERE day < %s LIMIT %s))
"""


def first_number(day: date) -> int:
    """The lowest number of the rows that are stored on a day."""
    return (day - _EPOCH).days * ROWS_PER_DAY


async def today(connection: Connection) -> date:
    """The day by the database's clock, UTC."""
    row = await fetch_row(connection, TODAY)
    found: date = row[0]
    return found


async def parts(connection: Connection, table: Partitioned) -> list[Part]:
    """The parts of a table from the oldest to the newest, without the rest."""
    rows = await (await connection.execute(PARTS, (table.value,))).fetchall()
    found = [(name, _BOUND.search(bound or "")) for name, bound in rows]
    known = [
        Part(name, 0 if bound[1] == "MINVALUE" else int(bound[1]), int(bound[2])) for name, bound in found if bound
    ]
    return sorted(known, key=lambda part: part.end)


async def make_ahead(connection: Connection, table: Partitioned, until: date, days: int) -> list[str]:
    """Make parts of `days` days each until the day `until` has one; returns their names.

    What lies in the rest because a part was missing moves into it. Call in a transaction.
    """
    existing = await parts(connection, table)
    first = max((part.end for part in existing), default=first_number(await today(connection)))
    made: list[str] = []
    if first > first_number(until):
        return made
    await connection.execute(LOCK_WITHIN)
    while first <= first_number(until):
        end = first + days * ROWS_PER_DAY
        day = _EPOCH + timedelta(days=first // ROWS_PER_DAY)
        made.append(await _make(connection, table, Part(f"{table.value}_{day:%Y%m%d}", first, end)))
        first = end
    return made


async def _make(connection: Connection, table: Partitioned, part: Part) -> str:
    """Make one part beside the table, fill it with what lies in the rest, and attach it.

    Made beside, because creating it in its place would lock out everybody who reads or writes the table.
    """
    names = {
        "table": sql.Identifier(table.value),
        "rest": sql.Identifier(f"{table.value}_rest"),
        "part": sql.Identifier(part.name),
        "number": sql.Identifier(NUMBERS[table]),
        "first": sql.Literal(part.first),
        "end": sql.Literal(part.end),
    }
    for statement in (
        "LOCK TABLE {rest} IN ACCESS EXCLUSIVE MODE",
        "CREATE TABLE {part} (LIKE {table} INCLUDING DEFAULTS)",
        "WITH moved AS (DELETE FROM {rest} WHERE {number} >= {first} AND {number} < {end} RETURNING *)"
        " INSERT INTO {part} SELECT * FROM moved",
        "ALTER TABLE {table} ATTACH PARTITION {part} FOR VALUES FROM ({first}) TO ({end})",
    ):
        await connection.execute(sql.SQL(statement).format(**names))
    return part.name


async def drop(connection: Connection, part: Part) -> None:
    """Drop a part with everything in it; call in a transaction."""
    await connection.execute(LOCK_WITHIN)
    await connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(part.name)))


async def is_needed(connection: Connection, part: Part) -> bool:
    """Whether events of this part of the inbox still wait, or are held for a person."""
    return bool((await fetch_row(connection, NEEDED, {"first": part.first, "end": part.end}))[0])


async def forget_due(connection: Connection, part: Part, limit: int) -> int:
    """Delete some of the finished work about events of this part; returns how much, 0 when nothing is left."""
    cursor = await connection.execute(FORGET_DUE, {"first": part.first, "end": part.end, "limit": limit})
    return cursor.rowcount


async def forget_ids(connection: Connection, before: date, limit: int) -> int:
    """Delete some of the ids of events that were stored before a day; returns how many."""
    return (await connection.execute(FORGET_IDS, ((before - _EPOCH).days, limit))).rowcount
