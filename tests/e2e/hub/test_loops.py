"""Somebody else writes a field back whenever the hub has written it: the hub stops, and says who it is."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
    "FirstName": "user.given_name",
    "Title": "user.user_metadata?.title",
    "Department": {"value": "user.app_metadata?.department", "owner": "salesforce"},
    "MailingCity": {
        "value": "user.user_metadata?.city",
        "owner": "latest",
        "back": "value == null ? null : value.toUpperCase()",
    },
}
WRITES_PER_HOUR = 2


@pytest.fixture(scope="module")
def town(
    sandbox_process: SandboxProcess, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("loops")
    with a_lasting_system(sandbox_process, databases, folder) as system:
        system.sources = {"subscription": None, "log_poll": {"every": "1s"}}
        system.org_sources = {"record_poll": {"every": "1s"}}
        system.sync = {"loops": {"writes_per_hour": WRITES_PER_HOUR, "release_after": "1h"}}
        system.targets = [contact_target(fields=FIELDS)]
        system.start()
        eventually(lambda: len(system.rows("SELECT 1 FROM cursors")) == 3, "all positions")
        yield system


@pytest.fixture(scope="module")
def auth0(town: System) -> Iterator[ManagementClient]:
    with auth0_client(town.sandbox.access) as client:
        yield client


@pytest.fixture(scope="module")
def org(town: System) -> Iterator[Salesforce]:
    with salesforce_client(town.sandbox.access) as client:
        yield client


@contextmanager
def an_automation(step: Callable[[], None]) -> Iterator[None]:
    """Takes a step again and again until the end, as a flow or an Action does whenever something is saved."""
    over = threading.Event()

    def work() -> None:
        while not over.wait(0.1):
            step()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def another_application(town: System, auth0: ManagementClient) -> Iterator[tuple[ManagementClient, str]]:
    """A client of the tenant with an application of its own, and that application's id."""
    access = town.sandbox.access
    audience = f"https://{access.auth0.domain}/api/v2/"
    made = auth0.clients.create(name="Loyalty programme", app_type="non_interactive")
    auth0.client_grants.create(client_id=str(made.client_id), audience=audience, scope=["read:users", "update:users"])
    with auth0_client(access, made.client_id, made.client_secret) as client:
        yield client, str(made.client_id)


def quarantined(town: System, user_id: str) -> list[tuple[Any, ...]]:
    rows = town.rows(
        "SELECT user_id, id, field, code, message FROM problems WHERE resolved_at IS NULL AND kind = 'quarantine'"
    )
    return [tuple(row) for user, *row in rows if user == user_id]


def writes_of(town: System, user_id: str, field: str) -> int:
    return len([1 for row in town.rows("SELECT user_id, field FROM audit") if row == (user_id, field)])


def a_linked_user(town: System, auth0: ManagementClient, org: Salesforce, name: str, **profile: Any) -> tuple[str, str]:
    contact = str(org.Contact.create({"LastName": "Lovelace", "Email": f"{name}@example.com"})["id"])
    user_id = sign_up(auth0, f"{name}@example.com", verified=True, **profile)
    eventually(lambda: org.Contact.get(contact)["Auth0_User_Id__c"] == user_id, f"a link of {name}")
    return user_id, contact


def test_a_field_that_the_org_rewrites_is_left_alone_until_it_is_released(
    town: System, auth0: ManagementClient, org: Salesforce
) -> None:
    user_id, contact = a_linked_user(town, auth0, org, "rewritten", user_metadata={"title": "Countess"})

    def rewrite() -> None:
        if org.Contact.get(contact)["Title"] != "COUNTESS":
            org.Contact.update(contact, {"Title": "COUNTESS"})

    with an_automation(rewrite):
        [(number, field, code, message)] = eventually(lambda: quarantined(town, user_id), "a quarantine")
        town.settled()
        auth0.users.update(user_id, given_name="Augusta")
        eventually(lambda: org.Contact.get(contact)["FirstName"] == "Augusta", "the other fields go on")

        assert (field, code) == ("Title", "FIELD_QUARANTINED")
        assert 'between "Countess", which the hub writes to Salesforce, and "COUNTESS"' in message
        assert "automation of the org that runs when the hub saves the record" in message
        assert quarantined(town, user_id)[0][0] == number
        assert org.Contact.get(contact)["Title"] == "COUNTESS"
        assert writes_of(town, user_id, "Title") == WRITES_PER_HOUR + 1

    assert crosswalk(town, "conflicts", "release", str(number)).returncode == 0
    eventually(lambda: org.Contact.get(contact)["Title"] == "Countess", "the field is written again")
    eventually(lambda: quarantined(town, user_id) == [], "nothing in quarantine")


def test_a_field_that_an_application_of_the_tenant_rewrites_names_the_application(
    town: System, auth0: ManagementClient, org: Salesforce
) -> None:
    user_id, contact = a_linked_user(town, auth0, org, "loyal")
    org.Contact.update(contact, {"Department": "Engines"})
    eventually(lambda: (auth0.users.get(user_id).app_metadata or {}).get("department") == "Engines", "the first value")

    with another_application(town, auth0) as (loyalty, client_id):

        def rewrite() -> None:
            if (loyalty.users.get(user_id).app_metadata or {}).get("department") != "Gold":
                loyalty.users.update(user_id, app_metadata={"department": "Gold"})

        with an_automation(rewrite):
            [(_, field, _, message)] = eventually(
                lambda: [each for each in quarantined(town, user_id) if client_id in each[3]],
                "a quarantine that names the application, once its entries in the log came",
            )

    assert field == "Department"
    assert 'between "Engines", which the hub writes to Auth0, and "Gold"' in message
    assert f"({client_id}), by the Management API" in message
    assert writes_of(town, user_id, "app_metadata.department") == WRITES_PER_HOUR + 1


def test_a_way_back_that_does_not_invert_comes_to_rest_by_itself(
    town: System, auth0: ManagementClient, org: Salesforce
) -> None:
    user_id, contact = a_linked_user(town, auth0, org, "inverted")

    org.Contact.update(contact, {"MailingCity": "Horsley"})

    eventually(lambda: org.Contact.get(contact)["MailingCity"] == "HORSLEY", "what came back")
    town.settled()
    assert (auth0.users.get(user_id).user_metadata or {})["city"] == "HORSLEY"
    assert quarantined(town, user_id) == []
    assert writes_of(town, user_id, "MailingCity") + writes_of(town, user_id, "user_metadata.city") == 2
