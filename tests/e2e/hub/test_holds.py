"""A mass change that nobody meant is stopped before it is written, and waits for a person."""

import json
from typing import Any

import pytest

from tests.e2e.hub.command_line import crosswalk
from tests.e2e.hub.conftest import LEAD_FIELDS, System, a_user, an_event, eventually, hub_client, lead_target

PEOPLE = 40
MANY = 20
"""So many emptied fields within an hour are too many."""
MISTAKEN = {**LEAD_FIELDS, "Title": "user.user_metadata?.titel ?? null"}


def send(system: System, users: list[dict[str, Any]], mark: str) -> None:
    """Send the users' states as an event stream does."""
    with hub_client(system.hub) as hub:
        for user in users:
            event = an_event(user, f"evt_{user['user_id'][-4:]}_{mark}")
            assert hub.post("/intake/auth0/acme/events", json=event).status_code == 204


def titles(system: System) -> list[str]:
    return sorted(str(lead.get("Title")) for each in system.leads().values() for lead in each)


def holds(system: System, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    ended = crosswalk(system, "holds", "list", "--json", *arguments)
    return ended.returncode, json.loads(ended.stdout)


def outcomes(system: System) -> dict[str, int]:
    return {outcome: n for outcome, n in system.rows("SELECT outcome, count(*) FROM due GROUP BY 1") if outcome}


@pytest.fixture
def mistaken(system: System) -> System:
    """A hub with a lead for each of its people, restarted with a mistake in a mapping; then everybody comes again."""
    system.targets = [lead_target()]
    system.sync = {"thresholds": {"clear": f"{MANY} and 10%"}}
    hub = system.start()
    send(system, [a_user(number) for number in range(PEOPLE)], "first")
    eventually(lambda: len(system.leads()) == PEOPLE, "the leads")
    system.settled()
    hub.stop()
    system.targets = [lead_target(fields=MISTAKEN)]
    system.start()
    send(system, [a_user(number, 1) for number in range(PEOPLE)], "again")
    eventually(lambda: outcomes(system).get("held", 0) > 0, "the first that is held")
    system.settled()
    return system


def test_a_mistake_in_a_mapping_is_stopped_shown_and_discarded(mistaken: System) -> None:
    assert outcomes(mistaken)["held"] >= PEOPLE - MANY
    assert titles(mistaken).count("None") <= MANY
    held = outcomes(mistaken)["held"]

    code, [hold] = holds(mistaken)
    shown = json.loads(crosswalk(mistaken, "holds", "show", str(hold["id"]), "--json").stdout)
    plans = crosswalk(mistaken, "holds", "show", str(hold["id"]), "--plans", "--json").stdout.splitlines()

    assert (code, hold["sync"], hold["kind"], hold["identities"]) == (2, "customers", "clear", held)
    assert (hold["allowed"], hold["window_s"]) == (MANY, 3600)
    [title] = [line for line in shown["summary"]["fields"] if line["field"] == "Title"]
    assert (title["object"], title["writes"], title["cleared"]) == ("Lead", held, held)
    assert len(plans) == held

    before = mistaken.leads()
    ended = crosswalk(mistaken, "holds", "discard", str(hold["id"]), "--by", "Grace")
    assert (ended.returncode, ended.stdout) == (0, f"discarded: {held} plans are not written\n")
    assert outcomes(mistaken)["discarded"] == held
    assert "held" not in outcomes(mistaken)
    assert holds(mistaken) == (0, [])
    code, [decided] = holds(mistaken, "--all")
    assert (code, decided["decision"], decided["decided_by"]) == (0, "discarded", "Grace")
    assert mistaken.leads() == before


def test_what_was_approved_is_written_and_small_changes_went_on_meanwhile(mistaken: System) -> None:
    newcomer = a_user(9_999, user_metadata={"company": "Elsewhere"})
    send(mistaken, [newcomer], "first")
    eventually(lambda: len(mistaken.leads()) == PEOPLE + 1, "the newcomer's lead, while a hold waits")
    _, [hold] = holds(mistaken)

    ended = crosswalk(mistaken, "holds", "approve", str(hold["id"]))

    assert ended.returncode == 0
    eventually(lambda: titles(mistaken) == ["None"] * (PEOPLE + 1), "every title cleared")
    mistaken.settled()
    assert "held" not in outcomes(mistaken)
    assert mistaken.rows("SELECT count(*) FROM held_plans") == [(0,)]
    again = crosswalk(mistaken, "holds", "approve", str(hold["id"]))
    assert again.returncode == 1
    assert again.stderr.startswith(f"error: hold {hold['id']} was approved already by ")


def test_after_the_mistake_is_corrected_everything_is_planned_anew(mistaken: System) -> None:
    mistaken.hub.stop()
    mistaken.targets = [lead_target()]
    mistaken.start()
    _, [hold] = holds(mistaken)
    send(mistaken, [a_user(PEOPLE - 1, 2)], "newer")
    eventually(lambda: outcomes(mistaken).get("superseded"), "a newer event that leads to another plan")
    assert holds(mistaken)[1][0]["identities"] == hold["identities"] - 1

    crosswalk(mistaken, "holds", "replan", str(hold["id"]))

    mistaken.settled()
    eventually(lambda: "held" not in outcomes(mistaken), "all planned anew")
    mistaken.settled()
    companies = {lead["Company"] for user, [lead] in mistaken.leads().items() if user != a_user(PEOPLE - 1)["user_id"]}
    assert companies == {"Company 1"}
    assert holds(mistaken) == (0, [])
