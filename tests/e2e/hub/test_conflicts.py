"""Conflicts, decided on the command line, end in what was decided: on both sides, once, and in the person's name."""

import json
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
    "FirstName": "user.given_name",
    "LastName": "user.family_name",
    "Email": {"value": "user.email", "owner": "auth0", "type": "email"},
    "MailingCity": {"value": "user.user_metadata?.city", "owner": "manual"},
    "Department": {"value": "user.app_metadata?.department", "owner": "manual"},
}


@pytest.fixture(scope="module")
def town(
    sandbox_process: SandboxProcess, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("conflicts")
    with a_lasting_system(sandbox_process, databases, folder) as system:
        system.sources = {"subscription": None}
        system.org_sources = {"record_poll": {"every": "1s"}}
        system.targets = [contact_target(fields=FIELDS, create=True)]
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
    return str(org.Contact.create({"LastName": "Lovelace", "Email": email, **fields})["id"])


def conflict_of(town: System, user_id: str) -> str:
    """The number of the user's open conflict; waits until there is one."""
    [number] = eventually(lambda: open_conflicts(town, user_id), f"a conflict of {user_id}")
    return str(number)


def open_conflicts(town: System, user_id: str) -> list[int]:
    rows = town.rows("SELECT user_id, id FROM problems WHERE resolved_at IS NULL AND kind = 'conflict'")
    return [number for user, number in rows if user == user_id]


def an_ambiguous_user(town: System, auth0: ManagementClient, org: Salesforce, name: str) -> tuple[str, str, str]:
    """A user with one address, and the two contacts that have it; the first is the more alike."""
    alike = a_contact(org, f"{name}@example.com", FirstName="Ada")
    other = a_contact(org, f"{name}@example.com", FirstName="Byron", LastName="King")
    return sign_up(auth0, f"{name}@example.com", verified=True), alike, other


def polled(town: System) -> set[str]:
    return {record_id for (record_id,) in town.rows("SELECT record_id FROM inbox WHERE source = 'record_poll'")}


def written_by(town: System, user_id: str) -> set[str]:
    return {actor for user, actor in town.rows("SELECT user_id, actor FROM audit") if user == user_id}


def test_a_decision_for_a_record_links_it_at_once_in_the_persons_name(
    town: System, auth0: ManagementClient, org: Salesforce
) -> None:
    user_id, alike, other = an_ambiguous_user(town, auth0, org, "several")
    number = conflict_of(town, user_id)
    [shown] = json.loads(crosswalk(town, "conflicts", "show", number, "--json").stdout)
    assert [each["id"] for each in shown["candidates"]] == [alike, other]
    assert shown["candidates"][0]["score"] > shown["candidates"][1]["score"]
    eventually(lambda: polled(town) >= {alike, other}, "the poll has told of both")
    town.settled()  # otherwise the decision and what the poll tells may be dealt with as one

    done = crosswalk(town, "conflicts", "decide", number, "--record", other[:15], "--by", "Grace Hopper")

    assert done.stdout == f"decided: {user_id} is Contact {other}\n", done.stderr
    eventually(lambda: org.Contact.get(other)["Auth0_User_Id__c"] == user_id, "the user's id in the chosen record")
    eventually(lambda: open_conflicts(town, user_id) == [], "no conflict any more")
    assert org.Contact.get(alike)["Auth0_User_Id__c"] is None
    assert org.Contact.get(other)["FirstName"] == "Ada"
    assert written_by(town, user_id) == {"Grace Hopper"}
    [event] = town.rows(
        "SELECT DISTINCT i.type, i.source FROM audit AS a JOIN inbox AS i ON i.seq = a.event_seq "
        "WHERE a.actor = 'Grace Hopper'"
    )
    assert event == ("decision", "person")


def test_a_decision_for_a_new_record_makes_one(town: System, auth0: ManagementClient, org: Salesforce) -> None:
    user_id, alike, other = an_ambiguous_user(town, auth0, org, "newcomer")
    number = conflict_of(town, user_id)

    done = crosswalk(town, "conflicts", "decide", number, "--create", "--json")

    assert json.loads(done.stdout)["object"] == "Contact", done.stderr
    query = f"SELECT Id FROM Contact WHERE Auth0_User_Id__c = '{user_id}'"  # noqa: S608  an id of the sandbox
    [made] = eventually(lambda: org.query(query)["records"], "a new contact")
    assert made["Id"] not in {alike, other}


def test_a_user_who_is_left_alone_stays_without_a_record(
    town: System, auth0: ManagementClient, org: Salesforce
) -> None:
    user_id, alike, _ = an_ambiguous_user(town, auth0, org, "left")
    conflict_of(town, user_id)

    assert crosswalk(town, "conflicts", "decide", user_id, "--leave").returncode == 0
    eventually(lambda: open_conflicts(town, user_id) == [], "no conflict any more")
    auth0.users.update(user_id, given_name="Augusta")
    town.settled()

    assert [1 for (user,) in town.rows("SELECT user_id FROM links") if user == user_id] == []
    assert org.Contact.get(alike)["FirstName"] == "Ada"

    again = crosswalk(town, "conflicts", "reopen", user_id, "--json")

    assert json.loads(again.stdout) == [{"sync": "customers", "user_id": user_id}], again.stderr
    conflict_of(town, user_id)
    nothing_left = crosswalk(town, "conflicts", "reopen", user_id)
    assert nothing_left.returncode == 1
    assert nothing_left.stderr.startswith(f"error: nothing that was decided about {user_id} can be taken back")


def test_the_value_of_a_field_goes_to_the_side_that_was_not_taken_and_a_later_difference_is_a_new_conflict(
    town: System, auth0: ManagementClient, org: Salesforce
) -> None:
    contact = a_contact(org, "city@example.com", MailingCity="Arlington")
    user_id = sign_up(auth0, "city@example.com", verified=True)
    eventually(lambda: (auth0.users.get(user_id).user_metadata or {}) == {"city": "Arlington"}, "filled from the CRM")
    org.Contact.update(contact, {"MailingCity": "New York"})
    number = conflict_of(town, user_id)

    done = crosswalk(town, "conflicts", "decide", number, "--take", "salesforce", "--by", "Grace Hopper")

    assert done.returncode == 0, done.stderr
    eventually(
        lambda: (auth0.users.get(user_id).user_metadata or {}) == {"city": "New York"}, "the value that was taken"
    )
    eventually(lambda: open_conflicts(town, user_id) == [], "no conflict any more")
    assert "Grace Hopper" in written_by(town, user_id)

    # The same two values once more: what was decided then is done with, and nobody has decided about this.
    auth0.users.update(user_id, user_metadata={"city": "Arlington"})
    eventually(lambda: open_conflicts(town, user_id), "a new conflict")
    assert org.Contact.get(contact)["MailingCity"] == "New York"
