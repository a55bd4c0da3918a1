"""Repeated, reordered and failing deliveries end where they must."""

import random

from tests.e2e.hub.conftest import System, a_user, an_event, eventually, hub_client

EVENTS = "/intake/auth0/acme/events"


def test_shuffled_and_repeated_events_leave_the_newest_state_once(system: System):
    events = [
        an_event(a_user(number, revision), f"evt_{number}_{revision}") for number in range(60) for revision in range(5)
    ]
    deliveries = events * 2
    random.Random(20).shuffle(deliveries)
    hub = system.start()

    with hub_client(hub) as client:
        for event in deliveries:
            assert client.post(EVENTS, json=event).status_code == 204
    eventually(lambda: system.rows("SELECT count(*) FROM due WHERE outcome IS NULL") == [(0,)], "all events dealt with")

    leads = system.leads()
    assert {user_id: [lead["Company"] for lead in found] for user_id, found in leads.items()} == {
        f"auth0|{number:024x}": ["Company 4"] for number in range(60)
    }
    assert system.rows("SELECT count(*) FROM inbox") == [(300,)]


def test_one_bad_record_of_200_is_shown_with_the_vendors_words_and_the_others_are_written(system: System):
    users = [a_user(number) for number in range(200)]
    users[77]["user_metadata"]["title"] = "x" * 200
    hub = system.start("serve")

    with hub_client(hub) as client:
        for number, user in enumerate(users):
            assert client.post(EVENTS, json=an_event(user, f"evt_{number}")).status_code == 204
    system.start("worker")
    eventually(lambda: system.rows("SELECT count(*) FROM due WHERE outcome IS NULL") == [(0,)], "all events dealt with")

    assert len(system.leads()) == 199
    assert users[77]["user_id"] not in system.leads()
    (problem,) = system.rows("SELECT user_id, kind, code, message, attempts FROM problems WHERE resolved_at IS NULL")
    assert problem[:3] == (users[77]["user_id"], "dead_letter", "STRING_TOO_LONG")
    assert problem[3].startswith("Title: data value too large")
    assert system.rows("SELECT outcome, count(*) FROM due GROUP BY outcome ORDER BY outcome") == [
        ("dead_letter", 1),
        ("written", 199),
    ]
    writes = {path: number for path, number in system.sandbox.calls()["by_path"].items() if "/sobjects" in path}
    assert writes == {"PATCH /services/data/{version}/composite/sobjects/{object}/{field}": 1}


def test_an_org_that_is_down_for_ten_seconds_loses_nothing(system: System):
    hub = system.start()
    system.sandbox.faults(status=503, for_seconds=10)

    with hub_client(hub) as client:
        for number in range(50):
            assert client.post(EVENTS, json=an_event(a_user(number), f"evt_{number}")).status_code == 204
    eventually(
        lambda: system.rows("SELECT count(*) FROM problems WHERE kind = 'retrying' AND resolved_at IS NULL") == [(50,)],
        "the wait is visible while it lasts",
    )
    eventually(lambda: len(system.leads()) == 50, "all Leads after the org is back")
    eventually(lambda: system.rows("SELECT count(*) FROM due WHERE outcome IS NULL") == [(0,)], "nothing waits")

    assert {len(found) for found in system.leads().values()} == {1}
    assert system.rows("SELECT count(*) FROM problems WHERE resolved_at IS NULL") == [(0,)]


def test_a_dead_letter_is_resolved_by_the_next_good_change(system: System):
    hub = system.start()
    with hub_client(hub) as client:
        client.post(EVENTS, json=an_event(a_user(1, 0, email="not-an-address"), "evt_0"))
        client.post(EVENTS, json=an_event(a_user(1, 0, user_metadata={"title": "x" * 200}), "evt_1"))
        eventually(lambda: system.rows("SELECT 1 FROM problems WHERE resolved_at IS NULL"), "the problem is recorded")
        client.post(EVENTS, json=an_event(a_user(1, 9), "evt_2"))

    eventually(lambda: len(system.leads()) == 1, "the Lead")
    eventually(lambda: not system.rows("SELECT 1 FROM problems WHERE resolved_at IS NULL"), "the problem is resolved")
