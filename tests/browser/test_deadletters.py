"""A person works through dead letters in the browser: from the overview to the cause, a value, a replay."""

from collections.abc import Iterator

import psycopg
import pytest
from playwright.sync_api import Page, expect

from crosswalk.domain.ids import UserId
from crosswalk.domain.pause import Cause, PauseKind
from crosswalk.store import pauses
from crosswalk.store.database import Database
from tests.browser.chromium import NEEDS_CHROMIUM
from tests.browser.served_console import served_console
from tests.console_scene import ORG, Scene

pytestmark = NEEDS_CHROMIUM

TOO_LONG = "Title: data value too large: {} (max length=128)"
TITLES = {"auth0|bob": "Chief of everything", "auth0|eve": "Head of all the rest"}
REFUSED = Cause("CREDENTIALS_REFUSED", "", "acme.my.salesforce.com refused the credentials (invalid_client).")


async def _keep(database: Database) -> None:
    """Two letters of one cause, one of another, and a pause."""
    scene = Scene(database)
    for user, title in TITLES.items():
        detail = {
            "action": "update",
            "record_id": "00QAa000004Xy7BMAS",
            "fields": {"Title": title},
            "at_fault": ["Title"],
        }
        message = TOO_LONG.format(title)
        await scene.problem(message, user_id=UserId(user), code="STRING_TOO_LONG", detail=detail)
    await scene.problem("Required fields are missing: [Company]", code="REQUIRED_FIELD_MISSING")
    async with database.transaction() as connection:
        await pauses.start(connection, PauseKind.ORG, ORG, REFUSED)


@pytest.fixture
def console(postgres_uri: str) -> Iterator[Page]:
    with served_console(postgres_uri, _keep) as page:
        yield page


def test_a_cause_is_looked_into_and_replayed_and_what_pauses_goes_on(console: Page, postgres_uri: str) -> None:
    troubles: list[str] = []
    console.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    expect(console.get_by_text("The org sales stands still")).to_be_visible()
    console.get_by_role("button", name="Go on now").click()
    expect(console.get_by_text("The org sales stands still")).to_have_count(0)

    console.get_by_role("link", name="Dead letters", exact=True).click()
    console.get_by_role("link", name="STRING_TOO_LONG").click()
    expect(console.get_by_text("data value too large: <value> (max length=128)").first).to_be_visible()
    console.get_by_role("link", name="No. 1").click()
    expect(console.get_by_text("•••• (19 characters)")).to_be_visible()
    console.get_by_label("Shown to").fill("Grace Hopper")
    console.get_by_role("button", name="Show the values").click()
    expect(console.get_by_text(TOO_LONG.format("Chief of everything"))).to_be_visible()

    console.get_by_role("link", name="STRING_TOO_LONG").click()
    console.get_by_label("Done by").fill("Grace Hopper")
    console.get_by_role("button", name="Replay this group").click()
    expect(console.get_by_role("heading", name="Dead letters")).to_be_visible()

    with psycopg.connect(postgres_uri) as connection:
        due = connection.execute("SELECT user_id FROM due WHERE outcome IS NULL ORDER BY 1").fetchall()
        deeds = connection.execute("SELECT by, deed, number FROM interventions ORDER BY id").fetchall()
    assert due == [("auth0|bob",), ("auth0|eve",)]
    assert deeds == [("console", "resume", 1), ("Grace Hopper", "reveal", 1), ("Grace Hopper", "replay", 2)]
    assert troubles == []
