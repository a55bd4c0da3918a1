"""Both sides whole into the tables of a back-fill: users in chunks of a lane, records with the keys that find them."""

import asyncio
import csv
import io
import zlib
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct

from crosswalk.connectors.errors import MalformedAnswer
from crosswalk.domain.backfill import Backfill, key_hash
from crosswalk.domain.definition import Target
from crosswalk.domain.ids import UserId
from crosswalk.domain.record import MODIFIED_FIELD, Record
from crosswalk.engine.backfill.ahead import one_ahead
from crosswalk.engine.backfill.csv_pieces import whole_rows
from crosswalk.engine.backfill.deals import read_deals
from crosswalk.engine.drift.reading import Org, Tenant, describe_columns, load_records, record_of, whole_tenant
from crosswalk.matching.keys import CompiledRule
from crosswalk.matching.look_ups import LookUpName
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.reconcile.tracking import tracked_fields
from crosswalk.store import backfills
from crosswalk.store.backfill_side import BackfillSide, ReadRecord
from crosswalk.store.database import Database, fetch_row
from crosswalk.store.drift_records import Column

USERS_IN_A_CHUNK = 2_000
"""Ten full calls of writes; a lane is kept from live work for as long as they take."""

CLOCKS_APART = timedelta(minutes=5)
"""So much earlier than our clock says, changes are asked for: the org's may be behind."""

NOW = "SELECT clock_timestamp()"


class _User(Struct):
    user_id: str


_decode_user = msgspec.json.Decoder(_User).decode
_decode_chunk = msgspec.msgpack.Decoder(list[bytes]).decode


def pack(profiles: Sequence[bytes]) -> bytes:
    """Users as a chunk keeps them."""
    return zlib.compress(msgspec.msgpack.encode(profiles), 1)


def unpack(packed: bytes) -> list[bytes]:
    """The users of a chunk."""
    return _decode_chunk(zlib.decompress(packed))


def lists_of(rules: Sequence[Sequence[CompiledRule]]) -> dict[LookUpName, tuple[int, CompiledRule]]:
    """The look-ups of a sync, each with its number and a rule that compares as it does."""
    named = {(rule.sobject, rule.searched): rule for each in rules for rule in each}
    return {name: (number, named[name]) for number, name in enumerate(sorted(named))}


class BackfillReading:
    """Reads both sides for one back-fill. Beginning again forgets what was read before.

    Parameters
    ----------
    database, side
        Where everything goes.
    compiled
        The sync.
    tenant, org
        The two sides.
    backfill
        For which.
    """

    def __init__(
        self,
        database: Database,
        side: BackfillSide,
        compiled: CompiledSync,
        tenant: Tenant,
        org: Org,
        backfill: Backfill,
    ) -> None:
        self._database = database
        self._side = side
        self._compiled = compiled
        self._tenant = tenant
        self._org = org
        self._backfill = backfill
        self._users = 0
        self._records = 0

    async def are_whole(self) -> tuple[bool, bool]:
        """Whether all records, and all users, were read."""
        async with self._database.transaction() as connection:
            return await self._side.are_whole(connection)

    async def read_records(self) -> None:
        """Read all records, and the deals that were asked for.

        Raises
        ------
        crosswalk.connectors.errors.ConnectorError
            The org could not be read.
        """
        number, definition = self._backfill.id, self._compiled.definition
        async with self._database.transaction() as connection:
            await backfills.forget_findings(connection, number)
            await self._side.create_records(connection)
            began: datetime = (await fetch_row(connection, NOW))[0]
        for target in definition.targets:
            await self._load(target, None)
        if self._backfill.deals and definition.flows.closed_won is not None:
            await read_deals(self._database, self._org, definition, definition.flows.closed_won, number)
        async with self._database.transaction() as connection:
            await self._side.index_records(connection)
            await backfills.save_figures(connection, number, None, self._records)
            await backfills.save_read_at(connection, number, began)

    async def catch_up(self, since: datetime) -> None:
        """Read the records that changed since: some calls, however long ago everything was read."""
        async with self._database.transaction() as connection:
            began: datetime = (await fetch_row(connection, NOW))[0]
        moment = f"{since - CLOCKS_APART:%Y-%m-%dT%H:%M:%SZ}"
        for target in self._compiled.definition.targets:
            await self._load(target, f"{MODIFIED_FIELD} >= {moment}")
        async with self._database.transaction() as connection:
            await backfills.save_read_at(connection, self._backfill.id, began)

    async def _load(self, target: Target, condition: str | None) -> None:
        names = tracked_fields(target, self._compiled.definition.flows)
        columns = await describe_columns(self._org, target.object, names)
        table = _Arriving(self._database, self._side, self._compiled, target.object, columns, changed=bool(condition))
        await load_records(self._org, table, condition, lambda _: None)
        if condition is None:
            self._records += table.count
            async with self._database.transaction() as connection:
                await backfills.save_figures(connection, self._backfill.id, None, self._records)

    async def read_users(self) -> None:
        """Read all users.

        Raises
        ------
        crosswalk.connectors.errors.ConnectorError
            The tenant could not be read.
        """
        async with self._database.transaction() as connection:
            await backfills.forget_chunks(connection, self._backfill.id)
            await self._side.create_users(connection)
        waiting: dict[int, list[bytes]] = {}
        async with aclosing(one_ahead(_with_ids(whole_tenant(self._tenant)))) as pieces:
            async for lines, users in pieces:
                for lane, line in zip(await self._add_users(users), lines, strict=True):
                    waiting.setdefault(lane, []).append(line)
                await self._add_chunks(_full(waiting))
        await self._add_chunks([each for each in waiting.items() if each[1]])
        async with self._database.transaction() as connection:
            await self._side.index_users(connection)

    async def _add_users(self, users: Sequence[UserId]) -> list[int]:
        """Note users that were read; returns the lane of each."""
        self._users += len(users)
        async with self._database.transaction() as connection:
            await self._side.add_users(connection, users)
            await backfills.save_figures(connection, self._backfill.id, self._users, None)
            return await backfills.lanes_of(connection, users, self._backfill.lanes)

    async def _add_chunks(self, chunks: Sequence[tuple[int, Sequence[bytes]]]) -> None:
        """Add chunks: the lane and the users of each."""
        if not chunks:
            return
        packed = await asyncio.to_thread(lambda: [pack(profiles) for _, profiles in chunks])
        async with self._database.transaction() as connection:
            for (lane, profiles), each in zip(chunks, packed, strict=True):
                await backfills.add_chunk(connection, self._backfill.id, lane, len(profiles), each)


