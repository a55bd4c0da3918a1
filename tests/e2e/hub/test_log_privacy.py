"""What the log of a hub never shows."""

import json
import os
import re
import subprocess
import sys

from crosswalk.demo.hub_process import HubProcess
from tests.e2e.hub.conftest import LEAD_FIELDS, System, a_user, an_event, hub_client, lead_target

EVENTS = "/intake/auth0/acme/events"


def test_no_log_of_any_detail_shows_who_the_people_are(system: System):
    """Through refusals, outages and conflicts, with all that `--verbose` adds."""
    people = {
        "fine": a_user(1, email="fine@example.com", email_verified=True),
        "twin": a_user(2, email="fine@example.com", email_verified=True),
        "refused": a_user(3, email="refused@example.com", user_metadata={"title": "x" * 200, "phone": "+442079460018"}),
        "malformed": a_user(4, email="no address@@example", user_metadata={"phone": "+442079460018"}),
        "spoilt": a_user(5, email="spoilt@example.com", email_verified=True, given_name={"first": "Fortescue"}),
    }
    system.targets[1] = lead_target(
        fields={**LEAD_FIELDS, "Phone": {"value": "user.user_metadata?.phone", "type": "phone"}},
        match=[
            "external_id",
            "verified_email",
            {"field": "Phone", "value": "user.user_metadata?.phone", "type": "phone"},
        ],
    )
    system.sources = {"event_stream": {"token": "${EVENT_TOKEN}"}}
    config = system.configure()
    log = system.folder / "verbose.log"
    with log.open("wb") as stderr:
        command = [sys.executable, "-m", "crosswalk", "run", "--verbose", "--json", "--config", str(config)]
        process = subprocess.Popen(
            command, env={**os.environ, **system.environ}, stdout=subprocess.PIPE, stderr=stderr, text=True
        )
    system.stack.callback(process.wait, 20)
    system.stack.callback(process.terminate)
    assert process.stdout is not None
    hub = HubProcess(config, log_file=log)
    hub.announcement = json.loads(process.stdout.readline())
    system.sandbox.faults(status=503, for_seconds=0.5)

    with hub_client(hub) as client:
        for name, user in people.items():
            client.post(EVENTS, json=an_event(user, f"evt_{name}"))
        client.post(EVENTS, content=b'{"specversion": "1.0", "data": {"object": {"email": "wrong@example.com"}}}')
        client.post("/intake/auth0/acme/logs", json=[{"data": {"user_name": "logged@example.com"}}])
    system.settled()

    text = log.read_text()
    assert "batch_reconciled" in text
    assert re.search(r"/services/data/v62\.0/composite(?!/)", text), "nobody was looked up"
    for private in ("@example", "%40example", "Number1", "Fortescue", "442079460018", "Company 0"):
        assert re.findall(f".*{re.escape(private)}.*", text) == []
    for secret in system.environ.values():
        assert secret not in text
