"""The main job as a person does it: sign up on one page, watch the Lead appear on another."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from crosswalk.demo.environment import Demo, Ports, running_demo

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

pytestmark = [
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium: apt-get install chromium"),
    pytest.mark.timeout(120),
]


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with (
        tempfile.TemporaryDirectory(prefix="cw-demo-") as folder,
        running_demo(Path(folder), Ports(), people=5) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def troubles() -> list[str]:
    """What the pages wrote to the browser's console as errors: a violated content policy is one."""
    return []


@pytest.fixture
def console(demo: Demo, browser: Browser, troubles: list[str]) -> Iterator[Page]:
    """The console, logged in."""
    context = browser.new_context()
    page = context.new_page()
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto(demo.console_url)
    page.get_by_label("Admin token").fill(demo.admin_token.reveal())
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Syncs")).to_be_visible()
    yield page
    context.close()


@pytest.fixture
def tenant(browser: Browser) -> Iterator[Page]:
    """A page that trusts the sandbox's private authority."""
    context = browser.new_context(ignore_https_errors=True)
    yield context.new_page()
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


def test_a_sign_up_appears_in_the_console_by_itself(demo: Demo, console: Page, tenant: Page, troubles: list[str]):
    expect(console.get_by_text("Radium Institute")).to_have_count(0)

    sign_up(tenant, demo, "Curie", "maria@radium.example", "Radium Institute")

    expect(console.get_by_text("Radium Institute")).to_be_visible(timeout=10_000)
    assert troubles == []


def test_a_change_of_the_profile_is_on_the_identitys_page_with_its_reason(
    demo: Demo, console: Page, tenant: Page, troubles: list[str]
):
    sign_up(tenant, demo, "Goeppert", "goeppert@shells.example", "Sarah Lawrence")
    expect(console.get_by_text("Sarah Lawrence")).to_be_visible(timeout=10_000)
    user_id = tenant.url.split("/profile/")[1].split("?")[0].replace("%7C", "|")

    console.get_by_role("link", name=user_id).first.click()
    tenant.locator("[name=company]").fill("Argonne")
    tenant.get_by_role("button", name="Save", exact=True).click()

    expect(console.get_by_text("Argonne").first).to_be_visible(timeout=10_000)
    expect(console.get_by_text("Changed in Auth0").first).to_be_visible()
    assert troubles == []


def test_a_name_with_markup_is_shown_as_it_is(demo: Demo, console: Page, tenant: Page, troubles: list[str]):
    sign_up(tenant, demo, "<script>alert(1)</script>", "markup@example.com", "<b>Bold</b> Inc")

    expect(console.get_by_text("<b>Bold</b> Inc")).to_be_visible(timeout=10_000)
    assert troubles == []


def test_without_the_token_there_is_nothing_to_see(demo: Demo, browser: Browser):
    page = browser.new_page()
    page.goto(f"{demo.console_url}/identities")

    expect(page.get_by_label("Admin token")).to_be_visible()
    page.get_by_label("Admin token").fill("not the token of this hub")
    page.get_by_role("button", name="Log in").click()

    expect(page.get_by_role("heading", name="Syncs")).to_have_count(0)
    page.close()
