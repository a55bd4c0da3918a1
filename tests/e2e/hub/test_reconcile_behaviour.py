"""What the hub does to people and their records, through the vendors' own clients on either side."""

from collections.abc import Iterator
from typing import Any

import pytest
from auth0.management import ManagementClient
from simple_salesforce import Salesforce

from crosswalk_sandbox.process import SandboxProcess
from tests.databases import Databases
from tests.e2e.hub.command_line import a_lasting_system
from tests.e2e.hub.conftest import (
    LEAD_FIELDS,
    System,
    a_user,
    an_event,
    contact_target,
    eventually,
    hub_client,
    lead_target,
)
from tests.e2e.hub.vendors import auth0_client, salesforce_client, sign_up

EVENTS = "/intake/auth0/acme/events"
SOURCES = {"subscription": None, "event_stream": {"token": "${EVENT_TOKEN}"}}
LOOP = "user.user_metadata?.loop ? (() => { while (true) {} })() : user.user_metadata?.about"
CONTACT_FIELDS = {
    "Email": {"value": "user.email", "owner": "auth0", "type": "email"},
    "Phone": {"value": "user.user_metadata?.phone", "owner": "auth0", "type": "phone"},
    "FirstName": {"value": "user.given_name", "owner": "auth0"},
    "Title": {"value": "user.user_metadata?.title", "owner": "initial"},
    "Department": {"value": "user.user_metadata?.department", "owner": "salesforce"},
}


