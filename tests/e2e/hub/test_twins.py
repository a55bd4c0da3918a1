"""Two Auth0 users of one person, at the same moment: never two records."""

from tests.e2e.hub.conftest import System, a_user, an_event, hub_client

EVENTS = "/intake/auth0/acme/events"


def test_two_users_with_one_verified_address_make_one_lead_and_one_conflict(system: System):
    """Forty people, each as two users at the same moment, in four lanes of two workers."""
    system.sync = {"lanes": 4}
    system.sandbox.settings(latency_ms=50)
    hub = system.start("serve")
    system.start("worker")
    system.start("worker")
    twins = [
        (
            a_user(number, email=f"one{number}@example.com", email_verified=True),
            a_user(number + 1000, email=f"One{number}@Example.com", email_verified=True),
        )
        for number in range(40)
    ]

    with hub_client(hub) as client:
        for pair in twins:
            for user in pair:
                assert client.post(EVENTS, json=an_event(user, f"evt_{user['user_id']}")).status_code == 204
    system.settled()

    for pair in twins:
        users = {user["user_id"] for user in pair}
        assert len(users & set(system.leads())) == 1
    assert {len(leads) for leads in system.leads().values()} == {1}
    assert system.rows("SELECT outcome, count(*) FROM due GROUP BY outcome ORDER BY outcome") == [
        ("conflict", 40),
        ("written", 40),
    ]
    assert system.rows("SELECT kind, code, count(*) FROM problems WHERE resolved_at IS NULL GROUP BY 1, 2") == [
        ("conflict", "ALREADY_LINKED", 40)
    ]
