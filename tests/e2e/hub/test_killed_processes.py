"""kill -9 of the worker, of the API and of PostgreSQL while events pour in: nothing is lost, nothing is there twice."""

import os
import random
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from ssl import create_default_context
from typing import Any

import httpx
import psycopg
import pytest

from crosswalk.demo.hub_process import HubProcess
from crosswalk_sandbox.process import SandboxProcess
from tests.e2e.hub.conftest import EVENT_TOKEN, System, a_user, an_event, eventually, hub_client

PEOPLE = 400
CHANGES_EACH = 4
KILLS = 10
SEED = 2026


class Tenant:
    """Changes users through the Management API, as fast as it answers."""

    def __init__(self, sandbox: SandboxProcess) -> None:
        access = sandbox.access
        tls = create_default_context(cafile=str(access.ca_file))
        self.http = httpx.Client(base_url=f"https://{access.auth0.domain}", verify=tls, timeout=10, trust_env=False)
        answer = self.http.post(
            "/oauth/token",
            json={
                "grant_type": "client_credentials",
                "client_id": access.auth0.client_id,
                "client_secret": access.auth0.client_secret,
                "audience": f"https://{access.auth0.domain}/api/v2/",
            },
        )
        self.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        self.changes_made = 0

    def stream_events_to(self, url: str) -> None:
        body = {
            "name": "hub",
            "subscriptions": [{"event_type": f"user.{what}"} for what in ("created", "updated", "deleted")],
            "destination": {
                "type": "webhook",
                "configuration": {
                    "webhook_endpoint": url,
                    "webhook_authorization": {"method": "bearer", "token": EVENT_TOKEN},
                },
            },
        }
        self.http.post("/api/v2/event-streams", json=body).raise_for_status()

    def change_everybody(self) -> None:
        """Create everybody, then change everybody again and again, in an order that mixes them."""
        created = [self._create(number) for number in range(PEOPLE)]
        order = [(user_id, change) for change in range(1, CHANGES_EACH + 1) for user_id in created]
        for user_id, change in order:
            metadata = {"company": f"Company {change}", "title": f"Title {change}"}
            self.http.patch(f"/api/v2/users/{user_id}", json={"user_metadata": metadata}).raise_for_status()
            self.changes_made += 1

    def _create(self, number: int) -> str:
        body = {
            "connection": "Username-Password-Authentication",
            "email": f"user{number}@example.com",
            "password": "Correct-Horse-1",
            "given_name": "User",
            "family_name": f"Number{number}",
            "user_metadata": {"company": "Company 0"},
        }
        user_id: str = self.http.post("/api/v2/users", json=body).raise_for_status().json()["user_id"]
        self.changes_made += 1
        return user_id


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def postmaster(state: Path) -> list[str]:
    return (state / "postgres" / "postmaster.pid").read_text().splitlines()


