"""Back-fills in the console and the admin API: how far they are, what their report says, and what is ordered there."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from msgspec.structs import replace

from crosswalk.api.admin import admin_router
from crosswalk.api.security import AdminAccess
from crosswalk.connectors.secret import Secret
from crosswalk.domain.backfill import Direction, Finding, Outlook, Report, Stage, Tally, TooMuch
from crosswalk.domain.flow import Flows
from crosswalk.domain.ids import SyncName
from crosswalk.domain.threshold import WriteKind
from crosswalk.engine.backfill.orders import Backfills
from crosswalk.store import backfills
from crosswalk.store.backfill_side import BackfillSide
from crosswalk.store.database import Database
from tests.console_scene import ADMIN_TOKEN, SYNC, a_definition, a_desk, console_app, console_data
from tests.e2e.console.client import client_of, csrf_of, log_in
from tests.unit.flows.test_closed_won import FLOW

REPORT = Report(
    2_000,
    1_500,
    {Outlook.LINK: 1_400, Outlook.CREATE: 590, Outlook.CONFLICT: 10},
    {WriteKind.LINK: 1_400, WriteKind.CREATE: 590},
    {"Lead": 100},
    0,
)


@pytest.fixture
async def number(database: Database) -> int:
    """A back-fill that is matching, half of which is done."""
    begun = await Backfills(database).order(a_definition(), Direction.BOTH, "Grace", write=False)
    async with database.transaction() as connection:
        await BackfillSide(begun.id).create_records(connection)
        await BackfillSide(begun.id).create_users(connection)
        await backfills.save_figures(connection, begun.id, 2_000, 1_500)
        for _ in range(2):
            await backfills.add_chunk(connection, begun.id, 0, 1_000, b"")
        await backfills.move(connection, begun.id, Stage.MATCHING)
        [(chunk, _), _] = await backfills.next_chunks(connection, begun.id, "read", 9)
        await backfills.move_chunk(connection, chunk, "read", "matched", Tally())
    return begun.id


async def reported(database: Database, number: int, *too_much: TooMuch) -> None:
    """Its report is there."""
    report = Report(*[getattr(REPORT, name) for name in Report.__struct_fields__[:-1]], too_much)
    async with database.transaction() as connection:
        await backfills.save_report(connection, number, report)
        words = "The match rule email found 2 records where one was expected."
        torn = Finding("auth0|torn", Outlook.CONFLICT, "ambiguous", "email", "Lead", "00Q1 00Q2", words)
        await backfills.add_findings(connection, number, [torn])
        await backfills.move(connection, number, Stage.MATCHED)


@pytest.fixture
async def api(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(admin_router(console_data(database), AdminAccess(Secret(ADMIN_TOKEN)), a_desk(database)))
    async with client_of(app) as client:
        client.headers["Authorization"] = f"Bearer {ADMIN_TOKEN}"
        yield client


async def press(admin: httpx.AsyncClient, number: int, action: str) -> httpx.Response:
    page = (await admin.get(f"/console/backfills/{number}")).text
    form = {"csrf": csrf_of(page), "by": "Ada", "action": action}
    return await admin.post(f"/console/backfills/{number}/act", data=form)


async def test_a_running_back_fill_shows_how_far_it_is_and_is_paused_and_resumed(
    admin: httpx.AsyncClient, number: int, database: Database
) -> None:
    page = (await admin.get(f"/console/backfills/{number}")).text

    paused = await press(admin, number, "pause")
    then = await Backfills(database).read(number)
    again = await press(admin, number, "pause")
    await press(admin, number, "resume")

    assert "1,000 of 2,000 users" in page
    assert '<progress max="2000" value="1000"' in page
    assert (paused.status_code, paused.headers["Location"]) == (303, f"/console/backfills/{number}")
    assert then.paused
    assert again.status_code == 409
    assert f"back-fill {number} is paused already" in again.text
    assert (await Backfills(database).read(number)).works


async def test_its_report_is_shown_with_whom_it_concerns_and_written_on_order(
    admin: httpx.AsyncClient, number: int, database: Database
) -> None:
    await reported(database, number)
    page = (await admin.get(f"/console/backfills/{number}")).text

    done = await press(admin, number, "write")

    assert "auth0|torn" in page
    assert "found 2 records where one was expected" in page
    assert "<dt>Lead of nobody</dt><dd>100</dd>" in page
    assert done.status_code == 303
    assert (await Backfills(database).read(number)).stage is Stage.WRITING


async def test_what_is_more_than_the_thresholds_allow_is_only_written_once_somebody_approves_it(
    admin: httpx.AsyncClient, number: int, database: Database
) -> None:
    await reported(database, number, TooMuch(WriteKind.CREATE, 590, 100))
    page = (await admin.get(f"/console/backfills/{number}")).text

    refused = await press(admin, number, "write")
    approved = await press(admin, number, "approve")

    assert "create: <strong>590</strong>, allowed 100" in page
    assert "Approve and write" in page
    assert refused.status_code == 409
    assert approved.status_code == 303
    found = await Backfills(database).read(number)
    assert (found.stage, found.approved_by) == (Stage.WRITING, "Ada")


async def test_one_is_begun_and_cancelled_in_the_console(admin: httpx.AsyncClient, database: Database) -> None:
    csrf = csrf_of((await admin.get("/console/backfills")).text)
    order = {"csrf": csrf, "sync": SYNC, "direction": "records", "by": "Ada"}

    begun = await admin.post("/console/backfills", data=order)
    second = await admin.post("/console/backfills", data=order)

    assert begun.status_code == 303
    assert second.status_code == 409
    found = await Backfills(database).last_of(SYNC)
    assert (found.direction, found.ordered_by, found.write, found.stage) == (
        Direction.RECORDS,
        "Ada",
        False,
        Stage.READING,
    )
    assert (await press(admin, found.id, "cancel")).status_code == 303
    assert (await Backfills(database).read(found.id)).stage is Stage.CANCELLED


async def test_deals_are_taken_in_where_that_is_ticked_and_asked_for_only_where_a_flow_is_about_them(
    database: Database,
) -> None:
    without, selling = a_definition(), replace(a_definition(SyncName("partners")), flows=Flows(closed_won=FLOW))

    async with client_of(console_app(database, None, without)) as client:
        await log_in(client)
        plain = (await client.get("/console/backfills")).text
    async with client_of(console_app(database, None, without, selling)) as client:
        await log_in(client)
        page = (await client.get("/console/backfills")).text
        order = {"csrf": csrf_of(page), "direction": "users", "by": "Ada", "deals": "1"}
        begun = await client.post("/console/backfills", data={**order, "sync": "partners"})
        refused = await client.post("/console/backfills", data={**order, "sync": SYNC})
        shown = (await client.get(begun.headers["Location"])).text

    assert 'name="deals"' not in plain
    assert "Deals that were won before, too (partners)" in page
    assert (begun.status_code, refused.status_code) == (303, 409)
    assert (await Backfills(database).last_of(SyncName("partners"))).deals
    assert "and deals that were won before" in shown
    assert "does nothing about won deals: enable its flow closed_won first" in refused.text


async def test_the_admin_api_begins_shows_and_orders(api: httpx.AsyncClient, database: Database) -> None:
    begun = await api.post("/api/v1/backfills", json={"sync": SYNC, "direction": "both", "by": "ci"})
    number = begun.json()["id"]
    await reported(database, number, TooMuch(WriteKind.CREATE, 590, 100))

    shown = (await api.get(f"/api/v1/backfills/{number}")).json()
    found = (await api.get(f"/api/v1/backfills/{number}/findings", params={"outlook": "conflict"})).json()
    refused = await api.post(f"/api/v1/backfills/{number}/action", json={"action": "write"})
    done = await api.post(f"/api/v1/backfills/{number}/action", json={"action": "write", "approve": True, "by": "ci"})

    assert shown["report"]["outlooks"] == {"link": 1400, "create": 590, "conflict": 10}
    assert shown["needs_approval"] is True
    assert [each["record_ids"] for each in found["items"]] == ["00Q1 00Q2"]
    assert refused.status_code == 409
    assert (done.json()["stage"], done.json()["approved_by"]) == ("writing", "ci")
    assert (await api.post("/api/v1/backfills", json={"sync": "nobody"})).status_code == 404
    assert (await api.get("/api/v1/backfills/99")).status_code == 404
