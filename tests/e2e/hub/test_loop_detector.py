"""The detector of loops over a real audit trail: when it stops, whom it names, and what a release forgives."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from crosswalk.connectors.errors import Unreachable
from crosswalk.domain.event import Disposition, Event, Source
from crosswalk.domain.ids import OrgName, RecordId, SyncName, TenantName, UserId
from crosswalk.domain.plan import Plan
from crosswalk.domain.quarantine import LastWriter, LoopLimits, Quarantine
from crosswalk.domain.values import Owner, Side
from crosswalk.engine.desk import Desk
from crosswalk.engine.loops import LoopDetector
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.reconcile.planner import plan_linked
from crosswalk.store import audit, inbox, quarantines
from crosswalk.store.audit import AUTH0_USER, AuditEntry
from crosswalk.store.database import Connection, Database
from crosswalk.store.due import Lane
from tests.core_builders import a_field, a_link, a_record, a_sync, a_target, an_identity, evaluate_one

ADA = UserId("auth0|ada")
SHOP, TENANT, ORG = SyncName("shop"), TenantName("tenant"), OrgName("org")
RECORD = a_record(Title="COUNTESS", Tier="Gold")
TITLE = a_field("Title", "user.user_metadata.title")
TIER = a_field("Tier", "user.app_metadata.tier", Owner.SALESFORCE, to=("app_metadata", "tier"))
LIMITS = LoopLimits(writes_per_hour=3, release_after_s=3600)


class AnOrg:
    """An org that says who changed a record last, or does not answer."""

    def __init__(self, writer: LastWriter | None = None, *, away: bool = False) -> None:
        self._writer = writer
        self._away = away

    async def last_writer(self, object_name: str, record_id: RecordId) -> LastWriter | None:
        assert (object_name, record_id) == (RECORD.object, RECORD.id)
        if self._away:
            raise Unreachable("org", "GET query", "it does not answer")
        return self._writer


SOMEBODY = AnOrg(LastWriter("Data Quality", "2026-03-04T09:31:00.000+0000", is_hub=False))


def the_sync() -> CompiledSync:
    return CompiledSync(replace(a_sync(a_target(TITLE, TIER)), loops=LIMITS))


def a_plan(tier: str = "Gold") -> dict[UserId, Plan]:
    """The title was changed in the org, and is to be restored; and the tier in the tenant, where it is not Gold."""
    sync = the_sync()
    user = an_identity(user_metadata={"title": "Countess"}, app_metadata={"tier": tier})
    link = a_link(RECORD, {"Title": "Countess", "Tier": "Gold"})
    return {ADA: plan_linked(sync, evaluate_one(sync, user), link)}


def a_detector(database: Database, org: AnOrg = SOMEBODY) -> LoopDetector:
    return LoopDetector(the_sync(), org, "hub", database)


async def wrote(
    database: Database, times: int, field: str = "Title", reason: str = "restored", object_: str = "Contact"
) -> None:
    entry = AuditEntry(
        SHOP, ADA, object_, RECORD.id, "update", field, "COUNTESS", "Countess", reason, "mapping.yaml:1", "crosswalk"
    )
    async with database.transaction() as connection:
        await audit.append(connection, [entry] * times)


async def standing(database: Database) -> list[Quarantine]:
    async with database.transaction() as connection:
        return list((await quarantines.standing(connection, SHOP, [ADA])).get(ADA, ()))


async def logged(database: Database, client_id: str) -> None:
    details = {"request": {"userAgent": "crosswalk/0.1.0" if client_id == "hub" else "curl/8.5"}}
    log = {"type": "sapi", "date": "2026-02-01T12:00:00.000Z", "client_id": client_id, "details": details}
    raw = json.dumps(log).encode()
    event = Event(client_id, Source.LOG_POLL, "sapi", datetime.now(UTC), Disposition.CHANGED, raw, ADA)
    async with database.transaction() as connection:
        await inbox.accept(connection, [(TENANT, event)], [])


@pytest.mark.parametrize(("times", "stopped"), [(0, set()), (2, set()), (3, {ADA}), (30, {ADA})])
async def test_a_field_is_stopped_once_it_was_written_back_as_often_as_is_let_through(
    database: Database, times: int, stopped: set[UserId]
) -> None:
    await wrote(database, times)

    assert await a_detector(database).stop(a_plan()) == stopped
    assert [(each.field, each.writes) for each in await standing(database)] == ([("Title", times)] if stopped else [])


async def test_the_quarantine_names_the_values_the_writer_and_the_end(database: Database) -> None:
    await wrote(database, 3)

    await a_detector(database).stop(a_plan())

    [found] = await standing(database)
    assert (found.object, found.record_id, found.side) == ("Contact", RECORD.id, Side.SALESFORCE)
    assert (found.hub_value, found.other_value) == ("Countess", "COUNTESS")
    assert found.writers == (
        "Data Quality in Salesforce, who changed the record last, at 2026-03-04T09:31:00.000+0000",
    )
    assert found.until - found.since == timedelta(hours=1)


@pytest.mark.parametrize(
    ("org", "words"),
    [
        (
            AnOrg(LastWriter("Integration", "2026-03-04T09:31:00.000+0000", is_hub=True)),
            "the hub's own user Integration",
        ),
        (AnOrg(away=True), "the org could not be asked (UNREACHABLE)"),
    ],
)
async def test_an_automation_that_runs_as_the_hub_and_an_org_that_is_away_are_told(
    database: Database, org: AnOrg, words: str
) -> None:
    await wrote(database, 3)

    await a_detector(database, org).stop(a_plan())

    [found] = await standing(database)
    assert words in found.writers[0]


@pytest.mark.parametrize(
    ("field", "reason", "object_"),
    [("Title", "changed", "Contact"), ("Title", "flow", "Contact"), ("Suffix", "restored", "Contact")],
)
async def test_other_writes_do_not_count(database: Database, field: str, reason: str, object_: str) -> None:
    await wrote(database, 10, field, reason, object_)

    assert await a_detector(database).stop(a_plan()) == set()


async def test_writes_of_more_than_an_hour_ago_do_not_count(database: Database) -> None:
    await wrote(database, 10)
    async with database.transaction() as connection:
        await connection.execute("UPDATE audit SET at = at - interval '61 minutes'")

    assert await a_detector(database).stop(a_plan()) == set()


async def test_a_writer_in_the_tenant_is_named_as_soon_as_the_log_tells(database: Database) -> None:
    await wrote(database, 3, "app_metadata.tier", object_=AUTH0_USER)
    detector = a_detector(database)

    assert await detector.stop(a_plan(tier="Silver")) == {ADA}
    [unnamed] = await standing(database)
    await logged(database, "hub")
    await logged(database, "loyalty")
    named_again = await detector.stop(resting_plan(unnamed))
    [named] = await standing(database)

    assert (unnamed.field, unnamed.side, unnamed.unnamed) == ("Tier", Side.AUTH0, True)
    assert "give the tenant a log stream or a log poll" in unnamed.writers[0]
    assert named_again == {ADA}
    assert named.writers == ("the application loyalty, by the Management API (1 in the last hour)",)
    assert await detector.stop(resting_plan(named)) == set()

    await logged(database, "kiosk")
    assert await detector.stop(resting_plan(named)) == {ADA}
    [renamed] = await standing(database)
    assert renamed.writers == (
        "the application kiosk, by the Management API (1 in the last hour)",
        "the application loyalty, by the Management API (1 in the last hour)",
    )


def resting_plan(quarantine: Quarantine) -> dict[UserId, Plan]:
    """The plan once a field is left alone."""
    sync = the_sync()
    user = an_identity(user_metadata={"title": "COUNTESS"}, app_metadata={"tier": "Silver"})
    link = a_link(RECORD, {"Title": "COUNTESS", "Tier": "Gold"})
    return {ADA: plan_linked(sync, evaluate_one(sync, user), link, quarantined=(quarantine,))}


async def test_a_release_forgives_what_was_before_and_time_releases_what_nobody_does(database: Database) -> None:
    woken: list[Lane] = []

    async def wake(connection: Connection, lane: Lane) -> None:
        woken.append(lane)

    definition = the_sync().definition
    desk = Desk(database, {SHOP: definition}, {}, wake)
    await wrote(database, 3)
    await a_detector(database).stop(a_plan())
    assert await desk.release_ended() == 0

    async with database.transaction() as connection:
        await connection.execute("UPDATE quarantines SET ends_at = now()")
    assert await desk.release_ended() == 1

    assert await standing(database) == []
    assert woken == [Lane(SHOP, 0)]
    async with database.transaction() as connection:
        query = "SELECT d.user_id, i.source FROM due AS d JOIN inbox AS i USING (seq)"
        due = await (await connection.execute(query)).fetchall()
    assert due == [(ADA, "person")]
    assert await a_detector(database).stop(a_plan()) == set()
    await wrote(database, 3)
    assert await a_detector(database).stop(a_plan()) == {ADA}
