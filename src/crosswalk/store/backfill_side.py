"""What a back-fill read of both sides: tables of its own, made for it and dropped with it.

They are ordinary tables, not temporary ones: several workers look into them, and a back-fill that was killed goes on
from them. Dropping a table leaves nothing to clean up, where deleting a million rows would.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import LiteralString

from msgspec import Struct
from psycopg import sql

from crosswalk.domain.ids import RecordId, SyncName, UserId
from crosswalk.store.database import Connection, fetch_row
from crosswalk.store.new_rows import blobs, copy_rows, numbers, rows_of, texts, words

IDS = sql.SQL('text COLLATE "C"')
"""Ids are compared byte by byte, which is several times quicker than by the rules of a language."""

CREATE_RECORDS = """
CREATE TABLE IF NOT EXISTS {records} (object text NOT NULL, record_id {text} NOT NULL, fields json NOT NULL);
CREATE TABLE IF NOT EXISTS {keys} (list smallint NOT NULL, hash bigint NOT NULL, record_id text NOT NULL);
CREATE TABLE IF NOT EXISTS {matches} (user_id {text} NOT NULL, record_id {text} NOT NULL, rank integer NOT NULL);
CREATE TABLE IF NOT EXISTS {losers} (user_id {text} NOT NULL, record_id {text} NOT NULL, winner {text} NOT NULL);
CREATE TABLE IF NOT EXISTS {changed} (hash bigint, record_id text NOT NULL);
TRUNCATE {records}, {keys}, {matches}, {losers}, {changed};
DROP INDEX IF EXISTS {records_index};
DROP INDEX IF EXISTS {keys_index};
CREATE INDEX IF NOT EXISTS {changed_index} ON {changed} (hash);
CREATE INDEX IF NOT EXISTS {changed_index_by_id} ON {changed} (record_id)
"""

CREATE_USERS = """
CREATE TABLE IF NOT EXISTS {users} (user_id {text} NOT NULL);
TRUNCATE {users};
DROP INDEX IF EXISTS {users_index}
"""

DROP = "DROP TABLE IF EXISTS {records}, {keys}, {users}, {matches}, {losers}, {changed}"

# Made once a side is read, which they tell: that is several times quicker than keeping them while rows come.
INDEX_RECORDS = """
CREATE UNIQUE INDEX IF NOT EXISTS {records_index} ON {records} (record_id);
CREATE INDEX IF NOT EXISTS {keys_index} ON {keys} (hash);
ANALYZE {records};
ANALYZE {keys}
"""
INDEX_USERS = """
CREATE INDEX IF NOT EXISTS {users_index} ON {users} (user_id);
ANALYZE {users}
"""
ARE_WHOLE = "SELECT to_regclass(%s) IS NOT NULL, to_regclass(%s) IS NOT NULL"

COPY_RECORDS = "COPY {records} FROM STDIN (FORMAT binary)"
COPY_KEYS = "COPY {keys} FROM STDIN (FORMAT binary)"
COPY_USERS = "COPY {users} FROM STDIN (FORMAT binary)"
COPY_MATCHES = "COPY {matches} FROM STDIN (FORMAT binary)"
COPY_CHANGED = "COPY {changed} (hash, record_id) FROM STDIN (FORMAT binary)"

# Records that changed since. A key that a record has no more does no harm: what is found is compared again.
UPSERT_RECORDS = """
INSERT INTO {records}
SELECT DISTINCT ON (record_id) object, record_id, fields::json
FROM unnest(%b::text[], %b::text[], %b::text[]) AS given (object, record_id, fields)
ON CONFLICT (record_id) DO UPDATE SET fields = excluded.fields
"""

# In the order of the index, and not joined: for some thousand keys PostgreSQL would read all that there are instead.
FIND = """
SELECT list, hash, record_id
FROM {keys}
WHERE list = ANY(%b::smallint[]) AND hash = ANY(%b::bigint[])
"""

# What changed since everything was read, of these keys and these records.
CHANGED = """
SELECT hash, '' FROM {changed} WHERE hash = ANY(%b::bigint[])
UNION ALL
SELECT 0, record_id FROM {changed} WHERE record_id = ANY(%b::text[])
"""
ANY_CHANGED = "SELECT EXISTS (SELECT FROM {changed})"

BY_ID = "SELECT object, record_id, fields::text FROM {records} WHERE record_id = ANY(%b::text[])"

KNOWN_USERS = "SELECT user_id FROM {users} WHERE user_id = ANY(%b::text[])"

# Of several users who match one record, the one by the better rule gets it, and among equals the first by id.
SETTLE = """
TRUNCATE {losers};
INSERT INTO {losers}
SELECT user_id, record_id, winner
FROM (
    SELECT user_id, record_id, first_value(user_id) OVER (PARTITION BY record_id ORDER BY rank, user_id) AS winner
    FROM {matches}
) AS claimed
WHERE user_id <> winner
"""

LOSERS = "SELECT user_id, record_id, winner FROM {losers} ORDER BY user_id"
LOST = "SELECT user_id FROM {losers} WHERE user_id = ANY(%b::text[])"

# Records that are nobody's, and that no rule found for anybody.
COUNT_UNCLAIMED = """
SELECT r.object, count(*)
FROM {records} AS r
WHERE NOT EXISTS (SELECT FROM links AS l WHERE l.sync = %s AND l.record_id = r.record_id)
    AND NOT EXISTS (SELECT FROM {matches} AS m WHERE m.record_id = r.record_id)
