"""The pages of conflicts: what a person sees, decides, and cannot decide."""

from typing import Any

import httpx
import pytest

from crosswalk.domain.decision import LeaveAlone
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.store import decisions
from crosswalk.store.database import Database
from tests.console_scene import ADA, ADA_RECORD, SYNC, Scene, a_profile
from tests.e2e.console.client import csrf_of

OTHER = "00QAa000004Xy7CMAS"
GRACE = UserId("auth0|grace")


@pytest.fixture
async def ada(scene: Scene) -> None:
    await scene.identity(a_profile())


async def press(admin: httpx.AsyncClient, number: int, action: str = "decide", **form: str) -> httpx.Response:
    """Press a button of a conflict's form."""
    page = await admin.get(f"/console/conflicts/{number}")
    return await admin.post(
        f"/console/conflicts/{number}/{action}", data={"csrf": csrf_of(page.text), "by": "Grace Hopper", **form}
    )


async def decided(database: Database) -> list[Any]:
    async with database.transaction() as connection:
        past = await decisions.of_identity(connection, SYNC, ADA)
    return [(each.field, each.decided_by, each.decision) for each in past]


async def due_users(database: Database) -> list[tuple[Any, ...]]:
    async with database.transaction() as connection:
        query = "SELECT d.sync, d.user_id, i.source, i.type FROM due AS d JOIN inbox AS i USING (seq) ORDER BY seq"
        return await (await connection.execute(query)).fetchall()


@pytest.mark.usefixtures("ada")
async def test_the_list_names_the_person_and_the_question(admin: httpx.AsyncClient, scene: Scene) -> None:
    number = await scene.several_candidates()

    page = (await admin.get("/console/conflicts")).text

    assert "Ada Lindqvist" in page
    assert f'<a href="/console/conflicts/{number}"><strong>Several records may be this person' in page


async def test_an_empty_list_says_when_something_would_be_on_it(admin: httpx.AsyncClient) -> None:
    assert "Nothing waits for a decision." in (await admin.get("/console/conflicts")).text


@pytest.mark.usefixtures("ada")
async def test_the_chosen_record_is_decided_and_makes_the_person_due(
    admin: httpx.AsyncClient, scene: Scene, database: Database
) -> None:
    number = await scene.several_candidates()

    answer = await press(admin, number, record=OTHER)

    assert (answer.status_code, answer.headers["location"]) == (303, f"/console/conflicts/{number}")
    [(field, by, decision)] = await decided(database)
    assert (field, by, decision.choice.object, decision.choice.record_id) == ("", "Grace Hopper", "Lead", OTHER)
    assert await due_users(database) == [(SYNC, ADA, "person", "decision")]
    page = (await admin.get(f"/console/conflicts/{number}")).text
    assert "Being carried out" in page
    assert f"the record is Lead {OTHER}" in page
    assert 'value="Grace Hopper"' in page


@pytest.mark.usefixtures("ada")
async def test_a_name_that_the_database_cannot_hold_is_noted_without_what_it_cannot(
    admin: httpx.AsyncClient, scene: Scene, database: Database
) -> None:
    number = await scene.several_candidates()

    answer = await press(admin, number, record=OTHER, by=" Grace\0\nHopper ")

    assert answer.status_code == 303
    [(_, by, _)] = await decided(database)
    assert by == "Grace Hopper"


@pytest.mark.usefixtures("ada")
async def test_a_record_of_somebody_else_has_no_button_and_cannot_be_decided_for(
    admin: httpx.AsyncClient, scene: Scene, database: Database
) -> None:
    await scene.identity(a_profile(GRACE, name="Grace Hopper", email="grace@example.com"), GRACE)
    await scene.link({"LastName": "Hopper"}, user_id=GRACE)
    number = await scene.several_candidates(owner=GRACE)

    page = (await admin.get(f"/console/conflicts/{number}")).text
    answer = await press(admin, number, record=ADA_RECORD)

    assert "Belongs already to" in page
    assert "grace@example.com" in page
    assert f'name="record" value="{ADA_RECORD}"' not in page
    assert answer.status_code == 409
    assert f"Lead {ADA_RECORD} belongs to auth0|grace already" in answer.text
    assert await decided(database) == []


