"""Of whom the hub came to know something since a back-fill planned for them, and which records changed."""

from datetime import UTC, datetime

from crosswalk.domain.begun import BegunWrites
from crosswalk.domain.decision import Decided, LeaveAlone
from crosswalk.domain.ids import RecordId, SyncName, TenantName, UserId
from crosswalk.domain.link import EndedLink, Link, LinkEnd
from crosswalk.store import backfill_news, decisions, former_links, identities, links, writes_begun
from crosswalk.store.backfill_side import BackfillSide, ReadRecord
from crosswalk.store.database import Database
from tests.core_builders import a_record, an_identity

SYNC, TENANT = SyncName("customers"), TenantName("acme")
NOW = datetime(2026, 2, 1, tzinfo=UTC)
LINKED, FORMER, DECIDED, BEGUN, ACCOUNT, NOBODY = (
    UserId(f"auth0|{name}") for name in ("linked", "former", "decided", "begun", "account", "nobody")
)


async def test_news_of_somebody_without_a_link_are_links_decisions_unbooked_writes_and_being_an_account(
    database: Database,
) -> None:
    primary = an_identity("auth0|primary", identities=[{"provider": "auth0", "user_id": "account"}])
    async with database.transaction() as connection:
        await links.save(
            connection,
            SYNC,
            [
                Link(LINKED, a_record("003000000000001AAA"), {}, "email"),
                Link(FORMER, a_record("003000000000002AAA"), {}, ""),
            ],
        )
        await former_links.end(
            connection, SYNC, [EndedLink(FORMER, "Contact", RecordId("003000000000002AAA"), LinkEnd.DELETED)]
        )
        await decisions.decide(connection, SYNC, DECIDED, "", Decided(LeaveAlone(), "grace", NOW))
        await writes_begun.note(connection, SYNC, {BEGUN: BegunWrites("Contact", None, "created")})
        await identities.save(connection, TENANT, [primary])

    everybody = [LINKED, FORMER, DECIDED, BEGUN, ACCOUNT, NOBODY]
    async with database.transaction() as connection:
        news = await backfill_news.with_news(connection, TENANT, SYNC, everybody)
        of_another_sync = await backfill_news.with_news(connection, TenantName("other"), SyncName("other"), everybody)
        states = await backfill_news.states(connection, TENANT, [primary.user_id, NOBODY])
        linked = await backfill_news.linked(connection, SYNC, everybody)

    assert news == {LINKED, FORMER, DECIDED, BEGUN, ACCOUNT}
    assert of_another_sync == set()
    assert states == {primary.user_id: primary.version}
    assert linked == {LINKED}


async def test_a_record_that_changed_is_known_by_its_id_and_by_the_keys_it_has_now(database: Database) -> None:
    side = BackfillSide(1)
    async with database.transaction() as connection:
        await side.create_records(connection)
        await side.add_records(connection, [ReadRecord("Contact", "003A", b"{}", {(0, 11)})])
        before = await side.changed(connection, [11, 12], ["003A"])
        await side.index_records(connection)
        await side.change_records(connection, [ReadRecord("Contact", "003A", b"{}", {(0, 12)})])

        assert before == (set(), set())
        assert await side.changed(connection, [11, 12], ["003A", "003B"]) == ({12}, {"003A"})
        await side.drop(connection)
