"""A back-fill on both sides of the sandbox: the report, the writes, what happens when it is killed, paused, approved.

The commands run as processes of their own where being killed is what matters; otherwise in this process, as a worker
would do it.
"""

import asyncio
import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from auth0.management import ManagementClient
from simple_salesforce import Salesforce

from crosswalk.config.load import load_config
from crosswalk.domain.backfill import Backfill, Direction, Finding, Outcome, Outlook, Stage
from crosswalk.domain.ids import SyncName
from crosswalk.domain.threshold import WriteKind
from crosswalk.engine import backfill_reading
from crosswalk.engine.backfill import work_on
from crosswalk.engine.backfilling import Backfills, NotPossible
from crosswalk.engine.hub import Hub, open_hub
from crosswalk_sandbox.process import SandboxProcess
from tests.e2e.hub.command_line import crosswalk
from tests.e2e.hub.conftest import System, eventually
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
