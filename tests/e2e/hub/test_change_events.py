"""Changes made in Salesforce reach Auth0 by change events, whatever happens to the events on their way."""

from typing import Any

import pytest
from auth0.management import ManagementClient
from simple_salesforce import Salesforce

from tests.e2e.hub.conftest import (
    System,
    a_user,
    an_event,
    contact_target,
    eventually,
    hub_client,
    lead_target,
)
from tests.e2e.hub.test_both_directions import a_contact
from tests.e2e.hub.vendors import sign_up

FIELDS = {"Department": {"value": "user.app_metadata?.department", "owner": "salesforce"}}


@pytest.fixture
def system(system: System) -> System:
    """A system whose contacts' departments reach Auth0 by change events alone."""
    system.sources = {"subscription": None}
    system.org_sources = {"change_events": {"endpoint": system.sandbox.access.salesforce.pubsub_endpoint}}
    system.targets = [contact_target(fields=FIELDS)]
    return system


class People:
    """Pairs of a user and a contact, and what somebody does to the contacts."""

    def __init__(self, system: System, auth0: ManagementClient, org: Salesforce) -> None:
        self._system = system
        self._auth0 = auth0
        self._org = org
        self.contacts: dict[str, str] = {}
        """User id → contact's id."""

    def arrive(self, count: int) -> None:
        """Users and contacts who are linked."""
        eventually(lambda: len(self._system.rows("SELECT 1 FROM cursors")) >= 2, "a position on either side")
        for number in range(count):
            email = f"person{number}@example.com"
            contact = a_contact(self._org, email, Department="None yet")
            self.contacts[sign_up(self._auth0, email, verified=True)] = contact
        eventually(lambda: len(self._system.rows("SELECT 1 FROM links")) == count, "links of all")
        self.have("None yet")
        self._system.settled()

    def get(self, department: str) -> None:
        """Each contact is given a department of its own, one after the other."""
        for contact in self.contacts.values():
            self._org.Contact.update(contact, {"Department": f"{department} of {contact}"})

    def get_together(self, department: str) -> None:
        """The same in one transaction."""
        records = [
            {"attributes": {"type": "Contact"}, "id": contact, "Department": f"{department} of {contact}"}
            for contact in self.contacts.values()
        ]
        answer = self._org.restful("composite/sobjects", method="PATCH", json={"records": records})
        assert all(each["success"] for each in answer)

    def departments(self) -> dict[str, Any]:
        users = self._system.sandbox.state()["auth0"]["users"]
        return {user["user_id"]: (user.get("app_metadata") or {}).get("department") for user in users}

    def have(self, department: str) -> None:
        """Wait until Auth0 has what Salesforce has."""
        of_all = {user: f"{department} of {contact}" for user, contact in self.contacts.items()}
        expected = dict.fromkeys(self.contacts, department) if department == "None yet" else of_all
        eventually(lambda: self.departments() == expected, f"{department} in Auth0")


@pytest.fixture
def people(system: System, auth0: ManagementClient, org: Salesforce) -> People:
    return People(system, auth0, org)


def source_events(system: System) -> list[str]:
    """The kinds of the org's events, and by which source they came."""
    return [f"{source} {kind}" for source, kind in system.rows("SELECT source, type FROM inbox WHERE org <> ''")]


def told_by_events(system: System) -> int:
    """How many updates of contacts an event told of."""
    return source_events(system).count("change_events Contact.updated")


def position(system: System) -> str:
    [(found,)] = system.rows("SELECT position FROM cursors WHERE source = 'change_events/Contact'")
    return str(found)


def test_disordered_repeated_and_empty_events_lead_to_the_same_end(system: System, people: People) -> None:
    system.start()
    people.arrive(10)
    trouble = system.sandbox.administer

    trouble("event-faults", duplicate_next=5, gap_next=3)
    people.get("Navy")
    people.have("Navy")
    trouble("event-faults", shuffle_next=10, shuffle_seed=7)
    people.get("Army")

    people.have("Army")
    system.settled()
    assert source_events(system).count("change_events Contact.unknown") == 3


def test_changes_that_are_too_many_for_events_are_found_by_a_query(system: System, people: People) -> None:
    system.start()
    people.arrive(10)
    system.sandbox.administer("event-faults", overflow_after=4)

    people.get_together("Navy")

    people.have("Navy")
    assert "changes_missed" in system.logs()
    assert source_events(system).count("record_poll Contact.updated") >= 8


