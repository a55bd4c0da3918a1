"""What counts as a difference: the comparison in PostgreSQL, on rows as the vendors write them."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from crosswalk.domain.ids import RecordId, SyncName, TenantName, UserId
from crosswalk.domain.record import MODIFIED_FIELD
from crosswalk.store import drift as tables
from crosswalk.store import drift_records
from crosswalk.store.database import Connection, Database
from crosswalk.store.drift import UserRow
from crosswalk.store.drift_records import Column, RecordTable

TENANT, SYNC = TenantName("acme"), SyncName("customers")
AT = "2026-02-01T10:00:00.000000Z"
LATER, EARLIER = "2026-02-02T10:00:00.000Z", "2026-01-01T10:00:00.000Z"
ONE, TWO = "0" * 31 + "1", "0" * 31 + "2"
NO_GRACE, GRACE = timedelta(0), timedelta(minutes=5)
COLUMNS = (Column("Name", "string"), Column("Score", "double"), Column("At", "datetime"), Column("Yes", "boolean"))


async def known(session: Connection, *user_ids: str, record: dict[str, Any] | None = None) -> datetime:
    """Identities that the hub knows, each linked to a record; returns when the check begins."""
    for number, user_id in enumerate(user_ids):
        await session.execute(
            "INSERT INTO identities (tenant, user_id, profile, updated_at, observed_at, carrier, deleted)"
            " VALUES (%s, %s, '{}', %s, %s, '', false)",
            (TENANT, user_id, AT, AT),
        )
        await session.execute(
            "INSERT INTO links (sync, user_id, object, record_id, evidence, record, base)"
            " VALUES (%s, %s, 'Contact', %s, 'created', %s::json, '{}')",
            (SYNC, user_id, f"003{number}", msgspec.json.encode(record or {}).decode()),
        )
    return await tables.prepare(session)


async def read_users(session: Connection, *rows: tuple[str, str, str]) -> None:
    async with session.cursor() as cursor, cursor.copy(tables.COPY_USERS) as copy:
        await tables.copy_users(copy, [UserRow(user_id, at, digest, 0, 2, None) for user_id, at, digest in rows])


async def replicas(session: Connection, *rows: tuple[str, str]) -> None:
    async with session.cursor() as cursor, cursor.copy(tables.COPY_REPLICAS) as copy:
        await tables.copy_replicas(copy, [(user_id, AT, digest, False) for user_id, digest in rows])


async def text(content: str) -> AsyncIterator[bytes]:
    """In small pieces, wherever they end."""
    encoded = content.encode()
    for start in range(0, len(encoded), 7):
        yield encoded[start : start + 7]


async def marks(session: Connection, started: datetime) -> dict[str, list[str]]:
    await tables.mark_rest(session, SYNC, started, sample=False)
    return {
        each.user_id: sorted(mark.value for mark in each.marks)
        async for batch in tables.candidates(session, 10)
        for each in batch
    }


async def compare_record(
    database: Database, replica: dict[str, Any], row: str, names: Sequence[str] = ("Id", "Name", "Score", "At", "Yes")
) -> dict[str, list[str]]:
    async with database.session() as session:
        started = await known(session, "auth0|1", record=replica)
        table = RecordTable(session, 0, "Contact", [*COLUMNS, Column("Auth0_User_Id__c", "string")])
        await table.create()
        await table.load(names, text(row))
        await table.compare(SYNC, started, NO_GRACE, "Auth0_User_Id__c", complete=True, sample=False)
        return await marks(session, started)


async def test_users_are_marked_by_their_digest_and_by_who_is_missing(database: Database):
    async with database.session() as session:
        started = await known(session, "auth0|same", "auth0|changed", "auth0|gone")
        await read_users(session, ("auth0|same", AT, ONE), ("auth0|changed", LATER, TWO), ("auth0|new", AT, ONE))
        await replicas(session, ("auth0|same", ONE), ("auth0|changed", ONE), ("auth0|gone", ONE))

        await tables.compare_users(session, TENANT, started, NO_GRACE, complete=True, sample=False)

        assert await marks(session, started) == {
            "auth0|changed": ["user_changed"],
            "auth0|gone": ["user_gone"],
            "auth0|new": ["user_unknown"],
        }


async def test_a_part_of_the_users_says_nothing_of_who_is_gone(database: Database):
    async with database.session() as session:
        started = await known(session, "auth0|1")
        await replicas(session, ("auth0|1", ONE))

        await tables.compare_users(session, TENANT, started, NO_GRACE, complete=False, sample=False)

        assert await marks(session, started) == {}


async def test_an_older_state_than_the_known_one_is_no_difference(database: Database):
    async with database.session() as session:
        started = await known(session, "auth0|1")
        await read_users(session, ("auth0|1", EARLIER, TWO))
        await replicas(session, ("auth0|1", ONE))

        await tables.compare_users(session, TENANT, started, NO_GRACE, complete=True, sample=False)

        assert await marks(session, started) == {}


async def test_a_tenant_whose_clock_is_ahead_keeps_only_its_newest_changes_out(database: Database):
    async with database.session() as session:
        started = await known(session, "auth0|1", "auth0|2")
        ahead = started + timedelta(hours=3)
        times = [f"{at:%Y-%m-%dT%H:%M:%S.%f}Z" for at in (ahead - timedelta(minutes=6), ahead)]
        await read_users(session, ("auth0|1", times[0], TWO), ("auth0|2", times[1], TWO))
        await replicas(session, ("auth0|1", ONE), ("auth0|2", ONE))

        await tables.compare_users(session, TENANT, started, GRACE, complete=True, sample=False)

        assert await marks(session, started) == {"auth0|1": ["user_changed"]}


async def test_an_org_whose_clock_is_ahead_keeps_only_its_newest_changes_out(database: Database):
    async with database.session() as session:
        started = await known(session, "auth0|1", "auth0|2", record={"Name": "Ada"})
        ahead = started + timedelta(hours=3)
        rows = (
            f"0030,Augusta,{ahead - timedelta(minutes=6):%Y-%m-%dT%H:%M:%SZ}\n0031,Augusta,{ahead:%Y-%m-%dT%H:%M:%SZ}\n"
        )
        table = RecordTable(session, 0, "Contact", [*COLUMNS, Column("Auth0_User_Id__c", "string")])
        await table.create()
        await table.load(["Id", "Name", MODIFIED_FIELD], text(rows))

        await table.compare(SYNC, started, GRACE, "Auth0_User_Id__c", complete=True, sample=False)

        assert await marks(session, started) == {"auth0|1": ["record_changed"]}


async def test_what_waits_in_the_inbox_is_no_difference(database: Database):
    async with database.session() as session:
        await session.execute(
            "INSERT INTO inbox (tenant, event_id, source, type, disposition, note, user_id, occurred_at, raw)"
            " VALUES (%s, 'e1', 'event_stream', 'user.updated', 'state', '', 'auth0|1', now(), '{}')",
            (TENANT,),
        )
        await session.execute(
            "INSERT INTO due (sync, seq, lane, user_id, received_at)"
            " SELECT %s, seq, 0, user_id, received_at FROM inbox",
            (SYNC,),
        )
        started = await known(session, "auth0|1")
        await read_users(session, ("auth0|1", LATER, TWO))
        await replicas(session, ("auth0|1", ONE))

        await tables.compare_users(session, TENANT, started, NO_GRACE, complete=True, sample=False)

        assert await marks(session, started) == {}


async def test_ids_with_unusual_characters_stay_themselves(database: Database):
    odd = ["samlp|a\\b", "samlp|tab\there", "samlp|line\nbreak", "samlp|\\N", 'samlp|"quoted"', "samlp|zoë|mül"]
    async with database.session() as session:
        started = await known(session)
        await read_users(session, *((user_id, AT, ONE) for user_id in odd))

        await tables.compare_users(session, TENANT, started, NO_GRACE, complete=True, sample=False)

        assert sorted(await marks(session, started)) == sorted(odd)


@pytest.mark.parametrize(
    ("replica", "row"),
    [
        (
            {"Name": "Ada", "Score": 5, "At": "2026-01-31T10:00:00.000+0000", "Yes": True},
            "0030,Ada,5.0,2026-01-31T10:00:00.000Z,true",
        ),
        ({"Name": None, "Score": None, "At": None, "Yes": False}, '0030,"",,,false'),
        ({}, "0030,,,,false"),
        ({"Name": "", "Score": 1e7}, "0030,,1.0E7,,"),
        ({"Name": 'say "hi",\nnow'}, '0030,"say ""hi"",\nnow",,,false'),
        ({"At": "2026-01-31T11:00:00+01:00"}, "0030,,,2026-01-31T10:00:00.000Z,"),
        ({"Score": "no number"}, "0030,,no number,,"),
    ],
)
async def test_the_same_value_in_another_form_is_no_difference(database: Database, replica: dict[str, Any], row: str):
    assert await compare_record(database, replica, row + "\n") == {}


@pytest.mark.parametrize(
    ("replica", "row"),
    [
        ({"Name": "Ada"}, "0030,Augusta,,,"),
        ({"Name": "Ada"}, "0030,,,,"),
        ({"Name": "Ada"}, "0030,ada,,,"),
        ({"Score": 5}, "0030,,5.5,,"),
        ({"Score": None}, "0030,,0,,"),
        ({"Score": "no number"}, "0030,,5,,"),
        ({"At": "2026-01-31T10:00:00.000+0000"}, "0030,,,2026-01-31T10:00:01.000Z,"),
        ({"Yes": False}, "0030,,,,true"),
    ],
)
async def test_another_value_is_a_difference(database: Database, replica: dict[str, Any], row: str):
    assert await compare_record(database, replica, row + "\n") == {"auth0|1": ["record_changed"]}


async def test_a_record_that_is_not_there_is_gone(database: Database):
    assert await compare_record(database, {}, "0039,Ada,,,\n") == {"auth0|1": ["record_gone"]}


async def test_a_link_that_moved_meanwhile_is_neither_compared_nor_overwritten(database: Database):
    async with database.session() as session:
        started = await known(session, "auth0|1", record={"Name": "Ada"})
        await session.execute('UPDATE links SET record = \'{"Name": "Newer"}\', changed_at = clock_timestamp()')
        table = RecordTable(session, 0, "Contact", [*COLUMNS, Column("Auth0_User_Id__c", "string")])
        await table.create()
        await table.load(["Id", "Name"], text("0030,Older\n"))

        await table.compare(SYNC, started, NO_GRACE, "Auth0_User_Id__c", complete=True, sample=False)
        await drift_records.store(session, SYNC, [(UserId("auth0|1"), RecordId("0030"), '{"Name": "Older"}')], started)

        assert await marks(session, started) == {}
        [(record,)] = await (await session.execute("SELECT record ->> 'Name' FROM links")).fetchall()
        assert record == "Newer"
