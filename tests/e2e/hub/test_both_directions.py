"""Changes made in Salesforce reach Auth0 users, through the vendors' own clients on either side."""

from collections.abc import Iterator
from typing import Any

import pytest
from auth0.management import ManagementClient
from simple_salesforce import Salesforce

from crosswalk_sandbox.process import SandboxProcess
from tests.databases import Databases
from tests.e2e.hub.command_line import a_lasting_system, crosswalk
from tests.e2e.hub.conftest import System, contact_target, eventually
from tests.e2e.hub.vendors import auth0_client, salesforce_client, sign_up

FIELDS = {
    "Email": {"value": "user.email", "owner": "auth0", "type": "email"},
    "Department": {"value": "user.app_metadata?.crm?.department", "owner": "salesforce"},
    "Title": {"value": "user.user_metadata?.title", "owner": "latest"},
    "Phone": {"value": "user.user_metadata?.phone", "owner": "latest", "type": "phone"},
    "MailingCity": {"value": "user.user_metadata?.city", "owner": "manual"},
}


@pytest.fixture(scope="module", params=["record_poll", "change_events"])
def town(
    request: pytest.FixtureRequest,
    sandbox_process: SandboxProcess,
    databases: Databases,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[System]:
    """A system that is told of changes in the org by either source."""
    folder = tmp_path_factory.mktemp("both")
    with a_lasting_system(sandbox_process, databases, folder) as system:
        system.sources = {"subscription": None}
        settings = {
            "record_poll": {"every": "1s"},
            "change_events": {"endpoint": sandbox_process.access.salesforce.pubsub_endpoint},
        }
        system.org_sources = {request.param: settings[request.param]}
        system.sync = {"default_region": "US"}
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


def a_contact(org: Salesforce, email: str, **fields: Any) -> str:
    return str(org.Contact.create({"LastName": "Hopper", "Email": email, **fields})["id"])


def linked(system: System, user_id: str) -> bool:
    return bool([1 for (user,) in system.rows("SELECT user_id FROM links") if user == user_id])


def a_linked_pair(
    system: System, auth0: ManagementClient, org: Salesforce, name: str, **fields: Any
) -> tuple[str, str]:
    """A user and a contact with one address, once the hub has linked them."""
    contact = a_contact(org, f"{name}@example.com", **fields)
    user_id = sign_up(auth0, f"{name}@example.com", verified=True)
    eventually(lambda: linked(system, user_id), f"a link of {name}")
    return user_id, contact


def metadata(auth0: ManagementClient, user_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    user = auth0.users.get(user_id)
    return user.app_metadata or {}, user.user_metadata or {}


def test_what_salesforce_owns_reaches_the_user_when_it_is_linked_and_when_it_changes(
    town: System, auth0: ManagementClient, org: Salesforce
) -> None:
    user_id, contact = a_linked_pair(town, auth0, org, "owner", Department="Navy")
    eventually(lambda: metadata(auth0, user_id)[0] == {"crm": {"department": "Navy"}}, "the first value")

    org.Contact.update(contact, {"Department": "Compilers"})

    eventually(lambda: metadata(auth0, user_id)[0] == {"crm": {"department": "Compilers"}}, "the changed value")
    town.settled()
    [[reason]] = [
        [reason]
        for user, field, reason in town.rows("SELECT user_id, field, reason FROM audit ORDER BY id DESC LIMIT 1")
        if user == user_id and field == "app_metadata.crm.department"
    ]
    assert reason == "changed"


def test_an_edit_in_auth0_of_what_salesforce_owns_is_undone_once(
    town: System, auth0: ManagementClient, org: Salesforce
) -> None:
    user_id, _ = a_linked_pair(town, auth0, org, "undone", Department="Navy")
    eventually(lambda: metadata(auth0, user_id)[0] == {"crm": {"department": "Navy"}}, "the first value")

    auth0.users.update(user_id, app_metadata={"crm": {"department": "Mine", "note": "kept"}})

    eventually(lambda: metadata(auth0, user_id)[0] == {"crm": {"department": "Navy", "note": "kept"}}, "restored")
    town.settled()
    written = town.rows("SELECT user_id, reason FROM audit WHERE field = 'app_metadata.crm.department' ORDER BY id")
    assert [reason for user, reason in written if user == user_id] == ["changed", "restored"]


def test_the_newest_change_wins_on_either_side(town: System, auth0: ManagementClient, org: Salesforce) -> None:
    user_id, contact = a_linked_pair(town, auth0, org, "latest", Title="Ensign", Phone="(212) 555-0100")
    eventually(
        lambda: metadata(auth0, user_id)[1] == {"title": "Ensign", "phone": "+12125550100"}, "filled from the CRM"
    )

    auth0.users.update(user_id, user_metadata={"title": "Captain"})
    eventually(lambda: org.Contact.get(contact)["Title"] == "Captain", "Auth0's newer title")

    org.Contact.update(contact, {"Title": "Admiral"})
    eventually(lambda: metadata(auth0, user_id)[1]["title"] == "Admiral", "Salesforce's newer title")
    assert org.Contact.get(contact)["Phone"] == "(212) 555-0100"


def test_a_field_that_people_decide_becomes_a_conflict_and_nothing_is_written(
    town: System, auth0: ManagementClient, org: Salesforce
) -> None:
    user_id, contact = a_linked_pair(town, auth0, org, "manual", MailingCity="Arlington")
    eventually(lambda: metadata(auth0, user_id)[1] == {"city": "Arlington"}, "filled from the CRM")

    org.Contact.update(contact, {"MailingCity": "New York"})

    [row] = eventually(
        lambda: [
            found
            for user, *found in town.rows(
                "SELECT user_id, code, field, detail->>'auth0', detail->>'salesforce' FROM problems"
            )
            if user == user_id
        ],
        "a conflict",
    )
    assert row == ["FIELD_DIFFERS", "MailingCity", "Arlington", "New York"]
    assert metadata(auth0, user_id)[1] == {"city": "Arlington"}


def test_a_contact_that_appears_later_is_linked_to_the_user_who_waits_for_it(
    town: System, auth0: ManagementClient, org: Salesforce
) -> None:
    user_id = sign_up(auth0, "early@example.com", verified=True)
    eventually(
        lambda: [
            1
            for user, outcome in town.rows("SELECT user_id, outcome FROM due")
            if (user, outcome) == (user_id, "no_match")
        ],
        "no match yet",
    )

    contact = a_contact(org, "Early@example.com", Department="Late")

    eventually(lambda: linked(town, user_id), "a link")
    eventually(lambda: org.Contact.get(contact)["Auth0_User_Id__c"] == user_id, "the user's id in the record")
    eventually(lambda: metadata(auth0, user_id)[0] == {"crm": {"department": "Late"}}, "Salesforce's value")


def test_after_it_all_is_quiet_nothing_more_is_written(town: System, auth0: ManagementClient, org: Salesforce) -> None:
    user_id, _ = a_linked_pair(town, auth0, org, "quiet", Department="Navy", Title="Ensign")
    eventually(lambda: metadata(auth0, user_id)[0] == {"crm": {"department": "Navy"}}, "the first value")
    town.settled()
    written = town.rows("SELECT count(*) FROM audit")

    cursors = town.rows("SELECT max(moved_at) FROM cursors WHERE org <> ''")
    org.Contact.create({"LastName": "Stranger"})
    eventually(lambda: town.rows("SELECT max(moved_at) FROM cursors WHERE org <> ''") != cursors, "another look")
    town.settled()

    assert town.rows("SELECT count(*) FROM audit") == written


def test_explain_shows_the_way_back_with_the_writes_to_the_user_and_both_sides_as_they_are_now(
    town: System, auth0: ManagementClient, org: Salesforce
) -> None:
    user_id, _ = a_linked_pair(town, auth0, org, "explained", Department="Navy")
    eventually(lambda: metadata(auth0, user_id)[0] == {"crm": {"department": "Navy"}}, "the first value")
    town.settled()

    ended = crosswalk(town, "explain", "--live", user_id, "app_metadata.crm.department")

    lines = ended.stdout.splitlines()
    assert (ended.returncode, ended.stderr) == (0, "")
    assert lines[2].startswith(
        "Department   owner salesforce: user.app_metadata?.crm?.department, to app_metadata.crm.department   ("
    )
    assert [lines[3][:19], lines[4][:19]] == ['  Auth0      "Navy"', '  Salesforce "Navy"']
    assert '(empty) → "Navy" in Auth0   changed by crosswalk (' in lines[7]
