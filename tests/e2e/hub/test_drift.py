"""What no event told of: found by comparing both sides with what the hub knows, named with its cause, and repaired.

The tenant sends no events and the org is not polled, so everything that happens here happens behind the hub's back.
"""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from auth0.management import ManagementClient
from simple_salesforce import Salesforce

from crosswalk.config.load import load_config
from crosswalk.domain.drift import Cause, Difference, Sample
from crosswalk.domain.ids import SyncName
from crosswalk.engine.drift import check as drift
from crosswalk.engine.drift import reading as drift_reading
from crosswalk.engine.drift.check import DriftCheck, DriftOrder, DriftReport
from crosswalk.engine.hub import open_hub
from crosswalk_sandbox.process import SandboxProcess
from tests.databases import Databases
from tests.e2e.hub.command_line import a_lasting_system, crosswalk
from tests.e2e.hub.conftest import System, contact_target, eventually, lead_target
from tests.e2e.hub.vendors import auth0_client, salesforce_client, sign_up

CONTACT_FIELDS = {
    "Email": {"value": "user.email", "owner": "auth0", "type": "email"},
    "FirstName": {"value": "user.given_name", "owner": "auth0"},
    "Department": {"value": "user.app_metadata?.crm?.department", "owner": "salesforce"},
    "Title": {"value": "user.user_metadata?.title", "owner": "latest"},
    "HasOptedOutOfEmail": {"value": "user.user_metadata?.newsletter === false", "type": "boolean"},
    "Birthdate": {"value": "user.user_metadata?.born", "type": "date"},
    "EmailBouncedDate": {"value": "user.app_metadata?.bounced", "owner": "salesforce", "type": "datetime"},
}
LEAD_FIELDS = {
    "LastName": "user.family_name ?? user.name",
    "Email": {"value": "user.email", "owner": "auth0", "type": "email"},
    "Company": '"Unknown"',
    "Website": {"value": "user.user_metadata?.website", "type": "url"},
    "AnnualRevenue": {"value": "user.user_metadata?.revenue ?? 1200.5", "type": "number"},
}


