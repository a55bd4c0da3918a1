"""A hub whose requests are answered by several processes behind one address."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil

from crosswalk.demo.hub_process import HubProcess
from tests.e2e.hub.conftest import System, a_user, an_event, eventually, hub_client
from tests.e2e.hub.test_processes import EVENTS, send


def answering(hub: HubProcess) -> list[psutil.Process]:
    """The processes that answer requests."""
    return [each for each in psutil.Process(hub.pid).children() if "--place" in each.cmdline()]


def figure(hub: HubProcess, name: str) -> float:
    """One figure of the hub's metrics, labels included in its name; 0 where it is not there."""
    lines = httpx.get(f"{hub.announcement['monitoring_url']}/metrics", timeout=10).text.splitlines()
    return next((float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"{name} ")), 0.0)


def post_for_ever(hub: HubProcess, number: int) -> set[str]:
    """Send events one after another, each over a connection of its own, until nobody answers; what was taken."""
    taken: set[str] = set()
    with hub_client(hub) as client:
        while True:
            event_id = f"late_{number}_{len(taken)}"
            try:
                answer = client.post(EVENTS, json=an_event(a_user(number), event_id), headers={"Connection": "close"})
            except httpx.TransportError:
                return taken
            assert answer.status_code == 204
            taken.add(event_id)


def test_two_processes_answer_one_works_and_whichever_dies_nothing_is_lost(system: System):
    """One start for all, since three processes take their time."""
    system.fresh = True
    system.settings = {"monitoring": {"port": 0}, "server": {"port": 0, "processes": 2}}
    hub = system.start("run")
    stored = 'crosswalk_events_stored_total{source="event_stream"}'

    send(hub, [an_event(a_user(number), f"evt_{number}", "user.created") for number in range(40)])
    system.settled()
    before = [figure(hub, stored), figure(hub, "crosswalk_api_processes"), figure(hub, "crosswalk_workers")]
    killed, other = answering(hub)
    killed.kill()
    eventually(lambda: figure(hub, "crosswalk_api_processes") == 1, "one process less")
    send(hub, [an_event(a_user(number, 1), f"evt_{number}_1") for number in range(40)])
    eventually(lambda: figure(hub, "crosswalk_api_processes") == 2, "the one that was killed is back")
    (back,) = {each.pid for each in answering(hub)} - {other.pid}

    # What the killed one counted is still counted, and one process alone does the work.
    assert before == [40, 2, 1]
    assert figure(hub, stored) == 80
    assert figure(hub, 'crosswalk_part_failures_total{part="api 1"}') == 1
    system.settled()
    assert {len(leads) for leads in system.leads().values()} == {1}
    assert len(system.leads()) == 40

    with ThreadPoolExecutor(4) as senders:
        under_way = [senders.submit(post_for_ever, hub, number) for number in range(4)]
        eventually(lambda: figure(hub, stored) >= 120, "requests under way")
        process = psutil.Process(hub.pid)
        process.terminate()
        code = process.wait(60)
        taken = set().union(*(each.result() for each in under_way))

    assert code == 0
    assert not psutil.pid_exists(back)
    assert not psutil.pid_exists(other.pid)
    assert taken <= {event_id for (event_id,) in system.rows("SELECT event_id FROM inbox")}
    assert '"level": "error"' not in system.logs()
