"""Accounts: to which user others were linked, as far as the stored states say."""

import msgspec

from crosswalk.domain.identity import Identity, StateVersion
from crosswalk.domain.ids import TenantName, UserId
from crosswalk.store import identities
from crosswalk.store.database import Connection, Database
from crosswalk.store.identities import Primary

TENANT = TenantName("main")
ADA, BOB, CAY = UserId("auth0|ada"), UserId("auth0|bob"), UserId("auth0|cay")
FIRST, SECOND = "2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z"


def user(user_id: UserId, at: str, *accounts: UserId, deleted: bool = False) -> Identity:
    entries = [{"provider": "auth0", "user_id": each.partition("|")[2]} for each in (user_id, *accounts)]
    profile = msgspec.json.encode({"user_id": user_id, "identities": entries})
    return Identity(user_id, profile, StateVersion(at, at), deleted)


async def primary_of_cay(connection: Connection, *, without: tuple[UserId, ...] = ()) -> dict[UserId, Primary]:
    return await identities.primaries(connection, TENANT, [CAY], without)


async def test_of_two_users_with_one_account_the_one_that_changed_last_has_it(database: Database) -> None:
    async with database.transaction() as connection:
        await identities.save(connection, TENANT, [user(BOB, SECOND, CAY), user(ADA, FIRST, CAY)])

        assert await primary_of_cay(connection) == {CAY: Primary(BOB, SECOND)}
        assert await primary_of_cay(connection, without=(BOB,)) == {CAY: Primary(ADA, FIRST)}


async def test_a_user_who_is_gone_has_accounts_no_more(database: Database) -> None:
    async with database.transaction() as connection:
        await identities.save(connection, TENANT, [user(ADA, FIRST, BOB, CAY), user(BOB, FIRST, CAY)])
        await identities.save(connection, TENANT, [user(BOB, SECOND, CAY, deleted=True)])

        assert await primary_of_cay(connection) == {CAY: Primary(ADA, FIRST)}


async def test_whose_accounts_they_are_is_found_without_reading_everybodys(database: Database) -> None:
    everybody = (
        "INSERT INTO accounts SELECT 'acme', 'google-oauth2|' || n, 'auth0|' || n FROM generate_series(1, 60000) n"
    )
    asked = [f"google-oauth2|{number}" for number in range(0, 60000, 30)]
    async with database.transaction() as connection:
        await connection.execute(everybody)
        await connection.execute("ANALYZE accounts")

        rows = await (
            await connection.execute("EXPLAIN " + identities.PRIMARIES, (asked, "acme", ["auth0|7"]))
        ).fetchall()

    plan = "\n".join(row[0] for row in rows)
    assert "using accounts_pkey on accounts" in plan
    assert "Seq Scan on accounts" not in plan
