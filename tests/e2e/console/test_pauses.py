"""What pauses is on the overview with what to fix, in the admin API, and is let go on by a button or a call."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from crosswalk.api.admin import admin_router
from crosswalk.api.security import AdminAccess
from crosswalk.connectors.secret import Secret
from crosswalk.domain.pause import Cause, PauseKind
from crosswalk.engine.resuming import Resumer, UnknownPause
from crosswalk.store import interventions, pauses
from crosswalk.store.database import Database
from tests.console_scene import ADMIN_TOKEN, ORG, SYNC, a_desk, console_data
from tests.e2e.console.client import client_of, csrf_of

NO_FIELD = Cause("INVALID_FIELD", "Lead", "No such column 'Tier__c' on entity Lead")
REFUSED = Cause("CREDENTIALS_REFUSED", "", "acme refused the credentials (invalid_client). Was the secret rotated?")


@pytest.fixture
async def number(database: Database) -> int:
    """The sync pauses, and so does its org."""
    async with database.transaction() as connection:
        await pauses.start(connection, PauseKind.SYNC, SYNC, NO_FIELD)
        await pauses.start(connection, PauseKind.ORG, ORG, REFUSED)
        return (await pauses.standing(connection))[0].id


@pytest.fixture
async def api(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(admin_router(console_data(database), AdminAccess(Secret(ADMIN_TOKEN)), a_desk(database)))
    async with client_of(app) as client:
        client.headers["Authorization"] = f"Bearer {ADMIN_TOKEN}"
        yield client


async def test_the_overview_says_what_pauses_and_lets_it_go_on(
    admin: httpx.AsyncClient, number: int, database: Database
) -> None:
    page = (await admin.get("/console")).text
    forged = await admin.post(f"/console/pauses/{number}/resume", data={"csrf": "guess"})
    form = {"csrf": csrf_of(page)}
    done = await admin.post(f"/console/pauses/{number}/resume", data=form)
    again = await admin.post(f"/console/pauses/{number}/resume", data=form)
    after = (await admin.get("/console")).text

    assert "The sync customers stands still: Correct the field" in page
    assert "No such column &#39;Tier__c&#39; on entity Lead" in page
    assert '<span class="pill bad">Paused</span>' in page
    assert (forged.status_code, done.status_code, again.status_code) == (403, 303, 303)
    assert "The sync customers stands still" not in after
    assert "The org sales stands still" in after
    assert (await admin.post("/console/pauses/999/resume", data=form)).status_code == 404
    async with database.transaction() as connection:
        [noted] = await interventions.newest(connection, 10)
    assert (noted.by, noted.deed, noted.about, noted.reason) == (
        "console",
        "resume",
        "sync customers",
        "INVALID_FIELD",
    )


async def test_the_api_lists_what_pauses_and_lets_it_go_on(api: httpx.AsyncClient, number: int) -> None:
    [sync, org] = (await api.get("/api/v1/pauses")).json()["items"]
    state = (await api.get("/api/v1/overview")).json()["syncs"][0]["state"]
    done = await api.post(f"/api/v1/pauses/{number}/resume", json={"by": "Grace"})
    again = await api.post(f"/api/v1/pauses/{number}/resume", json={})

    assert (sync["id"], sync["kind"], sync["name"], sync["code"], sync["object"]) == (
        number,
        "sync",
        "customers",
        "INVALID_FIELD",
        "Lead",
    )
    assert sync["fix"].startswith("Correct the field's or object's name in the mapping")
    assert (org["kind"], org["name"], org["message"]) == ("org", "sales", REFUSED.message)
    assert state == "paused"
    assert (done.status_code, again.status_code) == (200, 404)
    assert again.json()["detail"] == f"pause {number} of sync customers is over, by Grace"


async def test_what_pauses_is_resumed_by_name(database: Database, number: int) -> None:
    resumer = Resumer(database)

    with pytest.raises(UnknownPause, match="custmers does not pause, did you mean customers"):
        await resumer.resume("custmers", "Grace")
    by_name = await resumer.resume("customers", "Grace")
    by_kind = await resumer.resume("org sales", "Grace")

    assert [each.id for each in by_name] == [number]
    assert [each.name for each in by_kind] == ["sales"]
    with pytest.raises(UnknownPause, match="customers does not pause; what does: nothing"):
        await resumer.resume("customers", "Grace")