async def _with_ids(pieces: AsyncIterator[list[bytes]]) -> AsyncGenerator[tuple[list[bytes], list[UserId]], None]:
    """Users as they were read, with their ids."""
    async for lines in pieces:
        yield lines, await asyncio.to_thread(_ids, lines)


def _full(waiting: Mapping[int, list[bytes]]) -> list[tuple[int, Sequence[bytes]]]:
    """Take what fills chunks from those who wait in each lane."""
    full: list[tuple[int, Sequence[bytes]]] = []
    for lane, of_lane in waiting.items():
        while len(of_lane) >= USERS_IN_A_CHUNK:
            full.append((lane, of_lane[:USERS_IN_A_CHUNK]))
            del of_lane[:USERS_IN_A_CHUNK]
    return full


def _ids(lines: Sequence[bytes]) -> list[UserId]:
    try:
        return [UserId(_decode_user(line).user_id) for line in lines]
    except msgspec.DecodeError as error:
        raise MalformedAnswer("Auth0", "the users", "one JSON object for each user", "something else") from error


class _Arriving:
    """Takes the CSV of one object's records as it comes, and keeps each record with its keys."""

    def __init__(
        self,
        database: Database,
        side: BackfillSide,
        compiled: CompiledSync,
        object_name: str,
        columns: Sequence[Column],
        *,
        changed: bool,
    ) -> None:
        self._database = database
        self._side = side
        self._changed = changed
        self.object = object_name
        self._rules = [
            (number, rule) for name, (number, rule) in lists_of(compiled.rules).items() if name[0] == object_name
        ]
        named = {column.name.lower(): column for column in columns}
        named.setdefault("id", Column("Id", "id"))
        self._columns: Mapping[str, Column] = named
        self.count = 0

    @property
    def columns(self) -> tuple[Column, ...]:
        """What is read."""
        return tuple(self._columns.values())

    async def load(self, columns: Sequence[str], rows: AsyncIterable[bytes]) -> None:
        """Take rows of CSV without a header."""
        names = [self._columns[name.lower()].name for name in columns]
        async with aclosing(one_ahead(self._parsed(names, rows))) as pieces:
            async for records in pieces:
                async with self._database.transaction() as connection:
                    if self._changed:
                        await self._side.change_records(connection, records)
                    else:
                        await self._side.add_records(connection, records)
                self.count += len(records)

    async def _parsed(self, names: Sequence[str], rows: AsyncIterable[bytes]) -> AsyncGenerator[list[ReadRecord], None]:
        async for text in whole_rows(rows):
            yield await asyncio.to_thread(self._read, names, text)

    def _read(self, names: Sequence[str], text: bytes) -> list[ReadRecord]:
        columns = self.columns
        rows = csv.reader(io.StringIO(text.decode(), newline=""))
        records = (record_of(self.object, columns, dict(zip(names, row, strict=True))) for row in rows if row)
        return [
            ReadRecord(
                self.object,
                record.id,
                msgspec.json.encode(record.fields),
                {(number, hash_) for number, rule in self._rules for hash_ in _hashes(rule, record)},
            )
            for record in records
        ]


def _hashes(rule: CompiledRule, record: Record) -> Iterable[int]:
    return map(key_hash, rule.keys_of(record))
