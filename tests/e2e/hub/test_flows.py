"""Flows from end to end: won deals become users with roles, blocked users are chased, and all of it is undone."""

from collections.abc import Iterator
from typing import Any

import pytest
from auth0.management import ManagementClient
from simple_salesforce import Salesforce

from crosswalk_sandbox.process import SandboxProcess
from tests.databases import Databases
from tests.e2e.hub.command_line import a_lasting_system, crosswalk
from tests.e2e.hub.conftest import System, contact_target, eventually, lead_target
from tests.e2e.hub.vendors import auth0_client, salesforce_client, sign_up

FLOWS = {
    "deactivation": {
        "fields": {"Contact": {"Standing__c": "Inactive"}},
        "note": "Auth0 user deactivated",
        "task": {"subject": "Customer has left: find out why", "due_days": 2},
    },
    "closed_won": {
        "tier": "deal.Account.Tier__c",
        "fields": ["Account.Tier__c"],
        "roles": {"Gold": ["gold-member", "priority-support"], "Silver": ["silver-member"]},
        "invitation": {"field": "Invitation_Link__c"},
    },
}


@pytest.fixture(scope="module")
def town(
    sandbox_process: SandboxProcess, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("flows")
    with a_lasting_system(sandbox_process, databases, folder) as system:
        for object_name, field in (
            (
                "Task",
                {
                    "name": "Crosswalk_Key__c",
                    "type": "string",
                    "length": 255,
                    "is_external_id": True,
                    "is_unique": True,
                },
            ),
            ("Contact", {"name": "Standing__c", "type": "string", "length": 40}),
            ("Contact", {"name": "Invitation_Link__c", "type": "url", "length": 255}),
            ("Account", {"name": "Tier__c", "type": "string", "length": 40}),
        ):
            sandbox_process.administer("fields", object=object_name, field=field)
        with auth0_client(sandbox_process.access) as auth0:
            for role in ("gold-member", "priority-support", "silver-member"):
                auth0.roles.create(name=role)
        system.sources = {"subscription": None}
        system.org_sources = {"record_poll": {"every": "1s"}}
        system.sync = {"flows": FLOWS}
        system.targets = [contact_target(), lead_target()]
        system.start()
        eventually(lambda: len(system.rows("SELECT 1 FROM cursors")) == 4, "all positions")
        yield system


@pytest.fixture(scope="module")
def auth0(town: System) -> Iterator[ManagementClient]:
    with auth0_client(town.sandbox.access) as client:
        yield client


@pytest.fixture(scope="module")
def org(town: System) -> Iterator[Salesforce]:
    with salesforce_client(town.sandbox.access) as client:
        yield client


def an_account_with_a_contact(org: Salesforce, name: str, **account: Any) -> tuple[str, str]:
    account_id = str(org.Account.create({"Name": name.title(), **account})["id"])
    contact = {"LastName": name.title(), "FirstName": "Grace", "Email": f"{name}@example.com", "AccountId": account_id}
    return account_id, str(org.Contact.create(contact)["id"])


def a_deal(org: Salesforce, account: str, contact: str, stage: str = "Prospecting") -> str:
    deal = {"Name": "Deal", "StageName": stage, "CloseDate": "2026-12-31", "AccountId": account, "ContactId": contact}
    return str(org.Opportunity.create(deal)["id"])


def user_of(auth0: ManagementClient, email: str) -> Any:
    found = list(auth0.users.list_users_by_email(email=email))
    return found[0] if found else None


def roles_of(auth0: ManagementClient, email: str) -> set[str]:
    user = user_of(auth0, email)
    return {str(role.name) for role in auth0.users.roles.list(user.user_id)} if user else set()


def tasks_about(org: Salesforce, contact: str) -> list[dict[str, Any]]:
    soql = f"SELECT Subject, Status, OwnerId, WhatId, ActivityDate FROM Task WHERE WhoId = '{contact}' ORDER BY Subject"  # noqa: S608
    return [{k: v for k, v in row.items() if k != "attributes"} for row in org.query(soql)["records"]]


def test_a_won_deal_makes_its_contact_a_user_with_the_roles_of_its_tier_and_an_invitation(
    town: System, auth0: ManagementClient, org: Salesforce
) -> None:
    account, contact = an_account_with_a_contact(org, "gold", Tier__c="Gold")
    deal = a_deal(org, account, contact)
    town.settled()
    assert user_of(auth0, "gold@example.com") is None

    org.Opportunity.update(deal, {"StageName": "Closed Won"})

    eventually(lambda: roles_of(auth0, "gold@example.com") == {"gold-member", "priority-support"}, "both roles")
    user = user_of(auth0, "gold@example.com")
    assert (user.given_name, user.family_name, user.email_verified) == ("Grace", "Gold", False)
    invitation = eventually(lambda: org.Contact.get(contact)["Invitation_Link__c"], "an invitation")
    assert invitation.startswith("https://")
    assert org.Contact.get(contact)["Auth0_User_Id__c"] == user.user_id
    eventually(lambda: (user.user_id, contact) in town.rows("SELECT user_id, record_id FROM links"), "a link")
    town.settled()
    assert [lead for lead in town.leads() if lead == user.user_id] == []
    assert invitation not in town.logs()


def test_a_deal_that_reopens_takes_back_its_roles_and_winning_it_again_gives_them_back_once(
    town: System, auth0: ManagementClient, org: Salesforce
) -> None:
    account, contact = an_account_with_a_contact(org, "flips", Tier__c="Silver")
    deal = a_deal(org, account, contact, "Closed Won")
    eventually(lambda: roles_of(auth0, "flips@example.com") == {"silver-member"}, "the role")
    invitation = eventually(lambda: org.Contact.get(contact)["Invitation_Link__c"], "an invitation")

    org.Opportunity.update(deal, {"StageName": "Negotiation/Review"})
    eventually(lambda: roles_of(auth0, "flips@example.com") == set(), "no role")
    assert user_of(auth0, "flips@example.com") is not None

    org.Opportunity.update(deal, {"StageName": "Closed Won"})
    eventually(lambda: roles_of(auth0, "flips@example.com") == {"silver-member"}, "the role again")
    town.settled()
    assert org.Contact.get(contact)["Invitation_Link__c"] == invitation
    assert len(list(auth0.users.list_users_by_email(email="flips@example.com"))) == 1


def test_a_role_that_another_deal_still_wants_is_kept(town: System, auth0: ManagementClient, org: Salesforce) -> None:
    account, contact = an_account_with_a_contact(org, "twice", Tier__c="Silver")
    first, second = a_deal(org, account, contact, "Closed Won"), a_deal(org, account, contact, "Closed Won")
    held = "SELECT 1 FROM effects WHERE key LIKE 'role/%' AND undone_at IS NULL AND subject IN ('{}', '{}')"
    subjects = held.format(f"Opportunity/{first}", f"Opportunity/{second}")
    eventually(lambda: len(town.rows(subjects)) == 2, "both deals hold the role")

    org.Opportunity.update(first, {"StageName": "Closed Lost"})

    eventually(lambda: len(town.rows(subjects)) == 1, "one deal lets go")
    assert roles_of(auth0, "twice@example.com") == {"silver-member"}
    org.Opportunity.delete(second)
    eventually(lambda: roles_of(auth0, "twice@example.com") == set(), "no role")


def test_a_won_deal_of_an_existing_user_grants_roles_and_invites_nobody(
    town: System, auth0: ManagementClient, org: Salesforce
) -> None:
    account, contact = an_account_with_a_contact(org, "known", Tier__c="Silver")
    user_id = sign_up(auth0, "known@example.com", verified=True)
    eventually(lambda: org.Contact.get(contact)["Auth0_User_Id__c"] == user_id, "a link")

    a_deal(org, account, contact, "Closed Won")

    eventually(lambda: roles_of(auth0, "known@example.com") == {"silver-member"}, "the role")
    town.settled()
    assert org.Contact.get(contact)["Invitation_Link__c"] is None


def test_a_won_deal_with_an_unknown_tier_is_a_problem_that_says_so(
    town: System, auth0: ManagementClient, org: Salesforce
) -> None:
    account, contact = an_account_with_a_contact(org, "bronze", Tier__c="Bronze")
    deal = a_deal(org, account, contact, "Closed Won")

    [message] = eventually(
        lambda: [m for u, m in town.rows("SELECT user_id, message FROM problems") if u == f"Opportunity/{deal}"],
        "a problem",
    )

    assert message == "The deal is won, but its tier 'Bronze' is not in the table (expected: Gold, Silver)."
    assert user_of(auth0, "bronze@example.com") is None


def test_a_blocked_user_is_marked_noted_and_chased_and_all_of_it_ends_when_unblocked(
    town: System, auth0: ManagementClient, org: Salesforce
) -> None:
    account, contact = an_account_with_a_contact(org, "blocked")
    org.Contact.update(contact, {"Standing__c": "Good"})
    owner = org.Account.get(account)["OwnerId"]
    user_id = sign_up(auth0, "blocked@example.com", verified=True)
    eventually(lambda: org.Contact.get(contact)["Auth0_User_Id__c"] == user_id, "a link")

    auth0.users.update(user_id, blocked=True)

    eventually(lambda: org.Contact.get(contact)["Standing__c"] == "Inactive", "the mark")
    chase, note = eventually(lambda: len(found := tasks_about(org, contact)) == 2 and found[::-1], "both tasks")
    assert (chase["Subject"], chase["Status"]) == ("Customer has left: find out why", "Not Started")
    assert (chase["OwnerId"], chase["WhatId"]) == (owner, account)
    assert (note["Subject"], note["Status"]) == ("Auth0 user deactivated", "Completed")

    auth0.users.update(user_id, blocked=False)

    eventually(lambda: org.Contact.get(contact)["Standing__c"] == "Good", "what it was before")
    eventually(lambda: tasks_about(org, contact)[1]["Status"] == "Completed", "the task closed")

    auth0.users.update(user_id, blocked=True)
    eventually(lambda: len(tasks_about(org, contact)) == 4, "a task and a note of their own for the second time")


def test_a_deleted_user_is_chased_once(town: System, auth0: ManagementClient, org: Salesforce) -> None:
    _, contact = an_account_with_a_contact(org, "gone")
    user_id = sign_up(auth0, "gone@example.com", verified=True)
    eventually(lambda: org.Contact.get(contact)["Auth0_User_Id__c"] == user_id, "a link")

    auth0.users.delete(user_id)

    eventually(lambda: org.Contact.get(contact)["Standing__c"] == "Inactive", "the mark")
    town.settled()
    assert [task["Subject"] for task in tasks_about(org, contact)] == [
        "Auth0 user deactivated",
        "Customer has left: find out why",
    ]


def test_a_won_deal_of_an_erased_contact_makes_nobody_a_user(
    town: System, auth0: ManagementClient, org: Salesforce
) -> None:
    account, contact = an_account_with_a_contact(org, "erased", Tier__c="Gold")
    deal = a_deal(org, account, contact)
    heard = f"SELECT 1 FROM inbox WHERE record_id = '{contact}'"  # noqa: S608
    eventually(lambda: town.rows(heard), "the contact in the inbox")
    town.settled()
    erased = crosswalk(town, "subject", "erase", contact, "--yes")
    assert (erased.returncode, erased.stderr) == (0, "")

    org.Opportunity.update(deal, {"StageName": "Closed Won"})

    told = "SELECT user_id FROM problems WHERE message LIKE '%erased from the hub%' AND resolved_at IS NULL"
    assert eventually(lambda: town.rows(told), "the problem") == [(f"Opportunity/{deal}",)]
    assert user_of(auth0, "erased@example.com") is None
    assert town.rows(heard) == []
