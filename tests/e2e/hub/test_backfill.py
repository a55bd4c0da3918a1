"""A back-fill on both sides of the sandbox: the report, the writes, what happens when it is approved.

It is worked on in this process, as a worker would do it.
"""

import asyncio
import csv
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from auth0.management import ManagementClient
from simple_salesforce import Salesforce

from crosswalk.config.load import load_config
from crosswalk.domain.backfill import Backfill, Direction, Finding, Outcome, Outlook, Stage
from crosswalk.domain.ids import SyncName
from crosswalk.engine.backfill import run as backfill
from crosswalk.engine.backfill.orders import Backfills, NotPossible
from crosswalk.engine.backfill.run import work_on
from crosswalk.engine.hub import Hub, open_hub
from tests.e2e.hub.command_line import crosswalk
from tests.e2e.hub.conftest import System
from tests.e2e.hub.vendors import sign_up

T = TypeVar("T")
SYNC = SyncName("customers")


def with_hub(system: System, task: Callable[[Hub, Backfills], Awaitable[T]]) -> T:
    async def run() -> T:
        async with open_hub(load_config(system.configure(), system.environ)) as hub:
            return await task(hub, Backfills(hub.database))

    return asyncio.run(run())


def begin(system: System, direction: Direction = Direction.USERS, *, write: bool = False) -> Backfill:
    """Order a back-fill and work on it until there is nothing to do."""

    async def task(hub: Hub, desk: Backfills) -> Backfill:
        ordered = await desk.order(hub.compiled[SYNC].definition, direction, "grace", write=write)
        await work_on(hub, ordered.id)
        return await desk.read(ordered.id)

    return with_hub(system, task)


def write(system: System, *, approve: bool = False) -> Backfill:
    """Have the matched back-fill written, to its end."""

    async def task(hub: Hub, desk: Backfills) -> Backfill:
        found = await desk.last_of(SYNC)
        await desk.write(found.id, "grace", approve=approve)
        await work_on(hub, found.id)
        return await desk.read(found.id)

    return with_hub(system, task)


def findings(system: System, outlook: Outlook) -> list[Finding]:
    async def task(_: Hub, desk: Backfills) -> list[Finding]:
        return await desk.findings((await desk.last_of(SYNC)).id, outlook, 1_000)

    return with_hub(system, task)


def a_contact(org: Salesforce, email: str, **fields: Any) -> str:
    return str(org.Contact.create({"LastName": "Hopper", "Email": email, **fields})["id"])


