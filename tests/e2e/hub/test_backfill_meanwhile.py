"""What happens between a back-fill's report and its writes, and what it writes by jobs of the org's, on the sandbox."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from auth0.management import ManagementClient
from msgspec.structs import replace
from simple_salesforce import Salesforce

from crosswalk.connectors.salesforce.changes import change_event
from crosswalk.domain.backfill import Backfill, Direction, Outcome, Outlook, Stage
from crosswalk.domain.change import ChangeKind, RecordChange
from crosswalk.domain.event import Source
from crosswalk.domain.identity import Identity, StateVersion
from crosswalk.domain.ids import OrgName, RecordId, TenantName, UserId
from crosswalk.engine import hub as hubs
from crosswalk.engine.backfill import reading as backfill_reading
from crosswalk.engine.backfill.chunks import ChunkWork
from crosswalk.engine.backfill.orders import Backfills, NotPossible
from crosswalk.engine.backfill.planning import ChunkPlanner
from crosswalk.engine.backfill.run import work_on
from crosswalk.engine.hub import Hub
from crosswalk.engine.settings import salesforce_settings, subscribers
from crosswalk.store import due, identities, inbox
from crosswalk.store.backfills import Chunk
from crosswalk.store.due import ROUTING, Lane
from tests.core_builders import a_sync, a_target
from tests.e2e.hub.conftest import System, contact_target, lead_target
from tests.e2e.hub.stage import a_stage
from tests.e2e.hub.test_backfill import SYNC, a_contact, begin, findings, with_hub, write
from tests.e2e.hub.test_flows import FLOWS, a_deal, an_account_with_a_contact
from tests.e2e.hub.vendors import sign_up


class Killed(BaseException):
    """Stands for the end of the process."""


def test_plans_are_kept_but_whoever_is_known_in_a_newer_state_is_planned_for_anew_and_what_is_told_is_not_lost(
    system: System, auth0: ManagementClient, org: Salesforce, monkeypatch: pytest.MonkeyPatch
) -> None:
    same, changed, told = (sign_up(auth0, f"{name}@example.com", verified=True) for name in ("same", "changed", "told"))
    contact = a_contact(org, "told@example.com")
    begin(system)
    anew: list[str] = []

    async def plan(self: ChunkPlanner, read: Sequence[Identity], plan: Any = ChunkPlanner.anew) -> Any:
        anew.extend(each.user_id for each in read)
        return await plan(self, read)

    async def tell(hub: Hub, _: Backfills) -> None:
        tenant = TenantName("acme")
        user = (await hub.tenants[tenant].read_users([UserId(changed)]))[UserId(changed)]
        assert user is not None
        profile = msgspec.json.decode(user.profile) | {"family_name": "Newer"}
        version = StateVersion("2999-01-01T00:00:00.000000Z", "2999-01-01T00:00:00.000000Z")
        change = RecordChange("Contact", RecordId(contact), ChangeKind.UPDATED, {"Department": "Engines"})
        event = change_event("meanwhile", Source.CHANGE_EVENTS, change, datetime.now(UTC))
        async with hub.database.transaction() as connection:
            await identities.save(connection, tenant, [Identity(user.user_id, msgspec.json.encode(profile), version)])
            await inbox.accept_changes(connection, OrgName("acme"), [event], subscribers(hub.config))
            events = await due.read_due(connection, Lane(SYNC, ROUTING), 100)
            await due.route(connection, SYNC, 1, {item.seq: [] for item in events}, "unlinked")

    with_hub(system, tell)
    monkeypatch.setattr(ChunkPlanner, "anew", plan)
    done = write(system)

    assert done.outcomes == {Outcome.WRITTEN: 3}
    assert anew == [changed]
    assert {user: [lead["LastName"] for lead in leads] for user, leads in system.leads().items()}[changed] == ["Newer"]
    assert set(system.leads()) == {same, changed}
    waiting = "SELECT d.user_id, i.event_id FROM due AS d JOIN inbox AS i USING (seq) WHERE d.outcome IS NULL"
    assert system.rows(waiting) == [(told, "meanwhile")]


def test_killed_before_it_books_what_a_job_of_the_org_wrote_it_goes_on_and_makes_no_other_job(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    system.sandbox.seed("people", people=60, overlap=0.5)
    monkeypatch.setattr(backfill_reading, "USERS_IN_A_CHUNK", 15)
    monkeypatch.setattr(hubs, "salesforce_settings", lambda org: replace(salesforce_settings(org), bulk_above=5))
    matched = begin(system)

    with monkeypatch.context() as now, pytest.raises(Killed):
        now.setattr("crosswalk.engine.backfill.chunks.ledger.store", killed)
        write(system)
    jobs = system.rows("SELECT job_id FROM bulk_jobs")
    written = system.jobs_made()
    done = resume(system)

    assert len(jobs) == written > 0
    assert system.jobs_made() == written
    assert (done.stage, sum(done.outcomes.values())) == (Stage.DONE, matched.users)
    assert system.rows("SELECT 1 FROM bulk_jobs") == []
    assert [user for user, leads in system.leads().items() if user != "None" and len(leads) > 1] == []
    assert system.rows("SELECT user_id, field FROM audit GROUP BY 1, 2 HAVING count(*) > 1") == []


async def killed(*_: object) -> None:
    """The process ends here."""
    raise Killed


def resume(system: System) -> Backfill:
    async def task(hub: Hub, desk: Backfills) -> Backfill:
        found = await desk.last_of(SYNC)
        await work_on(hub, found.id)
        return await desk.read(found.id)

    return with_hub(system, task)


async def test_a_live_change_goes_before_the_next_chunk_of_its_lane(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    system.sync = {"lanes": 1}
    system.targets = [lead_target()]
    monkeypatch.setattr(backfill_reading, "USERS_IN_A_CHUNK", 3)
    came: list[str] = []
    found: list[str | None] = []

    async with a_stage(system) as stage:
        users = [sign_up(stage.auth0, f"user{number}@example.com", verified=True) for number in range(12)]
        await stage.collect_users(len(users))

        async def write(self: ChunkWork, chunks: Sequence[Chunk], write: Any = ChunkWork.write) -> None:
            if came:
                found.append(await stage.record_of(came[0]))
            await write(self, chunks)
            if not came:
                came.append(sign_up(stage.auth0, "live@example.com", verified=True))
                await stage.accept(*await stage.collect_users(1))

        monkeypatch.setattr(ChunkWork, "write", write)
        desk = Backfills(stage.hub.database)
        ordered = await desk.order(stage.hub.compiled[SYNC].definition, Direction.USERS, "grace", write=True)
        await work_on(stage.hub, ordered.id)
        done = await desk.read(ordered.id)

    assert (done.stage, done.outcomes) == (Stage.DONE, {Outcome.WRITTEN: 12})
    assert len(found) == 3
    assert None not in found


def test_deals_of_the_past_are_named_on_request_and_told_to_their_flow_when_it_is_written(
    system: System, org: Salesforce
) -> None:
    for object_name, name in (("Account", "Tier__c"), ("Contact", "Invitation_Link__c")):
        system.sandbox.administer("fields", object=object_name, field={"name": name, "type": "string", "length": 255})
    system.sync = {"flows": {"closed_won": FLOWS["closed_won"]}}
    system.targets = [contact_target(), lead_target()]
    account, contact = an_account_with_a_contact(org, "past", Tier__c="Gold")
    won = a_deal(org, account, contact, "Closed Won")
    a_deal(org, account, contact)
    other_account, other_contact = an_account_with_a_contact(org, "odd", Tier__c="Wood")
    odd = a_deal(org, other_account, other_contact, "Closed Won")

    async def order(hub: Hub, desk: Backfills) -> Backfill:
        definition = hub.compiled[SYNC].definition
        ordered = await desk.order(definition, Direction.USERS, "grace", write=False, deals=True)
        await work_on(hub, ordered.id)
        return await desk.read(ordered.id)

    matched = with_hub(system, order)
    named = {each.record_ids: each.words for each in findings(system, Outlook.DEAL)}
    left = {each.record_ids: each.words for each in findings(system, Outlook.LEFT_ALONE)}
    before = system.rows("SELECT user_id FROM due")
    write(system)

    assert matched.report is not None
    assert matched.report.outlooks == {Outlook.DEAL: 1}
    assert named == {won: "A deal of tier Gold is won."}
    assert left == {odd: "The deal is won, but its tier 'Wood' is not in the table (expected: Gold, Silver)."}
    assert before == []
    assert system.rows("SELECT user_id FROM due WHERE outcome IS NULL") == [(f"Opportunity/{won}",)]


async def test_deals_are_not_taken_in_where_no_flow_is_about_them() -> None:
    nowhere: Any = None

    with pytest.raises(NotPossible, match="enable its flow closed_won first"):
        await Backfills(nowhere).order(a_sync(a_target()), Direction.USERS, "grace", write=False, deals=True)
