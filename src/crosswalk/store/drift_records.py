"""The records of a drift check: CSV goes into the database as it comes, and is compared there with the replicas."""

from collections.abc import AsyncIterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import LiteralString

from msgspec import Struct
from psycopg import sql

from crosswalk.domain.ids import RecordId, SyncName, UserId
from crosswalk.domain.record import MODIFIED_FIELD
from crosswalk.store.database import Connection

NUMBERS = frozenset({"double", "currency", "percent", "int", "long"})
MOMENTS = frozenset({"datetime"})

COPY = "COPY {table} ({columns}) FROM STDIN (FORMAT csv, FORCE_NULL ({columns}))"

# A record that is there although its link says otherwise came back; a link whose record was not looked for cannot say
# that it is gone. The replica is taken apart once, whatever the number of fields.
MARK = """
INSERT INTO drift_marks
SELECT l.user_id, CASE WHEN s."Id" IS NULL THEN 'record_gone' ELSE 'record_changed' END
FROM links AS l
LEFT JOIN {table} AS s ON s."Id" = l.record_id
CROSS JOIN LATERAL json_to_record(l.record) AS r ({columns})
WHERE l.sync = {sync} AND l.object = {object} AND l.changed_at < {started}
    AND CASE
        WHEN s."Id" IS NULL THEN {complete} AND l.standing = 'live'
        ELSE (s.{modified} IS NULL OR s.{modified}::timestamptz < {before})
            AND (l.standing <> 'live' OR {differs})
    END
    {sampled}
"""

IN_SAMPLE = "AND l.user_id IN (SELECT user_id FROM drift_sample)"

EXTERNAL = """
INSERT INTO drift_external
SELECT s.{key}, {object}, s."Id"
FROM {table} AS s
WHERE s.{key} <> ''
"""

# People whose verified address is that of a record which carries no id, where neither is linked.
MARK_BY_EMAIL = """
INSERT INTO drift_marks
SELECT u.user_id, 'unlinked'
FROM drift_users AS u
JOIN {table} AS s ON lower(s.{field}) = u.email
WHERE coalesce(s.{key}, '') = ''
    AND NOT EXISTS (SELECT FROM links AS l WHERE l.sync = {sync} AND l.user_id = u.user_id)
    AND NOT EXISTS (SELECT FROM links AS l WHERE l.sync = {sync} AND l.record_id = s."Id")
"""

NEWEST_CHANGE = "SELECT max({modified}::timestamptz) FROM {table}"

READ = 'SELECT {columns} FROM {table} WHERE "Id" = ANY(%s)'


class Column(Struct, frozen=True):
    """A field that is read: its name, and its type in the words of the org's describe."""

    name: str
    type: str


