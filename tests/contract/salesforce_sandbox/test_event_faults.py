"""Troubles of the events: gaps, overflow, losses, repetitions, disorder, delay."""

from typing import Any

import httpx
from simple_salesforce import Salesforce

from crosswalk_sandbox.process import SandboxProcess

from .builders import API, a_lead, typed
from .pubsub_client import PubSubClient, brief

ALL = "/data/ChangeEvents"
CONTACTS = "/data/ContactChangeEvent"


def test_gap_event_names_the_record_without_its_values(
    pubsub: PubSubClient, org: Salesforce, sandbox: SandboxProcess
) -> None:
    made = org.Contact.create({"LastName": "Byron"})["id"]
    sandbox.administer("event-faults", gap_next=2)
    org.Contact.update(made, {"Title": "Countess"})
    org.Contact.delete(made)
    later = org.Contact.create({"LastName": "Lovelace"})["id"]

    _, *gaps, after = pubsub.events(CONTACTS, 4)

    assert brief(gaps) == [("Contact", "GAP_UPDATE", [made]), ("Contact", "GAP_DELETE", [made])]
    assert [(each.values(), each.changed) for each in gaps] == [({}, []), ({}, [])]
    assert brief([after]) == [("Contact", "CREATE", [later])]


def test_transaction_with_too_many_changes_overflows(
    pubsub: PubSubClient, http: httpx.Client, sandbox: SandboxProcess
) -> None:
    sandbox.administer("event-faults", overflow_after=2)
    records = [typed("Contact", {"LastName": name}) for name in "ABC"] + [typed("Lead", a_lead())]

    ids = [each["id"] for each in http.post(f"{API}/composite/sobjects", json={"records": records}).json()]

    events = pubsub.events(ALL, 4)
    nobody = ["000000000000000AAA"]
    assert brief(events) == [
        ("Contact", "CREATE", [ids[0]]),
        ("Contact", "CREATE", [ids[1]]),
        ("Contact", "GAP_OVERFLOW", nobody),
        ("Lead", "GAP_OVERFLOW", nobody),
    ]
    assert [each.header["sequenceNumber"] for each in events] == [1, 2, 3, 4]


def test_events_can_be_lost_and_repeated(pubsub: PubSubClient, org: Salesforce, sandbox: SandboxProcess) -> None:
    sandbox.administer("event-faults", drop_next=1)
    org.Contact.create({"LastName": "Lost"})
    sandbox.administer("event-faults", duplicate_next=1)
    org.Contact.create({"LastName": "Twice"})
    org.Contact.create({"LastName": "Once"})

    events = pubsub.events(CONTACTS, 3)

    assert [each.fields["Name"]["LastName"] for each in events] == ["Twice", "Twice", "Once"]
    assert events[0].uuid == events[1].uuid
    assert events[0].replay_id < events[1].replay_id


def test_events_can_come_in_another_order_which_the_seed_repeats(
    pubsub: PubSubClient, org: Salesforce, sandbox: SandboxProcess
) -> None:
    orders = []
    for _ in range(2):
        sandbox.reset()
        sandbox.administer("event-faults", shuffle_next=5, shuffle_seed=3)
        for name in "ABCDE":
            org.Contact.create({"LastName": name})
        events = pubsub.events(CONTACTS, 5)
        orders.append([each.fields["Name"]["LastName"] for each in events])
        assert sorted(each.replay_id for each in events) == [each.replay_id for each in events]

    assert sorted(orders[0]) == list("ABCDE") != orders[0]
    assert orders[0] == orders[1]


def test_events_can_be_late(pubsub: PubSubClient, org: Salesforce, sandbox: SandboxProcess) -> None:
    sandbox.administer("event-faults", delay_s=0.2, keepalive_s=0.05)
    org.Contact.create({"LastName": "Late"})

    with pubsub.subscribe(CONTACTS) as stream:
        silence = stream.response()
        [event] = stream.events(1)

    assert list(silence.events) == []
    assert event.fields["Name"]["LastName"] == "Late"
    assert silence.latest_replay_id < event.replay_id


def test_troubles_end_when_cleared(pubsub: PubSubClient, org: Salesforce, sandbox: SandboxProcess) -> None:
    sandbox.administer("event-faults", gap_next=5, drop_next=5, duplicate_next=5, delay_s=60, overflow_after=0)

    sandbox.administer("event-faults", clear=True)
    made = org.Contact.create({"LastName": "Byron"})["id"]

    assert brief(pubsub.events(CONTACTS, 1)) == [("Contact", "CREATE", [made])]


def names_of(events: list[Any]) -> list[str]:
    return [str(event.fields["Name"]["LastName"]) for event in events]


def an_event_rule(kind: str, rate: float = 0.5, **effect: Any) -> dict[str, Any]:
    rule = {"vendor": "salesforce", "match": {"topics": ["/data/Contact*"]}, "when": {"rate": rate}}
    return {**rule, "effect": {"kind": kind, **effect}}


def make_contacts(org: Salesforce, count: int) -> list[str]:
    names = [f"Name{number}" for number in range(count)]
    for name in names:
        org.Contact.create({"LastName": name})
    return names


def test_events_are_lost_and_doubled_by_rate_and_the_seed_says_which(
    pubsub: PubSubClient, sandbox: SandboxProcess, org: Salesforce
) -> None:
    sandbox.fault_rules([an_event_rule("lose-events"), an_event_rule("duplicate-events", 0.3)], seed=7)
    names = make_contacts(org, 12)
    log = sandbox.fault_log()
    sandbox.fault_rules([])
    org.Contact.create({"LastName": "Last"})

    lost = {entry["call"] for entry in log if entry["effect"] == "lose-events"}
    doubled = {entry["call"] for entry in log if entry["effect"] == "duplicate-events"}
    expected = [
        name for number, name in enumerate(names, 1) if number not in lost for _ in range(2 if number in doubled else 1)
    ]
    assert 0 < len(lost) < 12
    assert names_of(pubsub.events(CONTACTS, len(expected) + 1)) == [*expected, "Last"]


def test_events_become_gaps_by_rule(pubsub: PubSubClient, sandbox: SandboxProcess, org: Salesforce) -> None:
    sandbox.fault_rules([an_event_rule("gap-events", 1.0)])
    made = str(org.Contact.create({"LastName": "Byron"})["id"])

    [event] = pubsub.events(CONTACTS, 1)

    assert (event.header["changeType"], event.header["recordIds"]) == ("GAP_CREATE", [made])


def test_events_of_other_topics_are_left_alone(pubsub: PubSubClient, sandbox: SandboxProcess, org: Salesforce) -> None:
    sandbox.fault_rules([an_event_rule("lose-events", 1.0)])
    org.Contact.create({"LastName": "Byron"})
    org.Lead.create({"LastName": "Lovelace", "Company": "Engines"})

    [event] = pubsub.events("/data/ChangeEvents", 1)

    assert event.fields["Name"]["LastName"] == "Lovelace"


def test_events_overtake_one_another_by_rule(pubsub: PubSubClient, sandbox: SandboxProcess, org: Salesforce) -> None:
    sandbox.fault_rules([an_event_rule("reorder-events", 1.0, within_ms=300.0)], seed=3)
    names = make_contacts(org, 8)

    arrived = names_of(pubsub.events(CONTACTS, 8))

    assert sorted(arrived) == sorted(names)
    assert arrived != names