@pytest.fixture(scope="module")
def town(
    sandbox_process: SandboxProcess, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("drift")
    with a_lasting_system(sandbox_process, databases, folder) as system:
        system.targets = [
            contact_target(fields=CONTACT_FIELDS),
            lead_target(fields=LEAD_FIELDS),
        ]
        system.start()
        yield system


@pytest.fixture(scope="module")
def auth0(town: System) -> Iterator[ManagementClient]:
    with auth0_client(town.sandbox.access) as client:
        yield client


@pytest.fixture(scope="module")
def org(town: System) -> Iterator[Salesforce]:
    with salesforce_client(town.sandbox.access) as client:
        yield client


def check(system: System, **order: Any) -> tuple[list[dict[str, Any]], DriftReport]:
    """What a check finds, and its figures; in this process, as a worker would do it."""

    async def checked() -> tuple[list[Difference], DriftReport]:
        async with open_hub(load_config(system.configure(), system.environ)) as hub:
            one = DriftCheck(hub, SyncName("customers"), DriftOrder(**{"grace": timedelta(0), **order}))
            found = [each async for batch in one.differences() for each in batch]
            return found, one.report

    found, report = asyncio.run(checked())
    return [msgspec.to_builtins(each) for each in found], report


def repair(system: System) -> list[dict[str, Any]]:
    """What a check finds that repairs it, once the workers are done."""
    found, _ = check(system, repair=True)
    system.settled()
    return found


def a_contact(org: Salesforce, email: str, **fields: Any) -> str:
    return str(org.Contact.create({"LastName": "Hopper", "Email": email, **fields})["id"])


def linked_pairs(
    system: System, auth0: ManagementClient, org: Salesforce, **people: dict[str, Any]
) -> dict[str, tuple[str, str]]:
    """Users and contacts with one address each (and these fields of the contact), linked by one repair."""
    contacts = {name: a_contact(org, f"{name}@example.com", **fields) for name, fields in people.items()}
    users = {name: sign_up(auth0, f"{name}@example.com", verified=True) for name in people}
    repair(system)
    pairs = {name: (users[name], contacts[name]) for name in people}
    assert set(pairs.values()) <= set(system.rows("SELECT user_id, record_id FROM links"))
    return pairs


def named(found: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Each difference in short."""
    return sorted((each["cause"], each["user_id"], each.get("field", ""), each.get("side", "")) for each in found)


def test_people_whom_the_hub_never_heard_of_are_found_linked_and_then_in_step(
    town: System, auth0: ManagementClient, org: Salesforce
) -> None:
    contact = a_contact(org, "grace@example.com", FirstName="Grace")
    grace = sign_up(auth0, "grace@example.com", verified=True, given_name="Grace")
    ada = sign_up(auth0, "ada@example.com", verified=True)

    found = repair(town)

    assert named(found) == sorted(
        [
            ("missed_event", ada, "", "auth0"),
            ("missed_event", grace, "", "auth0"),
            ("unlinked", grace, "", ""),
        ]
    )
    assert org.Contact.get(contact)["Auth0_User_Id__c"] == grace
    assert len(town.leads()[ada]) == 1
    assert check(town)[0] == []


def test_what_changed_behind_the_hubs_back_is_named_with_its_cause_and_repaired(
    town: System, auth0: ManagementClient, org: Salesforce, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = linked_pairs(
        town,
        auth0,
        org,
        renamed={},
        edited={},
        moved={"Department": "Navy", "EmailBouncedDate": "2026-01-31T10:00:00.000Z"},
        mine={"Department": "Navy"},
        title={"Title": "Ensign"},
        seen={},
        gone={},
        left={},
    )
    users = {name: user for name, (user, _) in pairs.items()}
    contacts = {name: contact for name, (_, contact) in pairs.items()}
    auth0.users.update(users["renamed"], given_name="Augusta")
    org.Contact.update(contacts["edited"], {"FirstName": "Edited"})
    org.Contact.update(contacts["moved"], {"Department": "Compilers"})
    auth0.users.update(users["mine"], app_metadata={"crm": {"department": "Mine"}})
    org.Contact.update(contacts["title"], {"Title": "Admiral"})
    auth0.users.update(users["seen"], nickname="nobody maps this")
    org.Contact.delete(contacts["gone"])
    auth0.users.delete(users["left"])

    found, report = check(town)

    assert named(found) == sorted(
        [
            ("missed_event", users["renamed"], "FirstName", "auth0"),
            ("edit_outside", users["edited"], "FirstName", "salesforce"),
            ("missed_event", users["moved"], "Department", "salesforce"),
            ("edit_outside", users["mine"], "Department", "auth0"),
            ("missed_event", users["title"], "Title", "salesforce"),
            ("record_gone", users["gone"], "", "salesforce"),
            ("user_gone", users["left"], "", "auth0"),
        ]
    )
    [renamed] = [each for each in found if each["user_id"] == users["renamed"]]
    assert (renamed["auth0"], renamed["salesforce"], renamed["record_id"]) == ("Augusta", "Ada", contacts["renamed"])
    assert (report.differing, report.immaterial) == (7, 0)
    assert report.causes[Cause.MISSED_EVENT, "Contact.FirstName"] == 1

    # The same by the jobs of the two vendors, which a larger tenant and org would have had.
    with monkeypatch.context() as patched:
        patched.setattr(drift_reading, "LISTED_USERS", 0)
        patched.setattr(drift_reading, "QUERIED_RECORDS", 0)
        by_jobs, report = check(town)
    assert (by_jobs, report.differing, report.immaterial) == (found, 7, 0)

    repair(town)

    assert org.Contact.get(contacts["renamed"])["FirstName"] == "Augusta"
    assert org.Contact.get(contacts["edited"])["FirstName"] == "Ada"
    departments = {name: auth0.users.get(users[name]).app_metadata for name in ("moved", "mine")}
    assert departments == {
        "moved": {"crm": {"department": "Compilers"}, "bounced": "2026-01-31T10:00:00.000+0000"},
        "mine": {"crm": {"department": "Navy"}},
    }
    assert auth0.users.get(users["title"]).user_metadata == {"title": "Admiral"}
    assert check(town)[0] == []


def test_what_was_refused_is_told_apart_from_what_was_missed(
    town: System, auth0: ManagementClient, org: Salesforce
) -> None:
    user_id = sign_up(auth0, "refused@example.com", user_metadata={"website": "https://example.com"})
    repair(town)
    [lead] = town.leads()[user_id]
    too_long = "https://example.com/" + "a" * 300
    auth0.users.update(user_id, user_metadata={"website": too_long})

    assert named(repair(town)) == [("missed_event", user_id, "Website", "auth0")]
    found, _ = check(town)

    assert named(found) == [("rejected_write", user_id, "Website", "")]
    assert found[0]["record_id"] == lead["Id"]
    auth0.users.update(user_id, user_metadata={"website": "https://example.com/short"})
    repair(town)
    assert check(town)[0] == []


def test_two_records_with_the_id_of_one_user_are_named_and_left_to_people(
    town: System, auth0: ManagementClient, org: Salesforce
) -> None:
    user_id = sign_up(auth0, "twice@example.com")
    repair(town)
    [lead] = town.leads()[user_id]
    contact = org.Contact.create({"LastName": "Hopper", "Auth0_User_Id__c": user_id})["id"]

    found = repair(town)

    assert named(found) == [("duplicate", user_id, "", "")]
    assert found[0]["detail"] == f"Contact {contact}, Lead {lead['Id']}"
    org.Contact.delete(contact)
    assert check(town)[0] == []


def test_a_sample_an_object_and_a_time_narrow_the_check(town: System, auth0: ManagementClient, org: Salesforce) -> None:
    pairs = linked_pairs(town, auth0, org, first={}, second={})
    for user_id, _ in pairs.values():
        auth0.users.update(user_id, given_name="Augusta")

    one, report = check(town, sample=Sample(count=1))
    assert (len(one) <= 1, report.users) == (True, 1)
    assert report.records in (0, 1)  # not everyone in town has a record
    assert len(check(town, sample=Sample(share=1.0))[0]) == 2
    assert len(check(town, since=datetime.now(UTC) - timedelta(hours=1))[0]) == 2
    assert len(check(town, since=datetime.now(UTC) + timedelta(hours=1))[0]) == 0
    assert len(check(town, object="Contact")[0]) == 2
    assert len(repair(town)) == 2


def test_the_command_names_causes_and_cost_and_ends_with_2_when_something_differs(
    town: System, auth0: ManagementClient
) -> None:
    user_id = sign_up(auth0, "reader@example.com")

    told = crosswalk(town, "reconcile", "--grace", "0")
    data = crosswalk(town, "reconcile", "--grace", "0", "--json")

    assert (told.returncode, data.returncode) == (2, 2)
    lines = told.stdout.splitlines()
    assert lines[0] == f"missed_event  {user_id}  (auth0 changed)  the hub never heard of this user"
    assert "API calls (Auth0 + Salesforce)" in lines[1]
    assert lines[2:] == [
        "         1  missed_event: changed, and no event of it came",
        "1 identity not in step; repair with --repair",
    ]
    found, summary = (json.loads(line) for line in data.stdout.splitlines())
    assert (found["cause"], found["user_id"], summary["summary"]["differing"]) == ("missed_event", user_id, 1)
    assert check(town, grace=timedelta(minutes=5))[0] == []  # its event may be on its way
    repair(town)


def test_so_much_is_gone_that_it_is_not_believed_until_somebody_says_so(
    town: System, auth0: ManagementClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drift, "PLAUSIBLY_GONE", 1)
    monkeypatch.setattr(drift, "PLAUSIBLE_SHARE", 0.01)
    gone = [sign_up(auth0, f"gone{number}@example.com") for number in range(2)]
    renamed = sign_up(auth0, "byron@example.com")
    repair(town)
    for user_id in gone:
        auth0.users.delete(user_id)
    auth0.users.update(renamed, family_name="Byron")

    found, report = check(town, repair=True)
    town.settled()

    away = [("user_gone", user_id, "", "auth0") for user_id in gone]
    assert named(found) == sorted([("missed_event", renamed, "LastName", "auth0"), *away])
    assert (report.repaired, report.withheld) == (1, 2)
    assert named(check(town)[0]) == sorted(away)
    assert check(town, repair=True, missing_too=True)[1].repaired == 2
    town.settled()
    assert check(town)[0] == []


def test_a_check_on_schedule_repairs_what_it_finds(town: System, auth0: ManagementClient) -> None:
    user_id = sign_up(auth0, "scheduled@example.com")
    town.sync = {"drift": {"every": "1h", "repair": True, "grace": "0s"}}

    town.start("worker")

    eventually(lambda: len(town.leads().get(user_id, ())) == 1, "a Lead that nobody asked for")
    [[figures, error]] = town.rows("SELECT report, error FROM drift_checks WHERE asked_by = 'schedule'")
    assert (figures["differing"], figures["repaired"], figures["missed_event"], error) == (1, 1, 1, None)
    assert "drift_checked" in town.logs()