class RecordTable:
    """The working table of one object's records. Every value is the text that the org gave.

    Parameters
    ----------
    session
        The session that the table belongs to.
    number
        Tells it from the tables of the other objects.
    object_name, columns
        What is read: `Id` and the time of change are always among it.
    """

    def __init__(self, session: Connection, number: int, object_name: str, columns: Sequence[Column]) -> None:
        self._session = session
        self._table = sql.Identifier(f"drift_records_{number}")
        self.object = object_name
        named = {column.name.lower(): column for column in columns}
        named.setdefault("id", Column("Id", "id"))
        named.setdefault(MODIFIED_FIELD.lower(), Column(MODIFIED_FIELD, "datetime"))
        self._columns: Mapping[str, Column] = named

    @property
    def columns(self) -> tuple[Column, ...]:
        """What is read."""
        return tuple(self._columns.values())

    async def create(self) -> None:
        """Make the table."""
        columns = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(c.name)) for c in self.columns)
        await self._session.execute(sql.SQL("CREATE TEMP TABLE {} ({})").format(self._table, columns))

    async def load(self, columns: Sequence[str], rows: AsyncIterable[bytes]) -> int:
        """Add rows of CSV without a header; returns how many bytes they were."""
        names = sql.SQL(", ").join(sql.Identifier(self._columns[name.lower()].name) for name in columns)
        size = 0
        async with (
            self._session.cursor() as cursor,
            cursor.copy(sql.SQL(COPY).format(table=self._table, columns=names)) as copy,
        ):
            async for piece in rows:
                size += len(piece)
                await copy.write(piece)
        return size

    async def compare(
        self, sync: SyncName, started: datetime, grace: timedelta, key_field: str, *, complete: bool, sample: bool
    ) -> None:
        """Mark the identities whose record differs from the replica, and note which records carry which user's id."""
        await self._session.execute(sql.SQL("ANALYZE {}").format(self._table))
        compared = [c for c in self.columns if c.name not in ("Id", MODIFIED_FIELD)]
        await self._session.execute(
            sql.SQL(MARK).format(
                table=self._table,
                columns=sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(c.name)) for c in compared),
                sync=sql.Literal(sync),
                object=sql.Literal(self.object),
                started=sql.Literal(started),
                before=sql.Literal(max(started, await self._newest_change() or started) - grace),
                complete=sql.Literal(complete),
                modified=sql.Identifier(MODIFIED_FIELD),
                differs=sql.SQL(" OR ").join(_differs(column) for column in compared),
                sampled=sql.SQL(IN_SAMPLE if sample else ""),
            )
        )
        await self._run(EXTERNAL, key=sql.Identifier(key_field), object=sql.Literal(self.object))

    async def _newest_change(self) -> datetime | None:
        """When a record changed last by the org's clock, which may be ahead of ours."""
        query = sql.SQL(NEWEST_CHANGE).format(table=self._table, modified=sql.Identifier(MODIFIED_FIELD))
        row = await (await self._session.execute(query)).fetchone()
        return None if row is None else row[0]

    async def mark_by_email(self, sync: SyncName, key_field: str, field: str) -> None:
        """Mark people without a record whose verified address one of these records has in `field`."""
        await self._run(
            MARK_BY_EMAIL, key=sql.Identifier(key_field), field=sql.Identifier(field), sync=sql.Literal(sync)
        )

    async def index(self) -> None:
        """Make single records quick to find."""
        await self._run('CREATE INDEX ON {table} ("Id")')

    async def read(self, ids: Sequence[RecordId]) -> dict[RecordId, dict[str, str | None]]:
        """These records as the org gave them: column → text."""
        names = sql.SQL(", ").join(sql.Identifier(column.name) for column in self.columns)
        query = sql.SQL(READ).format(columns=names, table=self._table)
        rows = await (await self._session.execute(query, (list(ids),))).fetchall()
        found = [dict(zip((column.name for column in self.columns), row, strict=True)) for row in rows]
        return {RecordId(str(row["Id"])): row for row in found}

    async def _run(self, statement: LiteralString, **parts: sql.Composable) -> None:
        await self._session.execute(sql.SQL(statement).format(table=self._table, **parts))


def _differs(column: Column) -> sql.Composed:
    """Whether what was read (`s`) is another value than the replica's (`r`); an empty text is no value."""
    read, known = sql.Identifier("s", column.name), sql.Identifier("r", column.name)
    if column.type == "boolean":
        return sql.SQL("coalesce({}, 'false') <> coalesce({}, 'false')").format(read, known)
    differs = sql.SQL("nullif({}, '') IS DISTINCT FROM nullif({}, '')").format(read, known)
    kind = "numeric" if column.type in NUMBERS else "timestamptz" if column.type in MOMENTS else None
    if kind is None:
        return sql.SQL("({})").format(differs)
    # The same number or moment may be written in several ways; what is neither is compared as text.
    same = sql.SQL(
        "CASE WHEN pg_input_is_valid({read}, {name}) AND pg_input_is_valid({known}, {name})"
        " THEN {read}::{kind} <> {known}::{kind} ELSE true END"
    ).format(read=read, known=known, name=sql.Literal(kind), kind=sql.SQL(kind))
    return sql.SQL("({} AND {})").format(differs, same)


STORE = """
UPDATE links AS l
SET record = given.record::json, settled = '', changed_at = now()
FROM unnest(%b::text[], %b::text[], %b::text[]) AS given (user_id, record_id, record)
WHERE l.sync = %s AND l.user_id = given.user_id AND l.record_id = given.record_id AND l.changed_at < %s
"""


async def store(
    connection: Connection, sync: SyncName, records: Sequence[tuple[UserId, RecordId, str]], started: datetime
) -> None:
    """Keep records as they were read (JSON) as their links' replicas, but for links that moved since `started`."""
    await connection.execute(
        STORE, ([r[0] for r in records], [r[1] for r in records], [r[2] for r in records], sync, started)
    )
