"""A drift check on schedule whose worker is killed is begun again by the next one; what it repaired stays repaired."""

from auth0.management import ManagementClient

from tests.e2e.hub.conftest import System, eventually
from tests.e2e.hub.stopping import Stop, stopping
from tests.e2e.hub.vendors import sign_up

REPAIRED = Stop("inbox", "INSERT", "NEW.source = 'drift'", at_commit=True)
CHECKS = "SELECT asked_by, error, (report->>'users')::float::int FROM drift_checks"


def test_a_check_that_is_killed_is_begun_again_and_repairs_nothing_twice(
    system: System, auth0: ManagementClient
) -> None:
    users = {sign_up(auth0, f"user{number}@example.com", verified=True) for number in range(3)}
    system.sync = {"drift": {"every": "24h", "repair": True, "grace": "0s"}}

    with stopping(system, REPAIRED) as somebody_waits:
        doomed = system.start("worker")
        eventually(somebody_waits, "a worker stores its repairs")
        doomed.kill()
    killed = system.rows(CHECKS)
    system.start("worker")
    eventually(lambda: system.rows(CHECKS), "a check came to its end")
    system.settled()

    assert killed == []
    assert system.rows(CHECKS) == [("schedule", None, 3)]
    assert {user: len(leads) for user, leads in system.leads().items()} == dict.fromkeys(users, 1)
    assert [write["operation"] for write in system.sandbox.writes()] == ["create"] * 3
    assert system.rows("SELECT user_id, field FROM audit GROUP BY 1, 2 HAVING count(*) > 1") == []
