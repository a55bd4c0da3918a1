"""How a hub ends when it is told to: what it began is done, what it did not begin is left to others."""

import httpx
import psutil

from tests.e2e.hub.conftest import System, a_user, an_event, eventually
from tests.e2e.hub.test_processes import send

# What is written takes so long that the second batch has come, and the signal, before it is done.
SLOW_WRITES = {
    "vendor": "salesforce",
    "match": {"operations": ["collections"]},
    "effect": {"kind": "latency", "delay": {"shape": "constant", "ms": 5_000}},
}


def test_a_hub_that_is_told_to_stop_books_its_batch_and_begins_no_other(system: System):
    system.fresh = True
    system.settings = {"monitoring": {"port": 0}}
    system.sandbox.fault_rules([SLOW_WRITES])
    hub = system.start()
    probes = httpx.Client(base_url=str(hub.announcement["monitoring_url"]), timeout=10)
    eventually(lambda: probes.get("/readyz").status_code == 200, "a hub that is ready")
    send(hub, [an_event(a_user(number), f"evt_{number}", "user.created") for number in range(3)])
    eventually(system.has_asked, "the look-ups are answered")
    send(hub, [an_event(a_user(number), f"evt_{number}", "user.created") for number in range(10, 13)])

    process = psutil.Process(hub.pid)
    process.terminate()
    eventually(lambda: not process.is_running() or _said(probes) == "not ready", "that it is not ready any more")
    code = process.wait(30)

    assert code == 0
    outcomes = "SELECT user_id < 'auth0|00000000000000000000000a', outcome, count(*) FROM due GROUP BY 1, 2 ORDER BY 1"
    assert system.rows(outcomes) == [(False, None, 3), (True, "written", 3)]
    assert system.rows("SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'") == [(0,)]
    assert len(system.leads()) == 3


def test_work_that_hangs_is_given_up_when_its_time_is_up(system: System):
    system.fresh = True
    system.sandbox.settings(latency_ms=60_000)
    hub = system.start("run", "--stop-within", "1")
    send(hub, [an_event(a_user(1), "evt_1", "user.created")])
    eventually(lambda: system.rows("SELECT 1 FROM procrastinate_jobs WHERE status = 'doing'"), "a job under way")

    process = psutil.Process(hub.pid)
    process.terminate()
    code = process.wait(60)

    assert code == 0
    assert system.rows("SELECT outcome FROM due") == [(None,)]
    assert system.rows("SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'") == [(0,)]


def _said(probes: httpx.Client) -> str:
    try:
        return str(probes.get("/readyz").json()["status"])
    except httpx.TransportError:
        return "gone"
