"""The main job as a person does it: sign up on one page, watch the Lead appear on another."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from crosswalk.demo.environment import Demo, Ports, running_demo
from tests.browser.chromium import NEEDS_CHROMIUM, note_troubles

pytestmark = NEEDS_CHROMIUM


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with (
        tempfile.TemporaryDirectory(prefix="cw-demo-") as folder,
        running_demo(Path(folder), Ports(), people=5) as running,
    ):
        yield running


@pytest.fixture
def console(demo: Demo, browser: Browser, troubles: list[str]) -> Iterator[Page]:
    """The console, logged in."""
    context = browser.new_context()
    page = context.new_page()
    note_troubles(page, troubles)
    page.goto(demo.console_url)
    page.get_by_label("Admin token").fill(demo.admin_token.reveal())
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Syncs")).to_be_visible()
    yield page
    context.close()


def sign_up(page: Page, demo: Demo, name: str, email: str, company: str) -> None:
    page.goto(demo.sandbox.access.auth0.signup_url)
    page.locator("[name=given_name]").fill("Maria")
    page.locator("[name=family_name]").fill(name)
    page.locator("[name=email]").fill(email)
    page.locator("[name=password]").fill("Polonium-and-Radium-1898")
    page.locator("[name=company]").fill(company)
    page.locator("form button").last.click()
    expect(page.get_by_text("Signed up")).to_be_visible()


def test_a_sign_up_appears_in_the_console_by_itself(demo: Demo, console: Page, visitor: Page, troubles: list[str]):
    expect(console.get_by_text("Radium Institute")).to_have_count(0)

    sign_up(visitor, demo, "Curie", "maria@radium.example", "Radium Institute")

    expect(console.get_by_text("Radium Institute")).to_be_visible()
    assert troubles == []


def test_a_change_of_the_profile_is_on_the_identitys_page_with_its_reason(
    demo: Demo, console: Page, visitor: Page, troubles: list[str]
):
    sign_up(visitor, demo, "Goeppert", "goeppert@shells.example", "Sarah Lawrence")
    expect(console.get_by_text("Sarah Lawrence")).to_be_visible()
    user_id = visitor.url.split("/profile/")[1].split("?")[0].replace("%7C", "|")

    console.get_by_role("link", name=user_id).first.click()
    visitor.locator("[name=company]").fill("Argonne")
    visitor.get_by_role("button", name="Save", exact=True).click()

    expect(console.get_by_text("Argonne").first).to_be_visible()
    expect(console.get_by_text("Changed in Auth0").first).to_be_visible()
    assert troubles == []


def test_a_name_with_markup_is_shown_as_it_is(demo: Demo, console: Page, visitor: Page, troubles: list[str]):
    sign_up(visitor, demo, "<script>alert(1)</script>", "markup@example.com", "<b>Bold</b> Inc")

    expect(console.get_by_text("<b>Bold</b> Inc")).to_be_visible()
    assert troubles == []


def test_without_the_token_there_is_nothing_to_see(demo: Demo, browser: Browser):
    page = browser.new_page()
    page.goto(f"{demo.console_url}/identities")

    expect(page.get_by_label("Admin token")).to_be_visible()
    page.get_by_label("Admin token").fill("not the token of this hub")
    page.get_by_role("button", name="Log in").click()

    expect(page.get_by_role("heading", name="Syncs")).to_have_count(0)
    page.close()
