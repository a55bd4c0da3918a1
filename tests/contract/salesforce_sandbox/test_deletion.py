"""Merges, deletions with what goes along, and what comes back from the recycle bin."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simple_salesforce import Salesforce, SalesforceMalformedRequest

from crosswalk_sandbox.process import SandboxProcess
from crosswalk_sandbox.salesforce import Org, RecordRefused
from crosswalk_sandbox.salesforce.merging import merge_records

from .orgs import an_org, values


def test_merged_loser_is_deleted_and_names_its_master(sandbox: SandboxProcess, org: Salesforce) -> None:
    master, loser = (org.Contact.create({"LastName": name})["id"] for name in ("Byron", "Lovelace"))
    task = org.Task.create({"Subject": "Call", "WhoId": loser})["id"]

    fields = {"Email": "ada@example.com"}
    result = sandbox.administer("merge", object="Contact", master=master, losers=[loser], fields=fields)

    assert result["updatedRelatedIds"] == [task]
    assert org.Contact.get(master)["Email"] == "ada@example.com"
    assert org.Task.get(task)["WhoId"] == master
    everything = org.query_all("SELECT Id, IsDeleted, MasterRecordId FROM Contact ORDER BY Id", include_deleted=True)
    assert [(each["Id"], each["IsDeleted"], each["MasterRecordId"]) for each in everything["records"]] == [
        (master, False, None),
        (loser, True, master),
    ]


def test_master_can_take_the_unique_value_of_a_loser() -> None:
    org = an_org()
    master = org.insert("Contact", {"LastName": "Byron"})
    loser = org.insert("Contact", {"LastName": "Lovelace", "Auth0_User_Id__c": "auth0|1"})

    merge_records(org, "Contact", master, [loser], {"Auth0_User_Id__c": "auth0|1"}, source="page")

    assert org.get("Contact", master)["Auth0_User_Id__c"] == "auth0|1"


def test_merged_accounts_keep_all_their_children() -> None:
    org = an_org()
    master, loser = (org.insert("Account", {"Name": name}) for name in ("One", "Two"))
    contact = org.insert("Contact", {"LastName": "Byron", "AccountId": loser})
    case = org.insert("Case", {"Subject": "Broken", "AccountId": loser})

    moved = merge_records(org, "Account", master, [loser], {}, source="page")

    assert set(moved) == {contact, case}
    assert values(org, "SELECT AccountId FROM Contact") == values(org, "SELECT AccountId FROM Case") == [(master,)]


@pytest.mark.parametrize("losers", [[], ["same"], ["a", "b", "c"]])
def test_merge_needs_one_or_two_other_records(losers: list[str]) -> None:
    org = an_org()
    ids = {name: org.insert("Lead", {"LastName": name, "Company": "C"}) for name in ("same", "a", "b", "c")}

    with pytest.raises(RecordRefused, match="one or two other records"):
        merge_records(org, "Lead", ids["same"], [ids[each] for each in losers], {}, source="page")


def test_account_takes_its_contacts_and_opportunities_along_and_back() -> None:
    org = an_org()
    account = org.insert("Account", {"Name": "Engines"})
    contact = org.insert("Contact", {"LastName": "Byron", "AccountId": account})
    org.insert("Contact", {"LastName": "Babbage", "ReportsToId": contact})
    deal = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-05-01"}
    org.insert("Opportunity", {**deal, "AccountId": account})
    org.insert("Task", {"Subject": "Call", "WhoId": contact})
    before = org.snapshot()

    org.delete("Account", account)

    left = org.snapshot()
    assert left["Account"] == []
    assert [(each["LastName"], each.get("ReportsToId")) for each in left["Contact"]] == [("Babbage", None)]
    assert {"Opportunity", "Task"}.isdisjoint(left)

    org.undelete("Account", account)

    assert org.snapshot() == before
    operations = [(entry.operation, entry.object) for entry in org.writes.after(5)]
    assert operations[:2] == [("delete", "Account"), ("delete", "Contact")]
    assert sorted(operations[4:]) == [("undelete", name) for name in ("Account", "Contact", "Opportunity", "Task")]


def test_account_with_cases_cannot_be_deleted(org: Salesforce) -> None:
    account = org.Account.create({"Name": "Engines"})["id"]
    org.Contact.create({"LastName": "Byron", "AccountId": account})
    org.Case.create({"Subject": "Broken", "AccountId": account})

    with pytest.raises(SalesforceMalformedRequest) as refused:
        org.Account.delete(account)

    (error,) = refused.value.content
    assert error["errorCode"] == "DELETE_FAILED"
    assert error["message"] == (
        "Your attempt to delete Engines could not be completed because it is associated with the following cases.: "
        "00001000\n"
    )
    assert org.query("SELECT COUNT() FROM Contact")["totalSize"] == 1


def test_draft_contracts_go_along_and_activated_ones_forbid_it() -> None:
    org = an_org()
    account = org.insert("Account", {"Name": "Engines"})
    contract = org.insert("Contract", {"AccountId": account, "Status": "Activated"})

    with pytest.raises(RecordRefused, match="associated with the following contracts"):
        org.delete("Account", account)
    org.update("Contract", contract, {"Status": "Draft"})
    org.delete("Account", account)

    assert org.rows("Contract") == []


def test_what_is_not_in_the_bin_cannot_come_back() -> None:
    org = an_org()
    account = org.insert("Account", {"Name": "Engines"})
    contact = org.insert("Contact", {"LastName": "Byron", "AccountId": account, "Auth0_User_Id__c": "auth0|1"})

    with pytest.raises(RecordRefused, match="UNDELETE_FAILED: Entity is not in the recycle bin"):
        org.undelete("Contact", contact)
    org.delete("Account", account)
    with pytest.raises(RecordRefused, match=r"UNDELETE_FAILED: .* AccountId is deleted"):
        org.undelete("Contact", contact)
    rival = org.insert("Contact", {"LastName": "Byron", "Auth0_User_Id__c": "auth0|1"})
    with pytest.raises(RecordRefused, match="DUPLICATE_VALUE"):
        org.undelete("Account", account)
    assert org.rows("Account") == []
    org.delete("Contact", rival)
    org.undelete("Account", account)
    assert values(org, "SELECT Id FROM Contact") == [(contact,)]


def test_record_comes_back_without_the_lookups_whose_targets_are_gone() -> None:
    org = an_org()
    boss = org.insert("Contact", {"LastName": "Babbage"})
    contact = org.insert("Contact", {"LastName": "Byron", "ReportsToId": boss})
    org.delete("Contact", contact)
    org.delete("Contact", boss)

    org.undelete("Contact", contact)

    assert values(org, "SELECT LastName, ReportsToId FROM Contact") == [("Byron", None)]


def test_undeleted_record_comes_back_over_the_control_api(sandbox: SandboxProcess, org: Salesforce) -> None:
    contact = org.Contact.create({"LastName": "Byron", "Email": "ada@example.com"})["id"]
    org.Contact.delete(contact)

    sandbox.administer("undelete", object="Contact", id=contact)

    assert org.query("SELECT Id FROM Contact WHERE Email = 'ada@example.com'")["records"][0]["Id"] == contact


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("delete"), st.sampled_from(["Account", "Contact", "Task"]), st.integers(0, 3)),
        st.tuples(st.just("undelete"), st.sampled_from(["Account", "Contact", "Task"]), st.integers(0, 3)),
        st.tuples(st.just("merge"), st.sampled_from(["Account", "Contact"]), st.integers(0, 3)),
    ),
    max_size=10,
)


def step(org: Org, operation: str, name: str, index: int) -> None:
    ids = list(org.tables[name].rows)
    target = ids[index % len(ids)]
    match operation:
        case "delete":
            org.delete(name, target)
        case "undelete":
            org.undelete(name, target)
        case "merge":
            merge_records(org, name, target, [ids[(index + 1) % len(ids)]], {}, source="page")


def dangling(org: Org) -> list[Any]:
    """References of living records to deleted ones, other than to a merge's master."""
    return [
        (name, row["Id"], field.name)
        for name in ("Account", "Contact", "Task")
        for row in org.rows(name)
        for field in org.schema[name].fields.values()
        if field.type == "reference" and (parent := row.get(field.name)) is not None
        for target in field.references
        if target in org.tables and org.tables[target].rows.get(parent, {}).get("IsDeleted")
    ]


