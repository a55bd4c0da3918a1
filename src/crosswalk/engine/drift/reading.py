"""Both sides and the replicas into the working tables of a drift check, each in the way that costs the fewest calls."""

import asyncio
import builtins
import csv
import io
import math
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import IO, Protocol, TypeAlias

import msgspec

from crosswalk.connectors.base import DescribesObjects, FindsCandidates, ReadsUsers
from crosswalk.connectors.errors import MalformedAnswer
from crosswalk.connectors.salesforce.bulk_query import everything
from crosswalk.connectors.salesforce.query import Row
from crosswalk.connectors.whole_side import ExportsRecords, ExportsUsers
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.record import Record
from crosswalk.domain.values import FieldValue
from crosswalk.reconcile.user_digest import UserDigest
from crosswalk.store import drift as tables
from crosswalk.store.database import Connection
from crosswalk.store.drift import UserRow
from crosswalk.store.drift_records import MOMENTS, NUMBERS, Column

LISTED_USERS = 500
"""So many users are listed, a hundred in a call; an export takes about as many calls for any number of them."""
QUERIED_RECORDS = 4_000
"""So many records are queried, 2,000 in a call; a bulk query takes about as many calls for any number of them."""
RECORDS_IN_A_CALL = 200
READ_ONE_BY_ONE = 5
"""So few users of a sample are read one by one."""

Tick: TypeAlias = Callable[[int], None]
"""Told of each further number of users or records."""


class Tenant(ReadsUsers, ExportsUsers, Protocol):
    """What is needed of the identity side."""


class Org(FindsCandidates, ExportsRecords, DescribesObjects, Protocol):
    """What is needed of the CRM side."""

    async def query(self, soql: str) -> list[Row]:
        """Return all rows that `soql` selects."""
        ...


class TakesRows(Protocol):
    """Takes the records of an object as CSV."""

    object: str

    @property
    def columns(self) -> Sequence[Column]:
        """What is read."""
        ...

    async def load(self, columns: Sequence[str], rows: AsyncIterable[bytes]) -> builtins.object:
        """Take rows of these columns, without a header."""
        ...


