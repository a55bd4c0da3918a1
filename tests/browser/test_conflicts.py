"""A person settles a conflict in the browser: looks at the candidates, presses a button, sees it done."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from auth0.management import ManagementClient
from playwright.sync_api import Browser, Page, expect
from simple_salesforce import Salesforce

from tests.browser.chromium import NEEDS_CHROMIUM, note_troubles
from tests.databases import Databases
from tests.e2e.hub.command_line import a_lasting_system
from tests.e2e.hub.conftest import System, contact_target, eventually
from tests.e2e.hub.vendors import auth0_client, salesforce_client, sign_up
from tests.forking import ForkedSandbox

pytestmark = NEEDS_CHROMIUM

FIELDS = {
    "FirstName": "user.given_name",
    "LastName": "user.family_name",
    "Email": {"value": "user.email", "owner": "auth0", "type": "email"},
    "MailingCity": {"value": "user.user_metadata?.city", "owner": "manual"},
}


@pytest.fixture(scope="module")
def town(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with ExitStack() as stack:
        sandbox = stack.enter_context(ForkedSandbox(tmp_path_factory.mktemp("sandbox")))
        folder = tmp_path_factory.mktemp("hub")
        system = stack.enter_context(a_lasting_system(sandbox, databases, folder))
        system.sources = {"subscription": None}
        system.org_sources = {"record_poll": {"every": "1s"}}
        system.targets = [contact_target(fields=FIELDS)]
        system.start()
        eventually(lambda: len(system.rows("SELECT 1 FROM cursors")) == 2, "both positions")
        yield system


@pytest.fixture(scope="module")
def auth0(town: System) -> Iterator[ManagementClient]:
    with auth0_client(town.sandbox.access) as client:
        yield client


@pytest.fixture(scope="module")
def org(town: System) -> Iterator[Salesforce]:
    with salesforce_client(town.sandbox.access) as client:
        yield client


@pytest.fixture
def console(town: System, browser: Browser, troubles: list[str]) -> Iterator[Page]:
    """The console, logged in."""
    page = browser.new_page()
    note_troubles(page, troubles)
    page.goto(str(town.hub.announcement["console_url"]))
    page.get_by_label("Admin token").fill(Path(str(town.hub.announcement["admin_token_file"])).read_text().strip())
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name="Conflicts").click()
    yield page
    page.close()


def test_the_right_candidate_is_chosen_and_the_page_tells_by_itself_when_it_is_linked(
    console: Page, auth0: ManagementClient, org: Salesforce, troubles: list[str]
) -> None:
    for first_name in ("Ada", "Byron"):
        org.Contact.create({"FirstName": first_name, "LastName": "Lovelace", "Email": "ada@example.com"})
    user_id = sign_up(auth0, "ada@example.com", verified=True)

    expect_after_reloads(console, "Several records may be this person")
    console.get_by_role("link", name="Several records may be this person").click()
    console.get_by_label("Decided by").fill("Grace Hopper")
    console.get_by_label("Decided by").press("Enter")  # decides nothing
    expect(console.get_by_text("Open", exact=True)).to_be_visible()
    expect(console.get_by_text("100 % alike")).to_be_visible()
    console.get_by_role("button", name="This is the one").first.click()

    expect(console.get_by_text("Grace Hopper decided, and it is done.")).to_be_visible()
    [contact] = org.query("SELECT FirstName, Auth0_User_Id__c FROM Contact WHERE Auth0_User_Id__c != null")["records"]
    assert (contact["FirstName"], contact["Auth0_User_Id__c"]) == ("Ada", user_id)
    assert troubles == []


def test_the_value_of_a_field_is_taken_from_the_side_that_is_right(
    console: Page, auth0: ManagementClient, org: Salesforce, troubles: list[str]
) -> None:
    contact = org.Contact.create({"LastName": "Byron", "Email": "city@example.com", "MailingCity": "Arlington"})["id"]
    user_id = sign_up(auth0, "city@example.com", verified=True)
    eventually(lambda: (auth0.users.get(user_id).user_metadata or {}) == {"city": "Arlington"}, "the first value")
    org.Contact.update(contact, {"MailingCity": "New York"})

    expect_after_reloads(console, "The two sides differ: MailingCity")
    console.get_by_role("link", name="The two sides differ: MailingCity").click()
    expect(console.get_by_text("user_metadata.city")).to_be_visible()
    console.get_by_role("button", name="Take Auth0’s value").click()

    expect(console.get_by_text("decided, and it is done.")).to_be_visible()
    assert org.Contact.get(contact)["MailingCity"] == "Arlington"
    assert troubles == []


def expect_after_reloads(page: Page, text: str) -> None:
    """Reload the list until it shows something."""

    def shown() -> bool:
        page.reload()
        return page.get_by_text(text).count() > 0

    eventually(shown, text, deadline_s=20)
