"""Dead letters in the console and the admin API: seen by cause, masked, replayed, and given up with a reason."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from crosswalk.api.admin import admin_router
from crosswalk.api.security import AdminAccess
from crosswalk.connectors.secret import Secret
from crosswalk.domain.ids import UserId
from crosswalk.store import interventions
from crosswalk.store.database import Database
from tests.console_scene import ADA, ADMIN_TOKEN, SYNC, Scene, a_desk, console_data
from tests.e2e.console.client import client_of, csrf_of

TOO_LONG = "Title: data value too large: Countess (max length=5)"
MASKED = "Title: data value too large: <value> (max length=5)"
DETAIL = {"action": "update", "record_id": "00QAa000004Xy7BMAS", "fields": {"Title": "Countess"}, "at_fault": ["Title"]}


@pytest.fixture
async def number(scene: Scene) -> int:
    """A letter of Ada's; Bob has one of another cause."""
    number = await scene.problem(TOO_LONG, code="STRING_TOO_LONG", detail=DETAIL)
    await scene.problem("Missing: [Company]", user_id=UserId("auth0|bob"), code="REQUIRED_FIELD_MISSING")
    return number


@pytest.fixture
async def api(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(admin_router(console_data(database), AdminAccess(Secret(ADMIN_TOKEN)), a_desk(database)))
    async with client_of(app) as client:
        client.headers["Authorization"] = f"Bearer {ADMIN_TOKEN}"
        yield client


async def deeds(database: Database) -> list[tuple[str, str, str, str]]:
    async with database.transaction() as connection:
        noted = await interventions.newest(connection, 10)
    return [(each.by, each.deed.value, each.about, each.reason) for each in reversed(noted)]


async def test_the_pages_lead_from_cause_to_letter_and_show_values_to_whoever_asks(
    admin: httpx.AsyncClient, number: int, database: Database
) -> None:
    overview = (await admin.get("/console")).text
    causes = (await admin.get("/console/deadletters")).text
    cause = (await admin.get(f"/console/deadletters/causes/{SYNC}/STRING_TOO_LONG")).text
    letter = (await admin.get(f"/console/deadletters/{number}")).text
    form = {"csrf": csrf_of(letter), "by": "Grace Hopper"}
    shown = (await admin.post(f"/console/deadletters/{number}/values", data=form)).text

    assert f'<a href="/console/deadletters/{number}">Replay or discard it</a>' in overview
    assert "Countess" not in overview
    for page in (causes, cause, letter):
        assert "data value too large: &lt;value&gt; (max length=5)" in page
        assert "Shorten the value in the mapping, or lengthen the field; then replay." in page
        assert "Countess" not in page
    assert f'href="/console/deadletters/{number}"' in cause
    assert "•••• (8 characters)" in letter
    assert "data value too large: Countess (max length=5)" in shown
    assert await deeds(database) == [("Grace Hopper", "reveal", str(number), "")]


async def test_a_letter_is_discarded_with_a_reason_only(
    admin: httpx.AsyncClient, number: int, database: Database
) -> None:
    form = {"csrf": csrf_of((await admin.get(f"/console/deadletters/{number}")).text), "number": str(number)}

    without = await admin.post("/console/deadletters", data={**form, "do": "discard", "by": "Grace"})
    done = await admin.post("/console/deadletters", data={**form, "do": "discard", "by": "Grace", "reason": "left"})
    again = await admin.post("/console/deadletters", data={**form, "do": "replay"})

    assert without.status_code == 409
    assert "give a reason of 1 to 500 characters" in without.text
    assert (done.status_code, done.headers["Location"]) == (303, f"/console/deadletters/{number}")
    assert again.status_code == 409
    assert f"dead letter {number} is no longer open: discarded" in again.text
    assert "Discarded" in (await admin.get(f"/console/deadletters/{number}")).text
    assert await deeds(database) == [("Grace", "discard", str(number), "left")]


async def test_a_group_is_replayed_by_its_button_and_not_by_a_forged_form(
    admin: httpx.AsyncClient, number: int, database: Database
) -> None:
    page = (await admin.get(f"/console/deadletters/causes/{SYNC}/STRING_TOO_LONG")).text
    form = {"sync": SYNC, "cause": "STRING_TOO_LONG", "do": "replay", "by": "Grace"}

    forged = await admin.post("/console/deadletters", data={**form, "csrf": "guess"})
    done = await admin.post("/console/deadletters", data={**form, "csrf": csrf_of(page)})

    assert (forged.status_code, done.status_code) == (403, 303)
    assert await deeds(database) == [("Grace", "replay", "STRING_TOO_LONG", "")]
    async with database.transaction() as connection:
        due = await (await connection.execute("SELECT user_id, rank FROM due WHERE outcome IS NULL")).fetchall()
    assert due == [(ADA, 4)]


async def test_the_api_lists_shows_replays_and_discards(
    api: httpx.AsyncClient, number: int, database: Database
) -> None:
    causes = (await api.get("/api/v1/deadletters/causes")).json()["items"]
    page = (await api.get("/api/v1/deadletters?limit=1")).json()
    rest = (await api.get(f"/api/v1/deadletters?after={page['next']}")).json()["items"]
    letter = (await api.get(f"/api/v1/deadletters/{number}")).json()
    revealed = (await api.post(f"/api/v1/deadletters/{number}/values", json={"by": "Grace"})).json()
    replayed = await api.post("/api/v1/deadletters/replay", json={"name": "STRING_TOO_LONG", "by": "Grace"})
    discarded = await api.post("/api/v1/deadletters/discard", json={"all": True, "reason": "a trial", "by": "Grace"})

    assert {(each["cause"], each["letters"]) for each in causes} == {
        ("STRING_TOO_LONG", 1),
        ("REQUIRED_FIELD_MISSING", 1),
    }
    assert page["items"] == [letter]
    assert [each["user_id"] for each in rest] == ["auth0|bob"]
    assert (letter["message"], letter["payload"], letter["masked"]) == (MASKED, {"Title": "•••• (8 characters)"}, True)
    assert letter["detail"] == {"action": "update", "record_id": "00QAa000004Xy7BMAS", "at_fault": ["Title"]}
    assert (revealed["message"], revealed["payload"], revealed["masked"]) == (TOO_LONG, {"Title": "Countess"}, False)
    assert (replayed.json(), discarded.json()) == ({"number": 1}, {"number": 2})
    assert await deeds(database) == [
        ("Grace", "reveal", str(number), ""),
        ("Grace", "replay", "STRING_TOO_LONG", ""),
        ("Grace", "discard", "all", "a trial"),
    ]
    assert (await api.get("/api/v1/deadletters/causes")).json() == {"items": []}


async def test_what_there_is_none_of_is_refused(api: httpx.AsyncClient, admin: httpx.AsyncClient, number: int) -> None:
    assert (await api.get("/api/v1/deadletters/999")).status_code == 404
    assert (await api.get("/api/v1/deadletters?sync=nobody")).status_code == 404
    assert (await api.post("/api/v1/deadletters/replay", json={"name": "STRING_TO_LONG"})).json() == {
        "detail": "there is no dead letter STRING_TO_LONG, did you mean STRING_TOO_LONG?"
    }
    assert (await api.post("/api/v1/deadletters/replay", json={})).status_code == 409
    assert (await api.post("/api/v1/deadletters/discard", json={"all": True})).status_code == 422
    assert (await api.post("/api/v1/deadletters/discard", json={"all": True, "reason": "\0"})).status_code == 409
    assert (await api.post("/api/v1/deadletters/replay", json={"all": True, "by": "a\0b"})).json() == {"number": 2}
    assert (await admin.get("/console/deadletters/x")).status_code == 404
    assert (await admin.get("/console/deadletters/999")).status_code == 404
    assert (await admin.get("/console/deadletters/causes/nobody/x")).status_code == 404
    assert "No letter of this cause is open." in (await admin.get(f"/console/deadletters/causes/{SYNC}/x")).text