def rows(state: Path, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(host=postmaster(state)[4], user="postgres", dbname="postgres") as connection:
        return connection.execute(query).fetchall()  # type: ignore[arg-type]  # a literal of this file


@pytest.mark.timeout(400)
def test_ten_kills_during_2000_events_lose_and_double_nothing(sandbox: SandboxProcess, tmp_path: Path):
    with ExitStack() as stack:
        system = System(sandbox, tmp_path, None, stack, port=free_port())
        sandbox.auth0_settings(retry_delays=[0.2, 0.5] + [1.0] * 60)
        tenant = Tenant(sandbox)
        running: dict[str, HubProcess] = {"serve": system.start("serve"), "worker": system.start("worker")}
        tenant.stream_events_to(f"{running['serve'].announcement['url']}/intake/auth0/acme/events")
        driver = threading.Thread(target=tenant.change_everybody)
        driver.start()

        kill_at_random_moments(system, running, tenant)
        driver.join(timeout=120)

        assert tenant.changes_made == PEOPLE * (1 + CHANGES_EACH)
        everything_arrived(system.folder / "state", sandbox, expected_events=PEOPLE * (1 + CHANGES_EACH))
        users = sandbox.state()["auth0"]["users"]
        assert {user_id: [expected_of(lead) for lead in found] for user_id, found in system.leads().items()} == {
            user["user_id"]: [("User", user["family_name"], user["email"], "Company 4", "Title 4")] for user in users
        }
        creates = [write for write in sandbox.writes() if write["operation"] == "create"]
        assert len(creates) == PEOPLE


def expected_of(lead: dict[str, Any]) -> tuple[str, str, str, str, str]:
    return lead["FirstName"], lead["LastName"], lead["Email"], lead["Company"], lead["Title"]


def kill_at_random_moments(system: System, running: dict[str, HubProcess], tenant: Tenant) -> None:
    """Kill ten times, spread over the run; a killed process of ours is started again as a service manager would."""
    moments = random.Random(SEED)
    total = PEOPLE * (1 + CHANGES_EACH)
    targets = ["worker", "serve", "postgres"] * 4
    moments.shuffle(targets)
    for number, target in enumerate(targets[:KILLS]):
        threshold = int((number + moments.random()) * total / (KILLS + 1))
        eventually(lambda at=threshold: tenant.changes_made >= at, f"{threshold} changes are made")  # type: ignore[misc]
        if target == "postgres":
            old = int(postmaster(system.folder / "state")[0])
            os.kill(old, signal.SIGKILL)
            eventually(came_back(system.folder / "state", old), "PostgreSQL is back")
        else:
            running[target].kill()
            running[target] = system.start(target)


def came_back(state: Path, old: int) -> Callable[[], bool]:
    def check() -> bool:
        try:
            return int(postmaster(state)[0]) != old and rows(state, "SELECT 1") == [(1,)]
        except (OSError, ValueError, IndexError, psycopg.OperationalError):
            return False

    return check


def everything_arrived(state: Path, sandbox: SandboxProcess, expected_events: int) -> None:
    def all_delivered() -> bool:
        """Whether none is to be tried for the first time (pending) or again (failed so far)."""
        deliveries = sandbox.state()["auth0"]["deliveries"]
        return deliveries["pending"] == deliveries["failed"] == 0

    eventually(all_delivered, "Auth0 has delivered everything", deadline_s=90)
    assert rows(state, "SELECT count(*) FROM inbox") == [(expected_events,)]
    eventually(
        lambda: rows(state, "SELECT count(*) FROM due WHERE outcome IS NULL") == [(0,)], "nothing waits", deadline_s=90
    )
    assert rows(state, "SELECT count(*) FROM due") == [(expected_events,)]
    assert rows(state, "SELECT code, message FROM problems WHERE resolved_at IS NULL") == []


def test_the_lane_of_a_worker_killed_in_the_middle_of_a_call_is_taken_over(system: System):
    hub = system.start("serve")
    doomed = system.start("worker")
    system.sandbox.settings(latency_ms=1_500)
    with hub_client(hub) as client:
        assert client.post("/intake/auth0/acme/events", json=an_event(a_user(1), "evt_1")).status_code == 204
    eventually(system.has_asked, "the look-ups are answered, and the write that follows takes its time")
    assert ("doing",) in system.rows("SELECT status::text FROM procrastinate_jobs")

    doomed.kill()
    system.sandbox.settings(latency_ms=0)
    system.start("worker")

    eventually(lambda: system.rows("SELECT outcome FROM due") != [(None,)], "the event is dealt with", deadline_s=20)
    assert [len(found) for found in system.leads().values()] == [1]
    assert system.rows("SELECT evidence FROM links") == [("created",)]
    assert {row[0] for row in system.rows("SELECT action FROM audit")} == {"create"}
    eventually(lambda: system.rows("SELECT count(*) FROM procrastinate_jobs") == [(0,)], "no job is left behind")
