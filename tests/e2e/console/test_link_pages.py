"""Forgetting a link in the console: what is told before, and what is done then."""

from urllib.parse import quote

import httpx
import pytest

from crosswalk.domain.ids import RecordId
from crosswalk.domain.link import LinkEnd
from crosswalk.store import former_links, interventions, links
from crosswalk.store.database import Database
from tests.console_scene import ADA, ADA_RECORD, SYNC, Scene, a_profile
from tests.e2e.console.client import csrf_of
from tests.e2e.console.test_console_pages import text_of

PAGE = f"/console/links/{SYNC}/{quote(ADA, safe='')}"
IDENTITY = f"/console/identities/{SYNC}/{quote(ADA, safe='')}"
FORM = {"record": ADA_RECORD, "by": "Grace Hopper", "reason": "her father’s lead"}


@pytest.fixture
async def linked(scene: Scene) -> Scene:
    await scene.identity(a_profile())
    await scene.link({"LastName": "Lindqvist"})
    return scene


async def test_before_a_link_is_forgotten_the_page_says_what_is_linked_and_what_will_happen(
    admin: httpx.AsyncClient, linked: Scene
) -> None:
    identity = (await admin.get(IDENTITY)).text
    text = text_of((await admin.get(PAGE)).text)

    assert f'action="{PAGE}"' in identity
    assert f"Record Lead {ADA_RECORD}" in text
    assert "Linked by Rule “verified e-mail”" in text
    assert "matched anew at once, as if they had come for the first time" in text
    assert "writes nothing to Auth0 or Salesforce" in text
    assert "would be found again" not in text


async def test_that_a_record_would_be_found_again_is_said_with_the_field_to_empty(
    admin: httpx.AsyncClient, scene: Scene
) -> None:
    await scene.link({"Auth0_User_Id__c": ADA})

    text = text_of((await admin.get(PAGE)).text)

    assert "The same record would be found again. It carries this user’s id in Auth0_User_Id__c : empty that" in text


async def test_a_link_is_forgotten_with_who_did_it_and_why(
    admin: httpx.AsyncClient, linked: Scene, database: Database
) -> None:
    csrf = csrf_of((await admin.get(PAGE)).text)

    unsigned = await admin.post(PAGE, data=FORM)
    done = await admin.post(PAGE, data={"csrf": csrf, **FORM})
    again = await admin.post(PAGE, data={"csrf": csrf, **FORM})

    assert (unsigned.status_code, done.status_code, again.status_code) == (403, 303, 404)
    assert done.headers["Location"] == IDENTITY
    async with database.transaction() as connection:
        left = await links.read(connection, SYNC, [ADA])
        [former] = await former_links.of_identity(connection, SYNC, ADA)
        [noted] = await interventions.newest(connection, 10)
    assert left == {}
    assert (former.record_id, former.reason) == (ADA_RECORD, LinkEnd.FORGOTTEN)
    assert (noted.by, noted.deed, noted.reason) == ("Grace Hopper", "forget_link", "her father’s lead")
    assert "No record is linked." in text_of((await admin.get(IDENTITY)).text)


async def test_a_link_that_is_another_one_than_was_shown_is_not_forgotten(
    admin: httpx.AsyncClient, linked: Scene, database: Database
) -> None:
    csrf = csrf_of((await admin.get(PAGE)).text)
    other = RecordId("00QAa000004Xy7CMAS")
    await linked.link({"LastName": "Lindqvist"}, record_id=other)

    refused = await admin.post(PAGE, data={"csrf": csrf, **FORM})

    assert refused.status_code == 409
    assert f"The user is linked to another record by now, {other}: look at it first." in text_of(refused.text)
    async with database.transaction() as connection:
        assert (await links.read(connection, SYNC, [ADA]))[ADA].record.id == other


async def test_whoever_is_not_linked_has_nothing_to_be_forgotten(admin: httpx.AsyncClient, scene: Scene) -> None:
    answer = await admin.get(PAGE)

    assert answer.status_code == 404
    assert f"There is no link of {ADA}" in text_of(answer.text)
