"""Which events a finished batch is done with."""

from datetime import UTC, datetime

from crosswalk.connectors.salesforce.changes import change_event
from crosswalk.domain.change import ChangeKind, RecordChange
from crosswalk.domain.event import Disposition, Event, Source
from crosswalk.domain.ids import OrgName, RecordId, SyncName, TenantName, UserId
from crosswalk.store import claims, due, inbox
from crosswalk.store.database import Database
from crosswalk.store.due import ROUTING, Lane
from crosswalk.store.inbox import Subscriber

SYNC = SyncName("customers")
ADA = UserId("auth0|ada")
LANE = Lane(SYNC, 0)


def an_event(event_id: str) -> tuple[TenantName, Event]:
    now = datetime.now(UTC)
    return TenantName("acme"), Event(event_id, Source.EVENT_STREAM, "user.updated", now, Disposition.STATE, b"{}", ADA)


async def accept(database: Database, *event_ids: str) -> None:
    subscribers = [Subscriber(SYNC, TenantName("acme"), OrgName("acme"), 1)]
    async with database.transaction() as connection:
        await inbox.accept(connection, [an_event(each) for each in event_ids], subscribers)


async def waiting(database: Database) -> list[str]:
    async with database.transaction() as connection:
        return [item.event.id for item in await due.read_due(connection, LANE, 100)]


async def test_an_event_that_becomes_visible_after_a_later_one_is_not_done_with_by_it(database: Database) -> None:
    """Two intakes commit side by side: the one that took its number first may commit last."""
    async with database.pool.connection() as slow:
        subscribers = [Subscriber(SYNC, TenantName("acme"), OrgName("acme"), 1)]
        await inbox.accept(slow, [an_event("first")], subscribers)
        await accept(database, "second")
        async with database.transaction() as connection:
            batch = await due.read_due(connection, LANE, 100)
        await slow.commit()

    async with database.transaction() as connection:
        await due.finish(connection, SYNC, [(ADA, "written")], [item.seq for item in batch])

    assert [item.event.id for item in batch] == ["second"]
    assert await waiting(database) == ["first"]


async def test_a_batch_is_done_with_all_that_it_read_and_with_nothing_else(database: Database) -> None:
    await accept(database, "a", "b")
    async with database.transaction() as connection:
        batch = await due.read_due(connection, LANE, 100)
    await accept(database, "c")

    async with database.transaction() as connection:
        await due.finish(connection, SYNC, [(ADA, "unchanged")], [item.seq for item in batch])

    assert await waiting(database) == ["c"]


async def test_what_is_put_off_waits_and_what_came_meanwhile_does_not(database: Database) -> None:
    await accept(database, "a")
    async with database.transaction() as connection:
        batch = await due.read_due(connection, LANE, 100)
    await accept(database, "b")

    async with database.transaction() as connection:
        await due.postpone(connection, SYNC, [(ADA, 30.0)], [item.seq for item in batch])

    assert await waiting(database) == ["b"]


async def told_of_a_record(database: Database, event_id: str, record_id: str) -> None:
    """An event about a record of nobody, which the router is done with at once."""
    change = RecordChange("Contact", RecordId(record_id), ChangeKind.UPDATED, {"Department": "Engines"})
    event = change_event(event_id, Source.CHANGE_EVENTS, change, datetime.now(UTC))
    subscribers = [Subscriber(SYNC, TenantName("acme"), OrgName("acme"), 1)]
    async with database.transaction() as connection:
        await inbox.accept_changes(connection, OrgName("acme"), [event], subscribers)
        events = await due.read_due(connection, Lane(SYNC, ROUTING), 100)
        await due.route(connection, SYNC, 1, {item.seq: [] for item in events}, "unlinked")


async def test_what_is_told_of_a_record_while_somebody_is_given_it_concerns_that_identity(database: Database) -> None:
    await told_of_a_record(database, "before", "003000000000001AAA")
    async with database.transaction() as connection:
        since = await claims.moment(connection)
    await told_of_a_record(database, "meanwhile", "003000000000001AAA")
    await told_of_a_record(database, "another", "003000000000002AAA")

    for _ in range(2):
        async with database.transaction() as connection:
            await due.catch_up(connection, SYNC, 1, {RecordId("003000000000001AAA"): ADA}, since)

    assert await waiting(database) == ["meanwhile"]
