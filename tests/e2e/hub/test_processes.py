"""The hub as several processes: what they share, how they end, and what they say when something is wrong."""

import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest

from crosswalk.demo.hub_process import HubProcess
from tests.e2e.hub.conftest import EVENT_TOKEN, System, a_user, an_event, eventually, hub_client

EVENTS = "/intake/auth0/acme/events"
OUTCOMES = "SELECT outcome, count(*) FROM due GROUP BY outcome ORDER BY outcome"


def send(hub: HubProcess, events: list[dict[str, object]]) -> None:
    """Deliver events as Auth0 does: several at once, each answered 2xx before it is forgotten."""
    with hub_client(hub) as client, ThreadPoolExecutor(8) as senders:
        for status in senders.map(lambda event: client.post(EVENTS, json=event).status_code, events):
            assert status == 204


def a_wrong_start(system: System, command: str = "run", **environ: str) -> subprocess.CompletedProcess[str]:
    """A command that is expected to end by itself."""
    return subprocess.run(
        [sys.executable, "-m", "crosswalk", command, "--config", str(system.configure()), "--json"],
        env={"PATH": "/usr/bin:/bin", **system.environ, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def lead_writes(system: System) -> dict[str, list[str]]:
    """The operations on each user's Lead, in order."""
    owners = {lead["Id"]: user_id for user_id, leads in system.leads().items() for lead in leads}
    found: dict[str, list[str]] = {}
    for write in system.sandbox.writes():
        found.setdefault(owners[write["id"]], []).append(write["operation"])
    return found


def test_two_workers_share_four_lanes_and_do_each_thing_once(system: System):
    system.sync = {"lanes": 4}
    system.sandbox.settings(latency_ms=30)
    hub = system.start("serve")
    users = [f"auth0|{number:024x}" for number in range(400)]
    system.start("worker")
    system.start("worker")

    send(hub, [an_event(a_user(number), f"evt_{number}_0", "user.created") for number in range(400)])
    system.settled()
    send(hub, [an_event(a_user(number, 9), f"evt_{number}_9") for number in range(400)])
    system.settled()

    assert lead_writes(system) == {user: ["create", "update"] for user in users}
    assert system.rows(OUTCOMES) == [("written", 800)]
    assert system.rows("SELECT count(*), count(DISTINCT lane), min(lane), max(lane) FROM due") == [(800, 4, 0, 3)]
    assert system.rows("SELECT count(DISTINCT lane) FROM due GROUP BY user_id HAVING count(DISTINCT lane) > 1") == []
    assert system.rows("SELECT user_id FROM audit GROUP BY user_id, field, new::text HAVING count(*) > 1") == []


def test_a_change_while_the_first_is_being_written_is_written_after_it_and_never_beside_it(system: System):
    system.sync = {"lanes": 4}
    system.sandbox.settings(latency_ms=250)
    hub = system.start("serve")
    system.start("worker")
    system.start("worker")

    for revision in range(5):
        send(hub, [an_event(a_user(number, revision), f"evt_{number}_{revision}") for number in range(40)])
        calls = system.sandbox.calls()["total"]
        eventually(lambda before=calls: system.sandbox.calls()["total"] > before, "a call under way or done")
    system.settled()

    assert {user: [lead["Company"] for lead in leads] for user, leads in system.leads().items()} == {
        f"auth0|{number:024x}": ["Company 4"] for number in range(40)
    }
    written_twice = "SELECT user_id, new::text FROM audit WHERE field = 'Company' GROUP BY 1, 2 HAVING count(*) > 1"
    assert system.rows(written_twice) == []
    assert system.rows("SELECT count(*) FROM claims WHERE released_at IS NULL") == [(0,)]


@pytest.mark.parametrize("commands", [("run",), ("serve", "worker")])
def test_sigterm_in_mid_work_loses_nothing_and_leaves_nothing_half_done(system: System, commands: tuple[str, ...]):
    system.fresh = True
    system.sandbox.settings(latency_ms=400)
    hub, *workers = [system.start(command) for command in commands]
    processes = [psutil.Process(each.pid) for each in (hub, *workers)]
    send(hub, [an_event(a_user(number), f"evt_{number}", "user.created") for number in range(300)])
    eventually(system.has_asked, "the look-ups are answered")

    codes = []
    for process in reversed(processes):
        process.terminate()
    for process in reversed(processes):
        codes.append(process.wait(20))

    assert codes == [0] * len(commands)
    assert system.rows("SELECT count(*) FROM inbox") == [(300,)]
    assert system.rows("SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'") == [(0,)]
    written = len(system.leads())
    assert system.rows("SELECT count(*) FROM due WHERE outcome = 'written'") == [(written,)]
    assert system.rows("SELECT count(*) FROM links") == [(written,)]

    for command in commands:
        system.start(command)
    eventually(lambda: len(system.leads()) == 300, "the rest after another start")
    system.settled()
    assert {len(leads) for leads in system.leads().values()} == {1}
    assert "Traceback" not in system.logs()


def test_a_second_hub_on_the_same_port_says_so_and_ends(system: System):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        system.port = taken.getsockname()[1]

        ended = a_wrong_start(system)

    assert ended.returncode == 1
    assert ended.stdout == ""
    assert f"error: cannot listen on 127.0.0.1:{system.port}: Address already in use; another hub may run there" in (
        ended.stderr
    )
    assert "Traceback" not in ended.stderr


def test_a_database_that_is_not_there_is_one_clear_line_without_its_password(system: System):
    with socket.socket() as taken_but_deaf:  # nobody else can come to listen on its port meanwhile
        taken_but_deaf.bind(("127.0.0.1", 0))
        port = taken_but_deaf.getsockname()[1]
        system.database_url = f"postgresql://hub:very-secret-password@127.0.0.1:{port}/crosswalk"

        ended = a_wrong_start(system)

    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert line.startswith("error: no connection to PostgreSQL (connection failed: connection to server at ")
    assert f"port {port} failed: Connection refused): check that the server runs and that database_url names it" in line
    assert "very-secret-password" not in ended.stdout + ended.stderr


def test_a_database_name_that_the_server_does_not_know_is_said_in_its_words(system: System, postgres_uri: str):
    system.database_url = postgres_uri.replace("/test_", "/no_such_database_")

    ended = a_wrong_start(system)

    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert 'database "no_such_database_' in line
    assert "does not exist" in line


def test_wrong_salesforce_credentials_make_events_wait_with_a_hint_and_no_secret_in_the_logs(system: System):
    secret = "not-the-secret-of-this-app"
    system.auth = {
        "flow": "client_credentials",
        "client_id": system.sandbox.access.salesforce.client_id,
        "client_secret": "${WRONG_SECRET}",
    }
    system.variables = {"WRONG_SECRET": secret}
    hub = system.start()

    send(hub, [an_event(a_user(number), f"evt_{number}") for number in range(3)])
    pauses = eventually(lambda: system.rows("SELECT kind, name, code, message FROM pauses"), "the pause of the org")

    host = httpx.URL(system.sandbox.access.salesforce.instance_url).netloc.decode()
    assert pauses == [
        (
            "org",
            "acme",
            "CREDENTIALS_REFUSED",
            f"{host} refused the credentials (invalid_client: invalid client credentials). "
            "Check the client id and the client secret; was the secret rotated?",
        )
    ]
    assert system.rows(OUTCOMES) == [(None, 3)]
    eventually(lambda: "Check the client id and the client secret" in system.logs(), "the hint in the log")
    for text in (secret, EVENT_TOKEN, system.sandbox.access.auth0.client_secret):
        assert text not in system.logs()
    assert "Traceback" not in system.logs()

    hub.stop()
    system.auth = {}
    system.start()
    eventually(lambda: len(system.leads()) == 3, "the Leads, once the secret is right")
    system.settled()
    assert system.rows("SELECT count(*) FROM problems WHERE resolved_at IS NULL") == [(0,)]


def test_jwt_bearer_signs_in_with_a_key_file_and_a_revoked_token_is_replaced(system: System):
    access = system.sandbox.access.salesforce
    system.auth = {
        "flow": "jwt_bearer",
        "client_id": access.client_id,
        "username": access.username,
        "private_key": f"file:{access.private_key_file}",
        "audience": access.instance_url,
    }
    hub = system.start()
    send(hub, [an_event(a_user(1), "evt_1_0", "user.created")])
    eventually(lambda: len(system.leads()) == 1, "the Lead")

    system.sandbox.faults(revoke_tokens=True)
    send(hub, [an_event(a_user(1, 7), "evt_1_7")])
    eventually(lambda: [lead["Company"] for (lead,) in system.leads().values()] == ["Company 7"], "the change")
    system.settled()

    assert system.rows("SELECT outcome, attempts FROM due ORDER BY seq") == [("written", 0), ("written", 0)]
    assert system.rows("SELECT count(*) FROM problems") == [(0,)]
    assert Path(access.private_key_file).read_text().splitlines()[1] not in system.logs()
