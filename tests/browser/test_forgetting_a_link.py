"""A person sees a wrong link in the browser, is told what forgetting it does, and forgets it."""

import psycopg
from playwright.sync_api import expect

from crosswalk.store.database import Database
from tests.browser.chromium import NEEDS_CHROMIUM
from tests.browser.served_console import served_console
from tests.console_scene import ADA, ADA_RECORD, Scene, a_profile

pytestmark = NEEDS_CHROMIUM


async def _keep(database: Database) -> None:
    """Ada, whose record carries her id."""
    scene = Scene(database)
    await scene.identity(a_profile())
    await scene.link({"LastName": "Lindqvist", "Auth0_User_Id__c": ADA})


def test_a_link_is_forgotten_after_the_page_said_what_that_does(postgres_uri: str) -> None:
    troubles: list[str] = []
    with served_console(postgres_uri, _keep) as console:
        console.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
        console.get_by_role("link", name="Identities").click()
        console.get_by_role("link", name="Ada Lindqvist").click()
        console.get_by_role("button", name="Forget this link…").click()
        expect(console.get_by_role("heading", name="Forget the link of Ada Lindqvist?")).to_be_visible()
        expect(console.get_by_text("The same record would be found again.")).to_be_visible()
        console.get_by_label("Done by").fill("Grace Hopper")
        console.get_by_label("Reason").fill("her father’s lead")
        console.get_by_label("Reason").press("Enter")  # forgets nothing
        expect(console.get_by_role("heading", name="Forget the link of Ada Lindqvist?")).to_be_visible()
        console.get_by_role("button", name="Forget the link").click()
        expect(console.get_by_text("No record is linked.")).to_be_visible()

    with psycopg.connect(postgres_uri) as connection:
        noted = connection.execute("SELECT by, deed, about, reason FROM interventions").fetchall()
        due = connection.execute("SELECT user_id FROM due WHERE outcome IS NULL").fetchall()
    assert noted == [("Grace Hopper", "forget_link", f"{ADA} Lead {ADA_RECORD}", "her father’s lead")]
    assert due == [(ADA,)]
    assert troubles == []