class Spool:
    """The users that were read, on disk: those that differ are taken from there again, so none has to be kept."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._end = 0

    def add(self, texts: Iterable[bytes]) -> list[int]:
        """Keep texts; returns where each begins."""
        places = []
        self._file.seek(self._end)
        for text in texts:
            places.append(self._end)
            self._end += self._file.write(text)
        return places

    def read(self, place: int, size: int) -> bytes:
        """The text of `size` bytes that begins at `place`."""
        self._file.seek(place)
        return self._file.read(size)


async def whole_tenant(tenant: Tenant) -> AsyncIterator[list[bytes]]:
    """All users: by listing while they are few, otherwise by an export."""
    listed: list[bytes] = []
    async for identity in tenant.list_users():
        listed.append(identity.profile)
        if len(listed) > LISTED_USERS:
            break
    else:
        yield listed
        return
    async for lines in tenant.export_users():
        yield lines


async def users_since(tenant: Tenant, since: datetime) -> AsyncIterator[list[bytes]]:
    """The users that changed since a time."""
    async for identity in tenant.list_users(f'updated_at:["{since:%Y-%m-%dT%H:%M:%S.000Z}" TO *]'):
        yield [identity.profile]


async def some_users(tenant: Tenant, users: Sequence[UserId]) -> AsyncIterator[list[bytes]]:
    """These users, as far as they are there."""
    read = await tenant.read_users(users)
    yield [identity.profile for identity in read.values() if identity is not None]


async def load_users(
    session: Connection, texts: AsyncIterable[list[bytes]], digest: UserDigest, spool: Spool, tick: Tick
) -> int:
    """Digest users and load them; returns how many there were.

    Raises
    ------
    MalformedAnswer
        One of them is no user.
    """
    count = 0
    async with session.cursor() as cursor, cursor.copy(tables.COPY_USERS) as copy:
        async for lines in texts:
            await tables.copy_users(copy, await asyncio.to_thread(_digested, lines, digest, spool))
            count += len(lines)
            tick(len(lines))
    return count


def _digested(lines: Sequence[bytes], digest: UserDigest, spool: Spool) -> list[UserRow]:
    rows = []
    for line, place in zip(lines, spool.add(lines), strict=True):
        try:
            user = digest.of(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise MalformedAnswer("Auth0", "the users", "one JSON object for each user", "something else") from error
        rows.append(UserRow(user.user_id, user.updated_at, user.digest, place, len(line), user.email))
    return rows


async def load_replicas(
    session: Connection,
    stored: AsyncIterable[list[tuple[str, bytes, str, bool]]],
    digest: UserDigest,
    tick: Tick,
) -> None:
    """Digest what the hub knows of users and load it."""
    async with session.cursor() as cursor, cursor.copy(tables.COPY_REPLICAS) as copy:
        async for rows in stored:
            await tables.copy_replicas(copy, await asyncio.to_thread(_replicas, rows, digest))
            tick(len(rows))


def _replicas(rows: Sequence[tuple[str, bytes, str, bool]], digest: UserDigest) -> list[tuple[str, str, str, bool]]:
    found = []
    for user_id, profile, updated_at, deleted in rows:
        try:
            of = digest.of(profile).digest
        except (msgspec.DecodeError, UnicodeDecodeError):
            of = "0" * 32  # a replica that cannot be read differs from whatever was read
        found.append((user_id, updated_at, of, deleted))
    return found


async def describe_columns(org: DescribesObjects, object_name: str, fields: Sequence[str]) -> list[Column]:
    """The types of fields, by which their texts are read and compared; those of parents are read as text."""
    description = await org.describe(object_name)
    columns = []
    for name in fields:
        field = description.field(name)
        columns.append(Column(name, "string" if field is None else field.type))
    return columns


async def load_records(org: Org, table: TakesRows, condition: str | None, tick: Tick) -> None:
    """Load all records of an object, or those that fulfil a condition: by query while they are few, else by bulk."""
    names = [column.name for column in table.columns]
    rows = await org.query(f"{everything(table.object, names, condition)} LIMIT {QUERIED_RECORDS + 1}")
    if len(rows) <= QUERIED_RECORDS:
        await _load_rows(table, names, rows)
        tick(len(rows))
        return
    async for columns, pieces in org.bulk_query(table.object, names, condition):
        await table.load(columns, _counted(pieces, tick))


async def load_some_records(org: Org, table: TakesRows, ids: Sequence[RecordId], tick: Tick) -> None:
    """Load these records: by their ids, or all of the object where that takes fewer calls."""
    if math.ceil(len(ids) / RECORDS_IN_A_CALL) > math.ceil(QUERIED_RECORDS / 2_000):
        await load_records(org, table, None, tick)
        return
    names = [column.name for column in table.columns]
    found = await org.find_candidates(table.object, names, "Id", ids)
    await _load_rows(table, names, [{"Id": record.id, **record.fields} for record in found])
    tick(len(found))


async def _load_rows(table: TakesRows, names: Sequence[str], rows: Sequence[Mapping[str, object]]) -> None:
    """Load rows as the REST API gives them."""

    async def text() -> AsyncIterator[bytes]:
        written = io.StringIO()
        writer = csv.writer(written, lineterminator="\n")
        writer.writerows([_cell(_value(row, name)) for name in names] for row in rows)
        yield written.getvalue().encode()

    if rows:
        await table.load(names, text())


def _value(row: Mapping[str, object], name: str) -> object:
    """A field of a row; those of a parent (`Account.Name`) come nested."""
    if name in row:
        return row[name]
    outer, _, inner = name.partition(".")
    parent = row.get(outer)
    return _value(parent, inner) if inner and isinstance(parent, dict) else None


def _cell(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


async def _counted(pieces: AsyncIterable[bytes], tick: Tick) -> AsyncIterator[bytes]:
    """The pieces, counting the lines that pass."""
    async for piece in pieces:
        tick(piece.count(b"\n"))
        yield piece


def record_of(object_name: str, columns: Sequence[Column], row: Mapping[str, str | None]) -> Record:
    """A loaded row as the record that a query would have given."""
    fields = {column.name: _typed(row[column.name], column.type) for column in columns if column.name != "Id"}
    return Record(object_name, RecordId(str(row["Id"])), fields)


def _typed(text: str | None, type_: str) -> FieldValue:
    if type_ == "boolean":
        return text == "true"
    if text is None or text == "":
        return None
    if type_ in NUMBERS:
        try:
            return int(text) if type_ in {"int", "long"} else float(text)
        except ValueError:
            return text
    # The bulk API writes UTC in another way than queries do.
    return f"{text[:-1]}+0000" if type_ in MOMENTS and text.endswith("Z") else text