class Undone(Exception):
    """Leaves an all-or-none block."""


def a_small_company() -> tuple[Org, list[str]]:
    """Two accounts with two contacts each, who have a task each; and the accounts' ids."""
    org = an_org()
    accounts = [org.insert("Account", {"Name": name}) for name in ("One", "Two")]
    people = [org.insert("Contact", {"LastName": "P", "AccountId": accounts[index % 2]}) for index in range(4)]
    org.update("Contact", people[0], {"ReportsToId": people[1]})
    for index in range(4):
        org.insert("Task", {"Subject": "Call", "WhoId": people[index], "WhatId": accounts[index % 2]})
    return org, accounts


@given(STEPS, STEPS)
def test_what_is_undone_leaves_no_trace(before: list[tuple[str, str, int]], undone: list[tuple[str, str, int]]) -> None:
    org, _ = a_small_company()
    for each in before:
        with suppress(RecordRefused):
            step(org, *each)
    rows = {name: [dict(row) for row in org.tables[name].rows.values()] for name in ("Account", "Contact", "Task")}
    snapshot, writes = org.snapshot(), len(org.writes)

    with suppress(Undone), org.all_or_none():
        for each in undone:
            with suppress(RecordRefused):
                step(org, *each)
        raise Undone

    assert (org.snapshot(), len(org.writes)) == (snapshot, writes)
    for name, known in rows.items():
        assert [{**row, "MasterRecordId": row.get("MasterRecordId")} for row in known] == [
            {**row, "MasterRecordId": row.get("MasterRecordId")} for row in org.tables[name].rows.values()
        ]


@given(STEPS)
def test_living_records_never_point_to_deleted_ones(steps: list[tuple[str, str, int]]) -> None:
    org, accounts = a_small_company()

    for each in steps:
        with suppress(RecordRefused):
            step(org, *each)

        assert dangling(org) == []
        for account in accounts:
            living = [row["Id"] for row in org.rows("Contact") if row["AccountId"] == account]
            assert sorted(org.tables["Contact"].find("AccountId", account)) == sorted(living)
