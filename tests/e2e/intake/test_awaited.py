"""What identities wait for, on the real database: noted, found again, and forgotten with the link."""

from crosswalk.domain.ids import RecordId, SyncName, UserId
from crosswalk.domain.link import Link
from crosswalk.domain.record import Record
from crosswalk.store import awaited, links
from crosswalk.store.database import Database

SYNC, OTHER = SyncName("customers"), SyncName("partners")
ADA, BOB = UserId("auth0|ada"), UserId("auth0|bob")
EMAIL, PHONE, RECORD = b"e" * 16, b"p" * 16, b"r" * 16


async def test_whoever_waits_for_a_key_is_found_by_it_in_its_own_sync(database: Database) -> None:
    async with database.transaction() as connection:
        await awaited.register(connection, SYNC, {ADA: {EMAIL, PHONE}, BOB: {PHONE}})
        await awaited.register(connection, OTHER, {BOB: {EMAIL}})

        found = await awaited.waiting_for(connection, SYNC, {EMAIL, PHONE, RECORD})

        assert found == {EMAIL: (ADA,), PHONE: (ADA, BOB)}


async def test_in_the_end_an_identity_waits_for_what_was_found_and_for_nothing_else(database: Database) -> None:
    async with database.transaction() as connection:
        await awaited.register(connection, SYNC, {ADA: {EMAIL}, BOB: {EMAIL}})

        await awaited.settle(connection, SYNC, {ADA: {PHONE, RECORD}})

        found = await awaited.waiting_for(connection, SYNC, {EMAIL, PHONE, RECORD})
        assert found == {EMAIL: (BOB,), PHONE: (ADA,), RECORD: (ADA,)}


async def test_who_is_linked_or_gone_waits_for_nothing(database: Database) -> None:
    async with database.transaction() as connection:
        await awaited.register(connection, SYNC, {ADA: {EMAIL}, BOB: {PHONE}})
        await links.save(connection, SYNC, [Link(ADA, Record("Lead", RecordId("00Q1"), {}), {}, "created")])

        await awaited.settle(connection, SYNC, {ADA: {EMAIL}, BOB: ()})

        assert await awaited.waiting_for(connection, SYNC, {EMAIL, PHONE}) == {}
