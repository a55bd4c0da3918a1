"""A hub that is refused pauses where nobody can be served, keeps letters where single people cannot, and recovers."""

import json
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from crosswalk.cli.main import app
from tests.e2e.hub.conftest import System, a_user, an_event, eventually, hub_client, lead_target

PEOPLE = 3


def refuse(system: System, **rule: Any) -> None:
    """Let the org refuse from now on; nothing else than this, or nothing at all."""
    system.sandbox.fault_rules([{"vendor": "salesforce", **rule}] if rule else [])


def send(system: System, revision: int, number: int = PEOPLE) -> None:
    """Send the state of so many people as an event stream does."""
    with hub_client(system.hub) as hub:
        for user in (a_user(each, revision) for each in range(number)):
            event = an_event(user, f"evt_{user['user_id'][-4:]}_{revision}")
            assert hub.post("/intake/auth0/acme/events", json=event).status_code == 204


def crosswalk(system: System, *arguments: str) -> tuple[int, Any]:
    """Run a command within this process; returns its exit code and what it printed as JSON."""
    command = [*arguments, "--json", "--config", str(system.folder / "crosswalk.yaml")]
    ended = CliRunner().invoke(app, command, env=system.environ)
    return ended.exit_code, json.loads(ended.stdout)


def titles(system: System) -> list[str]:
    return sorted(str(lead["Title"]) for leads in system.leads().values() for lead in leads)


def waiting(system: System) -> list[tuple[int, ...]]:
    return system.rows("SELECT DISTINCT attempts FROM due WHERE outcome IS NULL")


@pytest.fixture
def hub(system: System) -> System:
    system.targets = [lead_target()]
    return system


def test_a_hub_that_is_refused_pauses_keeps_letters_and_recovers(hub: System) -> None:
    token = {"operations": ["token"]}
    refuse(hub, match=token, effect={"kind": "status", "status": 400, "code": "invalid_client", "message": "rotated"})
    hub.start()
    send(hub, 1)
    eventually(lambda: hub.rows("SELECT 1 FROM pauses WHERE ended_at IS NULL"), "a pause of the org")
    code, [pause] = crosswalk(hub, "resume")
    assert (code, pause["kind"], pause["name"], pause["code"]) == (2, "org", "acme", "CREDENTIALS_REFUSED")
    assert "restart the hub" in pause["fix"]
    tried = waiting(hub)
    assert hub.leads() == {}
    assert len(hub.sandbox.fault_log()) == 1  # the login that was refused is the only one

    refuse(hub)
    assert waiting(hub) == tried
    assert crosswalk(hub, "resume", "acme")[0] == 0
    eventually(lambda: len(hub.leads()) == PEOPLE, "everybody, once the org is let go on")

    words = {"code": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "User Number0 may not have a title"}
    refuse(hub, match={"objects": ["Lead"]}, effect={"kind": "record-failure", **words})
    send(hub, 2, 2)
    hub.settled()
    code, [cause] = crosswalk(hub, "deadletters", "list")
    _, [letter, _] = crosswalk(hub, "deadletters", "show", cause["cause"])
    assert (code, cause["letters"], cause["code"]) == (2, 2, "FIELD_CUSTOM_VALIDATION_EXCEPTION")
    assert (letter["payload"]["Title"], letter["masked"]) == ("•••• (7 characters)", True)

    refuse(hub)
    assert crosswalk(hub, "deadletters", "replay", cause["cause"]) == (0, {"replayed": 2})
    eventually(lambda: titles(hub) == ["Title 1", "Title 2", "Title 2"], "what was refused, after the fix")
    hub.settled()
    assert crosswalk(hub, "deadletters", "list") == (0, [])


def test_a_wrong_configuration_stops_its_sync_until_one_identity_gets_through(hub: System) -> None:
    hub.start()
    send(hub, 1)
    eventually(lambda: len(hub.leads()) == PEOPLE, "everybody's lead")
    words = {"code": "INVALID_FIELD_FOR_INSERT_UPDATE", "message": "Unable to create/update fields: Title"}
    refuse(hub, match={"objects": ["Lead"]}, effect={"kind": "record-failure", **words})
    send(hub, 2)
    eventually(lambda: hub.rows("SELECT 1 FROM pauses WHERE ended_at IS NULL"), "a pause of the sync")
    send(hub, 3)
    [(kind, name, object_name)] = hub.rows("SELECT kind, name, object FROM pauses")
    assert (kind, name, object_name) == ("sync", "customers", "Lead")
    assert hub.rows("SELECT count(*) FROM problems WHERE kind = 'dead_letter'") == [(0,)]

    refuse(hub)
    with psycopg.connect(hub.database_url or "") as connection:
        connection.execute("UPDATE pauses SET probe_at = now()")
    eventually(lambda: titles(hub) == ["Title 0"] * PEOPLE, "the newest state of everybody")
    hub.settled()

    assert hub.rows("SELECT ended_by FROM pauses") == [("probe",)]
    assert hub.rows("SELECT count(*) FROM problems WHERE resolved_at IS NULL") == [(0,)]
