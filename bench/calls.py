"""Salesforce API calls for 1,000 changed, linked users, beside a script in the style of an Action: an upsert for each.

Least possible: 5, since a collections call takes 200 records.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
from simple_salesforce.api import Salesforce

from bench.system import BenchSystem, bench_system
from bench.users import a_user, an_event

USERS = 1_000
LEAST_POSSIBLE = 5


def run(folder: Path, report: Callable[[str], None]) -> dict[str, float]:
    """Measure with a hub of one process and a sandbox org."""
    with bench_system(folder) as system:
        system.start("run")
        system.link_users(USERS)
        before = _calls(system)
        system.send([an_event(number, revision=1) for number in range(USERS)])
        system.wait_until_done()
        ours = _calls(system) - before
        changed = system.value(
            "SELECT count(DISTINCT user_id) FROM audit WHERE action = 'update' AND field = 'Company'"
        )
        if changed != USERS:
            raise AssertionError(f"{USERS} users changed, and {changed} were written")
        before = _calls(system)
        _naive(system)
        naive = _calls(system) - before
    report(
        f"Salesforce calls for {USERS:,} changed users: {ours} (least possible {LEAST_POSSIBLE}, target 6); "
        f"one upsert each: {naive:,}; ratio {naive / ours:.0f}"
    )
    return {"salesforce_calls_per_1000_changes": ours, "naive_calls_per_1000_changes": naive}


def _calls(system: BenchSystem) -> int:
    """API calls that the org has counted; asking for tokens is not one."""
    calls = system.sandbox.calls()["by_path"]
    return sum(count for path, count in calls.items() if "/services/data/" in path)


def _naive(system: BenchSystem) -> None:
    """What a hand-written script does: upsert each changed user by the external id, one call each."""
    access = system.sandbox.access
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(access.ca_file)
        token = session.post(
            f"{access.salesforce.instance_url}/services/oauth2/token",
            data={
                "grant_type": "client_credentials",
                "client_id": access.salesforce.client_id,
                "client_secret": access.salesforce.client_secret,
            },
            timeout=10,
        ).json()["access_token"]
        org = Salesforce(instance_url=access.salesforce.instance_url, session_id=token, session=session, version="62.0")
        lead: Any = org.Lead  # made by __getattr__, which the type checker cannot follow
        for number in range(USERS):
            user = a_user(number, revision=2)
            metadata = user["user_metadata"]
            if not isinstance(metadata, dict):
                raise TypeError("user_metadata is an object")
            key = str(user["user_id"]).replace("|", "%7C")
            lead.upsert(f"Auth0_User_Id__c/{key}", {"LastName": user["family_name"], "Company": metadata["company"]})