@pytest.fixture(scope="module")
def town(
    sandbox_process: SandboxProcess, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[System]:
    """One running hub for all people of this module; each test has its own."""
    folder = tmp_path_factory.mktemp("town")
    with a_lasting_system(sandbox_process, databases, folder) as system:
        system.sources = SOURCES
        system.targets = [
            contact_target(fields=CONTACT_FIELDS),
            lead_target(fields={**LEAD_FIELDS, "Description": LOOP}),
        ]
        system.start()
        eventually(lambda: system.rows("SELECT 1 FROM cursors"), "a position")
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


def outcomes(system: System, user_id: str) -> list[str | None]:
    """What became of each of a user's events, in the order of their arrival."""
    return [
        outcome for user, outcome in system.rows("SELECT user_id, outcome FROM due ORDER BY seq") if user == user_id
    ]


def after_events(system: System, user_id: str, number: int) -> list[str | None]:
    """The outcomes, once `number` events of a user have been dealt with."""
    return eventually(
        lambda: (found := outcomes(system, user_id)) and len(found) == number and None not in found and found,
        f"{number} events of {user_id}",
    )


def linked_contact(
    system: System, auth0: ManagementClient, org: Salesforce, email: str, **fields: Any
) -> tuple[str, str]:
    """A Contact and the user that signed up as the same person; returns the user's and the Contact's id."""
    contact_id = a_contact(org, email, **fields)
    user_id = sign_up(auth0, email, verified=True)
    eventually(lambda: org.Contact.get(contact_id)["Auth0_User_Id__c"] == user_id, "the link")
    eventually(lambda: all(outcomes(system, user_id)), "the events of the link dealt with")
    return user_id, contact_id


def test_a_sign_up_with_a_verified_address_links_the_contact_and_makes_no_lead(
    town: System, auth0: ManagementClient, org: Salesforce
):
    contact_id = a_contact(org, "grace@example.com", FirstName="Grace")

    user_id = sign_up(auth0, "grace@example.com", verified=True, given_name="Grace")

    assert after_events(town, user_id, 1) == ["written"]
    assert org.Contact.get(contact_id)["Auth0_User_Id__c"] == user_id
    assert user_id not in town.leads()
    assert [w["changed"] for w in town.sandbox.writes() if w["id"] == contact_id][1:] == [["Auth0_User_Id__c"]]


def test_an_address_that_is_not_verified_links_and_doubles_nobody_until_it_is_verified(
    town: System, auth0: ManagementClient, org: Salesforce
):
    contact_id = a_contact(org, "unproven@example.com")

    user_id = sign_up(auth0, "unproven@example.com", verified=False)

    assert after_events(town, user_id, 1) == ["unverified_match"]
    assert org.Contact.get(contact_id)["Auth0_User_Id__c"] is None
    assert user_id not in town.leads()

    auth0.users.update(user_id, email_verified=True)

    assert after_events(town, user_id, 2) == ["unverified_match", "written"]
    assert org.Contact.get(contact_id)["Auth0_User_Id__c"] == user_id
    assert user_id not in town.leads()


def test_an_address_that_is_not_verified_and_that_nobody_has_makes_a_lead(
    town: System, auth0: ManagementClient, org: Salesforce
):
    user_id = sign_up(auth0, "unproven-and-unknown@example.com", verified=False)

    assert after_events(town, user_id, 1) == ["written"]
    assert len(town.leads()[user_id]) == 1


def test_an_initial_field_is_filled_while_it_is_empty(town: System, auth0: ManagementClient, org: Salesforce):
    user_id, contact_id = linked_contact(town, auth0, org, "empty-title@example.com")

    auth0.users.update(user_id, user_metadata={"title": "Admiral"})

    assert after_events(town, user_id, 2) == ["written", "written"]
    assert org.Contact.get(contact_id)["Title"] == "Admiral"


def test_an_initial_field_that_somebody_filled_meanwhile_is_left_alone(
    town: System, auth0: ManagementClient, org: Salesforce
):
    user_id, contact_id = linked_contact(town, auth0, org, "filled-title@example.com")
    org.Contact.update(contact_id, {"Title": "Rear Admiral"})

    auth0.users.update(user_id, user_metadata={"title": "Admiral"})

    assert after_events(town, user_id, 2) == ["written", "unchanged"]
    assert org.Contact.get(contact_id)["Title"] == "Rear Admiral"


def test_what_salesforce_owns_stays_in_the_record_and_is_put_back_in_the_user(
    town: System, auth0: ManagementClient, org: Salesforce
):
    user_id, contact_id = linked_contact(town, auth0, org, "department@example.com", Department="Navy")
    other_id, empty_id = linked_contact(town, auth0, org, "no-department@example.com")

    for each in (user_id, other_id):
        auth0.users.update(each, user_metadata={"department": "Air Force"})

    def metadata(user_id: str) -> dict[str, Any]:
        return auth0.users.get(user_id).user_metadata or {}

    eventually(lambda: metadata(user_id).get("department") == "Navy", "Salesforce's value")
    eventually(lambda: "department" not in metadata(other_id), "no value, as in Salesforce")
    town.settled()
    assert org.Contact.get(contact_id)["Department"] == "Navy"
    assert org.Contact.get(empty_id)["Department"] is None


def test_an_edit_of_a_field_that_auth0_owns_lasts_until_that_field_changes_in_auth0(
    town: System, auth0: ManagementClient, org: Salesforce
):
    """Nothing tells the hub of edits in Salesforce: it compares with the record as it last knew it."""
    user_id, contact_id = linked_contact(town, auth0, org, "edited@example.com")
    auth0.users.update(user_id, user_metadata={"phone": "+1 212 555 0142"})
    after_events(town, user_id, 2)
    org.Contact.update(contact_id, {"Phone": "+12125550199"})

    auth0.users.update(user_id, given_name="Amazing")
    after_events(town, user_id, 3)
    after_another_change = org.Contact.get(contact_id)
    auth0.users.update(user_id, user_metadata={"phone": "+1 212 555 0100"})
    after_events(town, user_id, 4)

    assert (after_another_change["FirstName"], after_another_change["Phone"]) == ("Amazing", "+12125550199")
    assert org.Contact.get(contact_id)["Phone"] == "+12125550100"


def test_a_deleted_user_keeps_the_record_and_an_older_change_does_not_bring_the_user_back(town: System):
    user = a_user(0xDE1, 3)
    user_id = user["user_id"]
    deleted = an_event({**user, "updated_at": "2026-02-01T10:00:05.000Z"}, "evt_deleted", "user.deleted")

    with hub_client(town.hub) as client:
        client.post(EVENTS, json=an_event(user, "evt_created", "user.created"))
        after_events(town, user_id, 1)
        client.post(EVENTS, json=deleted)
        after_events(town, user_id, 2)
        client.post(EVENTS, json=an_event(a_user(0xDE1, 4), "evt_stale"))
        found = after_events(town, user_id, 3)

    assert found == ["written", "deleted", "deleted"]
    (lead,) = town.leads()[user_id]
    assert lead["Company"] == "Company 3"
    assert town.rows("SELECT deleted FROM identities WHERE user_id LIKE '%de1'") == [(True,)]


def test_a_user_deleted_by_the_sdk_leaves_the_record_as_it_is(town: System, auth0: ManagementClient):
    user_id = sign_up(auth0, "leaving@example.com", user_metadata={"company": "Leavers"})
    after_events(town, user_id, 1)

    auth0.users.delete(user_id)

    assert after_events(town, user_id, 2) == ["written", "deleted"]
    assert [lead["Company"] for lead in town.leads()[user_id]] == ["Leavers"]


def test_an_expression_that_never_ends_costs_its_field_and_nothing_else(town: System, auth0: ManagementClient):
    looping = sign_up(auth0, "loop@example.com", user_metadata={"loop": True, "company": "Wheels"})
    neighbour = sign_up(auth0, "neighbour@example.com", user_metadata={"about": "Straight on", "company": "Roads"})

    assert after_events(town, looping, 1) == ["written"]
    assert after_events(town, neighbour, 1) == ["written"]
    assert [(lead["Company"], lead.get("Description")) for lead in town.leads()[looping]] == [("Wheels", None)]
    assert [(lead["Company"], lead.get("Description")) for lead in town.leads()[neighbour]] == [
        ("Roads", "Straight on")
    ]
    lines = (town.folder / "crosswalk.yaml").read_text().splitlines()
    line = next(number for number, text in enumerate(lines, 1) if "while (true)" in text)
    (problem,) = [
        problem
        for problem in town.rows("SELECT user_id, kind, object, field, message, detail ->> 'place' FROM problems")
        if problem[0] == looping
    ]
    assert problem[:4] == (looping, "field_error", "Lead", "Description")
    assert problem[4] == "took longer than 50 ms and was stopped; simplify it"
    assert problem[5].endswith(f"crosswalk.yaml:{line}")
