"""Mass changes that were stopped, in the console and the admin API: seen, and decided once."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from crosswalk.api.admin import admin_router
from crosswalk.api.security import AdminAccess
from crosswalk.connectors.secret import Secret
from crosswalk.domain.ids import UserId
from crosswalk.domain.place import Place
from crosswalk.domain.plan import Plan, Situation
from crosswalk.domain.threshold import WriteKind
from crosswalk.domain.write import Action, FieldWrite, Reason, RecordWrite
from crosswalk.reconcile.kinds import fingerprint_of
from crosswalk.store import holds
from crosswalk.store.database import Database
from crosswalk.store.holds import HeldPlan
from tests.console_scene import ADMIN_TOKEN, SYNC, a_desk, console_data
from tests.e2e.console.client import client_of, csrf_of

BOB = UserId("auth0|bob")


@pytest.fixture
async def number(database: Database) -> int:
    """A hold in which one plan waits that would empty a title."""
    field = FieldWrite("Title", "Countess", None, Reason.CHANGED, Place("lead.yaml", 3))
    write = RecordWrite(Action.UPDATE, "Lead", None, ("Auth0_User_Id__c", BOB), (field,))
    plan = Plan(BOB, Situation.LINKED, writes=(write,))
    async with database.transaction() as connection:
        hold_id = await holds.start(connection, SYNC, WriteKind.CLEAR, 100, 250, 3600)
        await holds.hold(connection, SYNC, {BOB: HeldPlan(hold_id, plan, fingerprint_of(plan))})
    return hold_id


@pytest.fixture
async def api(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(admin_router(console_data(database), AdminAccess(Secret(ADMIN_TOKEN)), a_desk(database)))
    async with client_of(app) as client:
        client.headers["Authorization"] = f"Bearer {ADMIN_TOKEN}"
        yield client


async def test_the_overview_says_what_was_stopped_and_leads_there(admin: httpx.AsyncClient, number: int) -> None:
    page = (await admin.get("/console")).text

    assert "Stopped before it was written:" in page
    assert f'<a href="/console/holds/{number}">' in page


async def test_a_hold_shows_what_it_would_have_written_and_is_decided_once(
    admin: httpx.AsyncClient, number: int, database: Database
) -> None:
    page = (await admin.get(f"/console/holds/{number}")).text
    form = {"csrf": csrf_of(page), "by": "Grace Hopper", "decision": "discard"}

    done = await admin.post(f"/console/holds/{number}/decide", data=form)
    again = await admin.post(f"/console/holds/{number}/decide", data={**form, "decision": "approve"})

    assert "Lead.Title" in page
    assert "250 identities within 60 minutes, where 100 are allowed" in page
    assert (done.status_code, done.headers["Location"]) == (303, f"/console/holds/{number}")
    assert "discarded by Grace Hopper" in (await admin.get(f"/console/holds/{number}")).text
    assert again.status_code == 409
    assert "was discarded already by Grace Hopper" in again.text
    assert "Stopped before it was written:" not in (await admin.get("/console")).text
    async with database.transaction() as connection:
        assert await holds.waiting(connection) == []


async def test_a_forged_form_decides_nothing(admin: httpx.AsyncClient, number: int, database: Database) -> None:
    answer = await admin.post(f"/console/holds/{number}/decide", data={"decision": "approve", "csrf": "guess"})

    assert answer.status_code == 403
    async with database.transaction() as connection:
        assert [hold.id for hold in await holds.waiting(connection)] == [number]


async def test_the_api_lists_shows_and_decides(api: httpx.AsyncClient, number: int) -> None:
    [listed] = (await api.get("/api/v1/holds")).json()["items"]
    shown = (await api.get(f"/api/v1/holds/{number}")).json()
    lines = (await api.get(f"/api/v1/holds/{number}/plans")).text.splitlines()
    order = {"decision": "approved", "by": "Grace Hopper", "unasked_for_s": 600}
    decided = await api.post(f"/api/v1/holds/{number}/decision", json=order)
    again = await api.post(f"/api/v1/holds/{number}/decision", json=order)

    assert (listed["kind"], listed["identities"], listed["allowed"], listed["would_be"]) == ("clear", 1, 100, 250)
    assert shown["hold"] == listed
    assert shown["summary"]["fields"] == [
        {"object": "Lead", "field": "Title", "reason": "changed", "writes": 1, "cleared": 1, "examples": [BOB]}
    ]
    assert len(lines) == 1
    assert BOB in lines[0]
    assert (decided.status_code, decided.json()["decision"], decided.json()["decided_by"]) == (
        200,
        "approved",
        "Grace Hopper",
    )
    assert decided.json()["open_until"] is not None
    assert again.status_code == 409
    assert (await api.get("/api/v1/holds")).json() == {"items": []}
    assert len((await api.get("/api/v1/holds?decided=true")).json()["items"]) == 1


async def test_a_name_that_the_database_cannot_hold_is_noted_without_what_it_cannot(
    admin: httpx.AsyncClient, api: httpx.AsyncClient, number: int
) -> None:
    form = {"csrf": csrf_of((await admin.get(f"/console/holds/{number}")).text), "decision": "discard"}

    nobody = await api.post(f"/api/v1/holds/{number}/decision", json={"decision": "approved", "by": "\0"})
    approved = await api.post(f"/api/v1/holds/{number}/decision", json={"decision": "approved", "by": "A\0da"})
    again = await admin.post(f"/console/holds/{number}/decide", data={**form, "by": " Grace\0\nHopper "})

    assert (nobody.status_code, "expected 1 to 100" in nobody.text) == (409, True)
    assert (approved.status_code, approved.json()["decided_by"]) == (200, "A da")
    assert (again.status_code, "was approved already by A da" in again.text) == (409, True)


async def test_what_there_is_none_of_is_404(api: httpx.AsyncClient, admin: httpx.AsyncClient) -> None:
    assert (await api.get("/api/v1/holds/7")).status_code == 404
    assert (await api.post("/api/v1/holds/7/decision", json={"decision": "approved"})).status_code == 404
    assert (await admin.get("/console/holds/7")).status_code == 404
    assert (await admin.get("/console/holds/x")).status_code == 404
    assert "Nothing was stopped." in (await admin.get("/console/holds")).text