GROUP BY r.object
"""


class ReadRecord(Struct, frozen=True):
    """A record as it was read: its fields as JSON, and the keys by which it may be found (list, hash)."""

    object: str
    id: str
    fields: bytes
    keys: Collection[tuple[int, int]]


class BackfillSide:
    """The tables of one back-fill."""

    def __init__(self, number: int) -> None:
        self.number = number
        names = ("records", "keys", "users", "matches", "losers", "changed")
        self._names = {name: sql.Identifier(f"backfill_{number}_{name}") for name in names}
        self._names |= {f"{name}_index": sql.Identifier(f"backfill_{number}_{name}_index") for name in names}
        self._names["changed_index_by_id"] = sql.Identifier(f"backfill_{number}_changed_index_by_id")

    async def create_records(self, connection: Connection) -> None:
        """Make the tables of the records, or make them empty."""
        await connection.execute(self._sql(CREATE_RECORDS))

    async def create_users(self, connection: Connection) -> None:
        """Make the table of the users, or make it empty."""
        await connection.execute(self._sql(CREATE_USERS))

    async def are_whole(self, connection: Connection) -> tuple[bool, bool]:
        """Whether all records, and all users, were read."""
        names = [f"backfill_{self.number}_{side}_index" for side in ("records", "users")]
        return await fetch_row(connection, ARE_WHOLE, names)

    async def drop(self, connection: Connection) -> None:
        """Drop the tables."""
        await connection.execute(self._sql(DROP))

    async def index_records(self, connection: Connection) -> None:
        """Make the records quick to find: they are whole."""
        await self._index(connection, INDEX_RECORDS)

    async def index_users(self, connection: Connection) -> None:
        """Make the users quick to find: they are whole."""
        await self._index(connection, INDEX_USERS)

    async def _index(self, connection: Connection, statement: LiteralString) -> None:
        await connection.execute("SET LOCAL maintenance_work_mem = '128MB'; SET LOCAL statement_timeout = 0")
        await connection.execute(self._sql(statement))

    async def add_records(self, connection: Connection, records: Sequence[ReadRecord]) -> None:
        """Add records that were read."""
        if not records:
            return
        rows = rows_of(
            words([r.object for r in records]), texts([r.id for r in records]), blobs([r.fields for r in records])
        )
        await copy_rows(connection, self._sql(COPY_RECORDS), rows)
        await self._add_keys(connection, records)

    async def change_records(self, connection: Connection, records: Sequence[ReadRecord]) -> None:
        """Bring records up to date that changed, and add new ones."""
        columns = ([r.object for r in records], [r.id for r in records], [r.fields.decode() for r in records])
        await connection.execute(self._sql(UPSERT_RECORDS), columns)
        await self._add_keys(connection, records)
        changed = [(None, r.id) for r in records] + [(hash_, r.id) for r in records for _, hash_ in r.keys]
        rows = rows_of(numbers((hash_ for hash_, _ in changed), 8), texts(record_id for _, record_id in changed))
        await copy_rows(connection, self._sql(COPY_CHANGED), rows)

    async def _add_keys(self, connection: Connection, records: Sequence[ReadRecord]) -> None:
        keys = [(number, hash_, r.id) for r in records for number, hash_ in r.keys]
        rows = rows_of(
            numbers((number for number, _, _ in keys), 2),
            numbers((hash_ for _, hash_, _ in keys), 8),
            texts(record_id for _, _, record_id in keys),
        )
        await copy_rows(connection, self._sql(COPY_KEYS), rows)

    async def add_users(self, connection: Connection, users: Iterable[str]) -> None:
        """Note users that were read."""
        await copy_rows(connection, self._sql(COPY_USERS), rows_of(texts(users)))

    async def add_matches(self, connection: Connection, matches: Sequence[tuple[UserId, RecordId, int]]) -> None:
        """Note whom a rule found which record for; the rank says by which rule, the best first."""
        rows = rows_of(
            texts(user for user, _, _ in matches),
            texts(record for _, record, _ in matches),
            numbers((rank for _, _, rank in matches), 4),
        )
        await copy_rows(connection, self._sql(COPY_MATCHES), rows)

    async def find(self, connection: Connection, wanted: Collection[tuple[int, int]]) -> set[tuple[int, str]]:
        """The records that may hold these keys (list, hash): list and id."""
        columns = (sorted({number for number, _ in wanted}), sorted({hash_ for _, hash_ in wanted}))
        rows = await (await connection.execute(self._sql(FIND), columns, binary=True)).fetchall()
        return {(number, record_id) for number, hash_, record_id in rows if (number, hash_) in wanted}

    async def by_id(self, connection: Connection, ids: Sequence[str]) -> list[tuple[str, str, str]]:
        """Records by id: object, id and fields."""
        return await (await connection.execute(self._sql(BY_ID), (list(ids),), binary=True)).fetchall()

    async def changed(
        self, connection: Connection, hashes: Collection[int], ids: Sequence[str]
    ) -> tuple[set[int], set[str]]:
        """Which of these keys have records that changed since everything was read, and which of these records did."""
        there = await (await connection.execute(self._sql(ANY_CHANGED))).fetchone()
        if there is None or not there[0]:
            return set(), set()
        rows = await (await connection.execute(self._sql(CHANGED), (list(hashes), list(ids)), binary=True)).fetchall()
        return {hash_ for hash_, record_id in rows if not record_id}, {each for _, each in rows if each}

    async def known_users(self, connection: Connection, users: Sequence[UserId]) -> set[UserId]:
        """Which of these users were read."""
        rows = await (await connection.execute(self._sql(KNOWN_USERS), (list(users),))).fetchall()
        return {UserId(row[0]) for row in rows}

    async def settle(self, connection: Connection) -> list[tuple[str, str, str]]:
        """Decide between users who match one record; returns those who lose it: user, record, winner."""
        await connection.execute("SET LOCAL statement_timeout = 0")
        await connection.execute(self._sql(SETTLE))
        return await self.losers(connection)

    async def losers(self, connection: Connection) -> list[tuple[str, str, str]]:
        """The users who lost the record that they match to another, as it was settled: user, record, winner."""
        return await (await connection.execute(self._sql(LOSERS))).fetchall()

    async def lost(self, connection: Connection, users: Sequence[UserId]) -> set[UserId]:
        """Which of these users lost the record that they match to another."""
        rows = await (await connection.execute(self._sql(LOST), (list(users),))).fetchall()
        return {UserId(row[0]) for row in rows}

    async def unclaimed(self, connection: Connection, sync: SyncName) -> dict[str, int]:
        """How many records of each object belong to nobody."""
        await connection.execute("SET LOCAL statement_timeout = 0")
        return dict(await (await connection.execute(self._sql(COUNT_UNCLAIMED), (sync,))).fetchall())

    def _sql(self, statement: LiteralString) -> sql.Composed:
        return sql.SQL(statement).format(text=IDS, **self._names)
