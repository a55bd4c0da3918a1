"""What many identities leave behind at once is stored as if each came alone, whoever was there or comes between."""

import asyncio
from collections.abc import Sequence

import msgspec

from crosswalk.domain.begun import BegunWrites
from crosswalk.domain.erasure import digest_of_user
from crosswalk.domain.identity import Identity, StateVersion
from crosswalk.domain.ids import RecordId, SyncName, TenantName, UserId
from crosswalk.domain.link import Link
from crosswalk.domain.record import Record
from crosswalk.store import claims, erased, identities, links, writes_begun
from crosswalk.store.claims import Claim
from crosswalk.store.database import Connection, Database, fetch_row
from crosswalk.store.identities import Primary

SYNC, TENANT = SyncName("customers"), TenantName("acme")
EARLIER, NOW, LATER = (f"2026-01-0{day}T00:00:00.000Z" for day in (1, 2, 3))
EVERYBODY = [UserId(f"auth0|{number:04}") for number in range(150)]
ADA, BOB, CAY = EVERYBODY[3], EVERYBODY[70], EVERYBODY[149]

DEADLINE_S = 60.0
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


def a_state(user_id: UserId, at: str = NOW) -> Identity:
    account = {"provider": "google-oauth2", "user_id": user_id.partition("|")[2]}
    return Identity(user_id, msgspec.json.encode({"user_id": user_id, "identities": [account]}), StateVersion(at, at))


def a_link(user_id: UserId, record_id: str = "", evidence: str = "email") -> Link:
    record = Record("Contact", RecordId(record_id or f"003{user_id[-4:]}"), {"LastName": 'O"Neill\t\\', "Title": None})
    return Link(user_id, record, {"LastName": 'O"Neill\t\\'}, evidence)


def a_claim(user_id: UserId) -> Claim:
    return Claim(user_id, "Contact", "Id", f"003{user_id[-4:]}")


async def versions(connection: Connection) -> dict[UserId, str]:
    stored = await identities.read(connection, TENANT, EVERYBODY)
    return {user_id: state.version.updated_at for user_id, state in stored.items()}


async def test_of_many_states_each_is_stored_but_older_and_erased_ones(database: Database) -> None:
    async with database.transaction() as connection:
        await identities.save(connection, TENANT, [a_state(ADA, EARLIER), a_state(BOB, LATER)])
        receipt = await erased.open_receipt(connection, "admin", TENANT, "somebody")
        await erased.remember(connection, receipt, [digest_of_user(TENANT, CAY)])

        await identities.add(connection, TENANT, [a_state(user_id) for user_id in reversed(EVERYBODY)])

        assert await versions(connection) == {user_id: NOW for user_id in EVERYBODY if user_id != CAY} | {BOB: LATER}
        stored = await identities.read(connection, TENANT, [EVERYBODY[5]])
        assert stored == {EVERYBODY[5]: a_state(EVERYBODY[5])}
        of_account = await identities.primaries(connection, TENANT, [UserId("google-oauth2|0005")])
        assert of_account == {"google-oauth2|0005": Primary(EVERYBODY[5], NOW)}


async def test_a_state_that_somebody_stores_meanwhile_stays_where_it_is_newer(database: Database) -> None:
    async with database.transaction() as other:
        await identities.save(other, TENANT, [a_state(ADA, LATER), a_state(BOB, EARLIER)])
        adding = asyncio.create_task(add_all(database, [a_state(user_id) for user_id in EVERYBODY]))
        await eventually_waits(database)
    await adding

    async with database.transaction() as connection:
        assert await versions(connection) == dict.fromkeys(EVERYBODY, NOW) | {ADA: LATER}


async def test_a_record_that_somebody_takes_meanwhile_is_not_taken_from_them(database: Database) -> None:
    somebody = UserId("auth0|somebody")
    async with database.transaction() as other:
        await links.save(other, SYNC, [a_link(somebody, f"003{ADA[-4:]}"), a_link(BOB, evidence="earlier")])
        saving = asyncio.create_task(save_links(database, [a_link(user_id) for user_id in EVERYBODY]))
        await eventually_waits(database)
    saved = await saving

    async with database.transaction() as connection:
        stored = await links.read(connection, SYNC, [*EVERYBODY, somebody])
    assert saved == set(EVERYBODY) - {ADA}
    assert stored == {u: a_link(u) for u in EVERYBODY if u != ADA} | {somebody: a_link(somebody, f"003{ADA[-4:]}")}