@pytest.mark.usefixtures("ada")
async def test_a_value_is_taken_with_the_two_values_that_were_seen(
    admin: httpx.AsyncClient, scene: Scene, database: Database
) -> None:
    await scene.link({"Company": "Nordlicht AG"}, base={"Company": "Nordlicht Optik"})
    number = await scene.a_difference()

    answer = await press(admin, number, take="salesforce")

    assert answer.status_code == 303
    [(field, by, decision)] = await decided(database)
    assert (field, by, decision.side) == ("Company", "Grace Hopper", "salesforce")
    assert (decision.identity_value, decision.record_value) == ("Nordlicht Optik GmbH", "Nordlicht AG")


@pytest.mark.usefixtures("ada")
async def test_a_field_in_quarantine_shows_both_writers_and_is_released(
    admin: httpx.AsyncClient, scene: Scene, database: Database
) -> None:
    number = await scene.a_quarantine()

    page = (await admin.get(f"/console/conflicts/{number}")).text
    answer = await press(admin, number, "release", release="1")
    again = await press(admin, number, "release", release="1")

    assert "Data Quality in Salesforce" in page
    assert answer.status_code == 303
    assert await due_users(database) == [(SYNC, ADA, "person", "release")]
    assert again.status_code == 409


@pytest.mark.usefixtures("ada")
async def test_a_form_of_another_site_decides_nothing(
    admin: httpx.AsyncClient, scene: Scene, database: Database
) -> None:
    number = await scene.several_candidates()

    answer = await admin.post(f"/console/conflicts/{number}/decide", data={"record": OTHER, "csrf": "0" * 64})

    assert answer.status_code == 403
    assert await decided(database) == []


@pytest.mark.usefixtures("ada")
async def test_a_stranger_decides_nothing(stranger: httpx.AsyncClient, scene: Scene, database: Database) -> None:
    number = await scene.several_candidates()

    answer = await stranger.post(f"/console/conflicts/{number}/decide", data={"record": OTHER})

    assert (answer.status_code, answer.headers["location"]) == (303, "/console/login")
    assert await decided(database) == []


@pytest.mark.usefixtures("ada")
async def test_a_linked_person_is_not_decided_about_once_more(
    admin: httpx.AsyncClient, scene: Scene, database: Database
) -> None:
    number = await scene.several_candidates()
    page = await admin.get(f"/console/conflicts/{number}")
    await scene.link({"LastName": "Lindqvist"}, record_id=RecordId("00QAa000004Xy7DMAS"))

    form = {"csrf": csrf_of(page.text), "record": OTHER}
    answer = await admin.post(f"/console/conflicts/{number}/decide", data=form)

    assert answer.status_code == 409
    assert "is linked to Lead 00QAa000004Xy7DMAS" in answer.text
    assert await decided(database) == []


@pytest.mark.parametrize("path", ["/console/conflicts/999", "/console/conflicts/x", "/console/conflicts/auth0%7Cx"])
async def test_an_address_without_a_conflict_is_not_found(admin: httpx.AsyncClient, path: str) -> None:
    assert (await admin.get(path)).status_code == 404


@pytest.mark.usefixtures("ada")
async def test_deciding_anew_replaces_what_was_decided(
    admin: httpx.AsyncClient, scene: Scene, database: Database
) -> None:
    number = await scene.several_candidates()

    assert (await press(admin, number, record=OTHER)).status_code == 303
    assert (await press(admin, number, leave="1")).status_code == 303

    async with database.transaction() as connection:
        standing = await decisions.standing(connection, SYNC, [ADA])
        past = await decisions.of_identity(connection, SYNC, ADA)
    assert standing.matches[ADA].choice == LeaveAlone()
    assert [each.ended_as for each in past] == [None, "replaced"]