def test_the_report_tells_what_the_writes_then_do(
    system: System, auth0: ManagementClient, org: Salesforce, tmp_path: Path
) -> None:
    contact = a_contact(org, "linked@example.com")
    linked = sign_up(auth0, "linked@example.com", verified=True)
    new = sign_up(auth0, "new@example.com", verified=True)
    torn = sign_up(auth0, "torn@example.com", verified=True)
    waits = sign_up(auth0, "waits@example.com")
    candidates = {a_contact(org, "torn@example.com"), a_contact(org, "torn@example.com")}
    a_contact(org, "waits@example.com")
    a_contact(org, "nobody@example.com")
    before = system.sandbox.state()["salesforce"]

    shown = crosswalk(system, "backfill", "--direction", "both", "--report", str(tmp_path / "who.csv"))

    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.splitlines() == [
        "back-fill 1 of customers (both): matched",
        "  4 users and 5 records were read; users",
        "           1  to be linked with a record that is there",
        "           1  to get a new record",
        "           1  to be decided by a person",
        "           1  to wait, as the rules say",
        "           4  records of Contact belong to nobody",
        "nothing was written; write it with --write",
    ]
    with (tmp_path / "who.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["user_id"]: row for row in csv.DictReader(file)}
    assert {user: row["outlook"] for user, row in rows.items()} == {
        linked: "link",
        new: "create",
        torn: "conflict",
        waits: "wait",
    }
    assert rows[linked]["record_ids"] == contact
    assert set(rows[torn]["record_ids"].split()) == candidates
    assert system.sandbox.state()["salesforce"] == before

    done = crosswalk(system, "backfill", "--write", "--json")

    assert json.loads(done.stdout)["outcomes"] == {"written": 2, "open": 2}
    assert org.Contact.get(contact)["Auth0_User_Id__c"] == linked
    assert list(system.leads()) == [new]
    assert system.rows("SELECT user_id, evidence FROM links ORDER BY evidence") == [
        (new, "created"),
        (linked, "verified_email"),
    ]
    assert system.rows("SELECT user_id, kind, code FROM problems WHERE resolved_at IS NULL") == [
        (torn, "conflict", "AMBIGUOUS")
    ]
    assert {row[0] for row in system.rows("SELECT DISTINCT actor FROM audit")} == {"back-fill 1"}

    assert begin(system, Direction.BOTH, write=True).outcomes == {Outcome.UNCHANGED: 2, Outcome.OPEN: 2}


def test_more_than_the_thresholds_allow_waits_until_the_report_is_approved_once(
    system: System, auth0: ManagementClient
) -> None:
    users = {sign_up(auth0, f"user{number}@example.com", verified=True) for number in range(4)}
    system.sync = {"thresholds": {"create": 2}}

    matched = begin(system, write=True)
    with pytest.raises(NotPossible, match="create: 4, allowed 2"):
        write(system)
    assert (matched.stage, system.leads()) == (Stage.MATCHED, {})
    done = write(system, approve=True)

    assert (done.stage, done.approved_by) == (Stage.DONE, "grace")
    assert done.outcomes == {Outcome.WRITTEN: 4}
    assert set(system.leads()) == users
    assert system.rows("SELECT 1 FROM holds") == []


def test_by_records_only_users_to_whom_one_belongs_are_done(
    system: System, auth0: ManagementClient, org: Salesforce
) -> None:
    linked = sign_up(auth0, "linked@example.com", verified=True)
    sign_up(auth0, "new@example.com", verified=True)
    contact = a_contact(org, "linked@example.com")

    matched = begin(system, Direction.RECORDS)
    done = write(system)

    assert matched.report is not None
    assert matched.report.outlooks == {Outlook.LINK: 1, Outlook.NO_RECORD: 1}
    assert done.outcomes == {Outcome.WRITTEN: 1, Outcome.OPEN: 1}
    assert system.rows("SELECT user_id, record_id FROM links") == [(linked, contact)]
    assert system.leads() == {}


def test_a_record_that_somebody_made_since_everything_was_read_is_found_before_another_is_made(
    system: System, auth0: ManagementClient, org: Salesforce
) -> None:
    user = sign_up(auth0, "late@example.com", verified=True)
    matched = begin(system)
    contact = a_contact(org, "late@example.com")

    done = write(system)

    assert matched.report is not None
    assert matched.report.outlooks == {Outlook.CREATE: 1}
    assert done.outcomes == {Outcome.WRITTEN: 1}
    assert system.rows("SELECT user_id, record_id FROM links") == [(user, contact)]
    assert system.leads() == {}


def test_what_changed_since_it_was_read_is_not_overlooked_when_it_is_written(
    system: System, auth0: ManagementClient, org: Salesforce, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfill, "CATCH_UP_AFTER_S", 0.0)
    user = sign_up(auth0, "moved@example.com", verified=True)
    contact = a_contact(org, "moved@example.com")
    matched = begin(system)
    org.Contact.update(contact, {"Email": "elsewhere@example.com"})

    done = write(system)

    assert matched.report is not None
    assert matched.report.outlooks == {Outlook.LINK: 1}
    assert done.outcomes == {Outcome.WRITTEN: 1}
    assert list(system.leads()) == [user]
    assert org.Contact.get(contact)["Auth0_User_Id__c"] is None