async def test_of_many_links_those_that_are_there_are_replaced(database: Database) -> None:
    async with database.transaction() as connection:
        await links.save(connection, SYNC, [a_link(ADA, "003before", "earlier"), a_link(UserId("x"), f"003{BOB[-4:]}")])

        saved = await links.save(connection, SYNC, [a_link(user_id) for user_id in EVERYBODY])

        stored = await links.read(connection, SYNC, EVERYBODY)
    assert saved == set(EVERYBODY) - {BOB}
    assert stored == {user_id: a_link(user_id) for user_id in EVERYBODY if user_id != BOB}


async def test_of_a_batch_that_seems_new_those_that_are_there_are_found_all_the_same(database: Database) -> None:
    # Of 150, every third is asked for first: Bob is none of them, nor the one who has his record.
    async with database.transaction() as connection:
        await identities.save(connection, TENANT, [a_state(BOB, LATER)])
        await links.save(connection, SYNC, [a_link(UserId("x"), f"003{BOB[-4:]}"), a_link(CAY, evidence="earlier")])
        await claims.claim(connection, SYNC, [a_claim(BOB)], since := await claims.moment(connection))
        before, now = BegunWrites("Contact", None, "email"), BegunWrites("Contact", None, "created")
        await writes_begun.note(connection, SYNC, {BOB: before})

        await identities.add(connection, TENANT, [a_state(user_id) for user_id in EVERYBODY])
        saved = await links.save(connection, SYNC, [a_link(user_id) for user_id in EVERYBODY])
        twins = [msgspec.structs.replace(a_claim(user_id), user_id=UserId(f"{user_id}-twin")) for user_id in EVERYBODY]
        waits = await claims.claim(connection, SYNC, twins, since)
        await writes_begun.note(connection, SYNC, dict.fromkeys(EVERYBODY, now))

        assert await versions(connection) == dict.fromkeys(EVERYBODY, NOW) | {BOB: LATER}
        assert saved == set(EVERYBODY) - {BOB}
        assert await links.read(connection, SYNC, EVERYBODY) == {u: a_link(u) for u in EVERYBODY if u != BOB}
        assert waits == {UserId(f"{BOB}-twin")}
        assert await writes_begun.read(connection, SYNC, EVERYBODY) == dict.fromkeys(EVERYBODY, now)


async def test_many_claims_make_one_wait_who_wants_what_another_holds_or_gave_up_just_now(database: Database) -> None:
    async with database.transaction() as connection:
        since = await claims.moment(connection)
        assert await claims.claim(connection, SYNC, [a_claim(user_id) for user_id in EVERYBODY], since) == set()
        await claims.release(connection, SYNC, EVERYBODY[1:])

        wanted = [msgspec.structs.replace(a_claim(user_id), user_id=UserId(f"{user_id}-twin")) for user_id in EVERYBODY]
        assert await claims.claim(connection, SYNC, wanted, since) == {each.user_id for each in wanted}
        later = await claims.moment(connection)
        assert await claims.claim(connection, SYNC, wanted, later) == {wanted[0].user_id}


async def test_of_many_writes_that_begin_the_newest_is_known_of_each(database: Database) -> None:
    before, now = BegunWrites("Contact", None, "email"), BegunWrites("Contact", None, "created")
    async with database.transaction() as connection:
        await writes_begun.note(connection, SYNC, dict.fromkeys(EVERYBODY, before))
        assert await writes_begun.read(connection, SYNC, EVERYBODY) == dict.fromkeys(EVERYBODY, before)

        await writes_begun.note(connection, SYNC, dict.fromkeys(EVERYBODY, now))
        assert await writes_begun.read(connection, SYNC, EVERYBODY) == dict.fromkeys(EVERYBODY, now)


async def add_all(database: Database, states: Sequence[Identity]) -> None:
    async with database.transaction() as connection:
        await identities.add(connection, TENANT, states)


async def save_links(database: Database, given: Sequence[Link]) -> set[UserId]:
    async with database.transaction() as connection:
        return await links.save(connection, SYNC, given)


async def eventually_waits(database: Database) -> None:
    async with asyncio.timeout(DEADLINE_S):
        waiting = 0
        while not waiting:
            async with database.transaction() as connection:
                (waiting,) = await fetch_row(connection, WAITING)
