"""Claims: of two users of one person, the one who looked too early waits and looks again."""

from crosswalk.domain.ids import SyncName, UserId
from crosswalk.store import claims
from crosswalk.store.claims import Claim
from crosswalk.store.database import Database

SYNC = SyncName("customers")
ADA, TWIN = UserId("auth0|ada"), UserId("auth0|twin")


def email_of(user_id: UserId) -> list[Claim]:
    return [Claim(user_id, "Lead", "Email", "ada@example.com")]


async def test_a_claim_that_is_held_makes_others_wait_and_not_its_holder(database: Database) -> None:
    async with database.transaction() as connection:
        since = await claims.moment(connection)
        assert await claims.claim(connection, SYNC, email_of(ADA), since) == set()
        assert await claims.claim(connection, SYNC, email_of(TWIN), since) == {TWIN}
        assert await claims.claim(connection, SYNC, email_of(ADA), since) == set()


async def test_a_claim_that_was_given_up_binds_whoever_looked_before_that(database: Database) -> None:
    async with database.transaction() as connection:
        looked_early = await claims.moment(connection)
        await claims.claim(connection, SYNC, email_of(ADA), looked_early)
        await claims.release(connection, SYNC, [ADA])

        assert await claims.claim(connection, SYNC, email_of(TWIN), looked_early) == {TWIN}

        looked_late = await claims.moment(connection)
        assert await claims.claim(connection, SYNC, email_of(TWIN), looked_late) == set()
        assert await claims.claim(connection, SYNC, email_of(ADA), looked_late) == {ADA}


async def test_of_two_users_of_one_batch_one_gets_the_claim(database: Database) -> None:
    async with database.transaction() as connection:
        since = await claims.moment(connection)

        assert await claims.claim(connection, SYNC, [*email_of(TWIN), *email_of(ADA)], since) == {TWIN}


async def test_only_claims_that_were_given_up_long_ago_are_forgotten(database: Database) -> None:
    async with database.transaction() as connection:
        since = await claims.moment(connection)
        await claims.claim(connection, SYNC, email_of(ADA), since)
        await claims.claim(connection, SYNC, [Claim(TWIN, "Lead", "Email", "twin@example.com")], since)
        await claims.release(connection, SYNC, [ADA])
        await claims.forget(connection)
        recent = await (await connection.execute("SELECT count(*) FROM claims")).fetchone()
        await connection.execute("UPDATE claims SET released_at = released_at - interval '11 minutes'")

        await claims.forget(connection)

        left = await (await connection.execute("SELECT user_id FROM claims")).fetchall()
        assert (recent, left) == ((2,), [(TWIN,)])