def test_a_hub_that_comes_back_too_late_for_the_events_misses_nothing(system: System, people: People) -> None:
    system.start()
    people.arrive(5)
    before = position(system)
    system.hub.kill()
    people.get("Navy")
    system.sandbox.administer("event-faults", expire=True, keepalive_s=0.2)

    system.start()

    people.have("Navy")
    assert "cursor_refused" in system.logs()
    eventually(lambda: position(system) not in ("", before), "a new position")
    people.get("Army")
    people.have("Army")


def test_what_no_event_tells_is_found_by_the_poll_beside(system: System, people: People) -> None:
    system.org_sources["record_poll"] = {"every": "1s"}
    system.start()
    people.arrive(3)

    eventually(lambda: told_by_events(system) == 3, "the echoes of the links")
    system.sandbox.administer("event-faults", drop_next=3)
    people.get("Navy")

    people.have("Navy")
    assert told_by_events(system) == 3


def test_an_object_that_is_not_captured_is_polled_and_the_log_says_which_setting_is_missing(
    system: System, people: People
) -> None:
    system.sandbox.administer("change-data-capture", objects=["Lead"])
    system.start()
    people.arrive(1)

    people.get("Navy")
    system.hub.kill()  # a hub polls when it starts, and then as often as configured
    system.start()

    people.have("Navy")
    assert "Change Data Capture, select Contact" in system.logs()
    assert set(source_events(system)) == {"record_poll Contact.updated"}


@pytest.mark.timeout(180)
def test_kills_while_events_stream_lose_and_double_nothing(system: System, people: People) -> None:
    system.start()
    people.arrive(8)

    for number, department in enumerate(("Navy", "Marines")):
        if number % 2:
            people.get_together(department)
        else:
            people.get(department)
        system.hub.kill()
        system.start()

    people.have("Marines")
    system.settled()
    updates = source_events(system).count("change_events Contact.updated")
    own = system.rows("SELECT count(*) FROM audit WHERE object = 'Contact'")[0][0]
    assert updates == 8 * 2 + own
    written = system.rows("SELECT user_id, field, new FROM audit WHERE field = 'app_metadata.department'")
    assert len(written) == len(set(written))


def test_four_hundred_edits_by_others_cost_two_reads_and_the_hubs_own_writes_none(
    system: System, org: Salesforce
) -> None:
    system.sources = {"event_stream": {"token": "${EVENT_TOKEN}"}}
    system.targets = [lead_target()]
    hub = system.start()
    with hub_client(hub) as client:
        for number in range(400):
            client.post("/intake/auth0/acme/events", json=an_event(a_user(number), f"evt_{number}"))
    eventually(lambda: told(system) == 400, "the echoes of what was made")
    system.settled()
    leads = [lead["Id"] for lead in system.sandbox.state()["salesforce"]["Lead"]]
    before = calls(system)

    for first in (0, 200):
        records = [
            {"attributes": {"type": "Lead"}, "id": lead, "Title": "Edited"} for lead in leads[first : first + 200]
        ]
        org.restful("composite/sobjects", method="PATCH", json={"records": records})
    eventually(lambda: told(system) == 3 * 400, "events of the edits and of the writes back")
    system.settled()

    reads, writes = (after - earlier for after, earlier in zip(calls(system), before, strict=True))
    assert {lead["Title"] for lead in system.sandbox.state()["salesforce"]["Lead"]} == {"Title 0"}
    assert (reads, writes - 2) == (2, 2)


def test_records_that_concern_nobody_cost_no_call(system: System, people: People, org: Salesforce) -> None:
    system.start()
    people.arrive(1)
    before = calls(system)

    strangers = [
        {"attributes": {"type": "Contact"}, "LastName": f"Stranger {number}", "Email": f"{number}@example.org"}
        for number in range(50)
    ]
    made = org.restful("composite/sobjects", method="POST", json={"records": strangers})
    edited = [{"attributes": {"type": "Contact"}, "id": each["id"], "Department": "Navy"} for each in made]
    org.restful("composite/sobjects", method="PATCH", json={"records": edited})
    ids = [each["id"] for each in made]
    eventually(
        lambda: sum(record in ids for (record,) in system.rows("SELECT record_id FROM inbox")) == 100,
        "all their events",
    )
    system.settled()

    reads, writes = calls(system)
    assert (reads - before[0], writes - before[1]) == (0, 2)


def told(system: System) -> int:
    return source_events(system).count("change_events Lead.created") + source_events(system).count(
        "change_events Lead.updated"
    )


def calls(system: System) -> tuple[int, int]:
    """How often the org was read and written to by anybody."""
    by_path = system.sandbox.calls()["by_path"]
    reads = sum(count for path, count in by_path.items() if "/query" in path)
    return reads, sum(count for path, count in by_path.items() if "/composite/sobjects" in path)
