"""The four ways from a tenant to the hub, each from a change by the vendor's SDK to the record in the org."""

import socket

from auth0.management import ManagementClient

from crosswalk.demo.hub_process import HubProcess
from tests.e2e.hub.conftest import EVENT_TOKEN, LOG_TOKEN, System, eventually
from tests.e2e.hub.vendors import create_event_stream, create_log_stream, sign_up

READ_TWICE = "SELECT (SELECT last_value FROM inbox_number) - count(*) FROM inbox"
"""An event that is read again is not stored again, but uses up a number."""


def a_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_and_wait_for_cursor(system: System, source: str) -> HubProcess:
    """A hub that reads a pull source from now on: what happens before it has a position would not be seen."""
    hub = system.start()
    eventually(lambda: position(system, source), f"a position of {source}")
    return hub


def position(system: System, source: str) -> str | None:
    found = system.rows("SELECT source, position FROM cursors")
    return next((at for name, at in found if name == source), None)


def companies(system: System) -> dict[str, list[str]]:
    return {user_id: [lead["Company"] for lead in leads] for user_id, leads in system.leads().items()}


def test_event_stream_carries_a_sign_up_and_its_change_to_one_lead(system: System, auth0: ManagementClient):
    hub = system.start()
    create_event_stream(auth0, f"{hub.announcement['url']}/intake/auth0/acme/events", EVENT_TOKEN)

    ada = sign_up(auth0, "ada@example.com", user_metadata={"company": "Analytical Engines"})
    eventually(lambda: companies(system) == {ada: ["Analytical Engines"]}, "the Lead")
    auth0.users.update(ada, user_metadata={"company": "Babbage"})

    eventually(lambda: companies(system) == {ada: ["Babbage"]}, "the change")
    assert system.rows("SELECT source, type FROM inbox ORDER BY seq") == [
        ("event_stream", "user.created"),
        ("event_stream", "user.updated"),
    ]


def test_event_stream_delivers_again_what_happened_while_the_hub_was_down(system: System, auth0: ManagementClient):
    system.sandbox.auth0_settings(retry_delays=[0.25] * 100)
    system.port = a_free_port()
    hub = system.start()
    create_event_stream(auth0, f"{hub.announcement['url']}/intake/auth0/acme/events", EVENT_TOKEN)
    first = sign_up(auth0, "first@example.com")
    eventually(lambda: first in system.leads(), "the first Lead")

    hub.stop()
    others = [sign_up(auth0, f"other{number}@example.com") for number in range(10)]
    auth0.users.update(first, user_metadata={"company": "Changed meanwhile"})
    system.start()

    expected = {first: ["Changed meanwhile"]} | {other: ["Unknown"] for other in others}
    eventually(lambda: companies(system) == expected, "everything that happened meanwhile")
    assert system.rows("SELECT count(*) FROM inbox") == [(12,)]


def test_event_stream_with_a_wrong_token_stores_nothing_and_the_log_says_which_tenant(
    system: System, auth0: ManagementClient
):
    hub = system.start()
    create_event_stream(auth0, f"{hub.announcement['url']}/intake/auth0/acme/events", "not the token of this hub")

    sign_up(auth0, "ada@example.com")

    eventually(lambda: '"event": "webhook_refused"' in system.logs(), "the refusal in the log")
    assert '"tenant": "acme"' in system.logs()
    assert "not the token" not in system.logs()
    assert EVENT_TOKEN not in system.logs()
    assert system.rows("SELECT count(*) FROM inbox") == [(0,)]


def test_log_stream_in_each_of_its_formats_leads_to_the_users_present_state(system: System, auth0: ManagementClient):
    system.sources = {"log_stream": {"token": "${LOG_TOKEN}"}}
    url = f"{system.start().announcement['url']}/intake/auth0/acme/logs"

    expected: dict[str, list[str]] = {}
    for content_format in ("JSONARRAY", "JSONLINES", "JSONOBJECT"):
        stream_id = create_log_stream(auth0, url, LOG_TOKEN, content_format)
        about = {"company": "Analytical Engines"}
        ada, bob = (sign_up(auth0, f"{name}@{content_format}.example.com", user_metadata=about) for name in "ab")
        auth0.users.update(ada, user_metadata={"company": content_format})
        expected.update({ada: [content_format], bob: ["Analytical Engines"]})
        eventually(lambda: companies(system) == expected, f"what {content_format} told of")
        auth0.log_streams.delete(stream_id)

    assert len(system.leads()) == 6
    assert system.rows("SELECT DISTINCT source FROM inbox") == [("log_stream",)]
    assert system.rows("SELECT DISTINCT disposition FROM inbox WHERE type = 'sapi'") == [("changed",)]


def test_subscription_goes_on_where_it_was_when_the_hub_was_stopped(system: System, auth0: ManagementClient):
    system.sources = {"subscription": None}
    hub = start_and_wait_for_cursor(system, "subscription")
    first = sign_up(auth0, "first@example.com")
    eventually(lambda: first in system.leads(), "the first Lead")
    hub.stop()
    stopped_at = position(system, "subscription")

    others = [sign_up(auth0, f"other{number}@example.com") for number in range(10)]
    for other in others:
        auth0.users.update(other, user_metadata={"company": "Changed meanwhile"})
    assert position(system, "subscription") == stopped_at
    system.start()

    expected = {first: ["Unknown"]} | {other: ["Changed meanwhile"] for other in others}
    eventually(lambda: companies(system) == expected, "everything that happened meanwhile")
    assert system.rows("SELECT type, count(*) FROM inbox GROUP BY type ORDER BY type") == [
        ("user.created", 11),
        ("user.updated", 10),
    ]
    assert system.rows(READ_TWICE) == [(0,)]


def test_subscription_reconnects_whenever_the_tenant_closes_it(system: System, auth0: ManagementClient):
    system.sandbox.auth0_settings(subscription_seconds=0.3)
    system.sources = {"subscription": None}
    start_and_wait_for_cursor(system, "subscription")

    users = []
    for number in range(5):
        users.append(sign_up(auth0, f"user{number}@example.com"))
        opened = system.logs().count("source_opened")
        eventually(lambda before=opened: system.logs().count("source_opened") > before, "another connection")

    eventually(lambda: set(system.leads()) == set(users), "all Leads")
    assert system.rows("SELECT count(*) FROM inbox") == [(5,)]
    assert system.rows(READ_TWICE) == [(0,)]
    assert "part_failed" not in system.logs()


def test_subscription_recovers_from_a_cursor_that_the_tenant_forgot(system: System, auth0: ManagementClient):
    system.sources = {"subscription": None}
    hub = start_and_wait_for_cursor(system, "subscription")
    sign_up(auth0, "before@example.com")
    eventually(lambda: len(system.leads()) == 1, "the first Lead")
    hub.stop()

    system.sandbox.reset()
    meanwhile = sign_up(auth0, "meanwhile@example.com")
    system.start()

    eventually(lambda: meanwhile in system.leads(), "what happened since the last event that was stored")
    assert '"event": "cursor_refused"' in system.logs()

    system.sandbox.reset()
    later = sign_up(auth0, "later@example.com")
    eventually(lambda: later in system.leads(), "the same while the subscription is open")


def test_log_poll_reads_on_by_checkpoint_however_much_has_piled_up(system: System, auth0: ManagementClient):
    system.sources = {"log_poll": {"every": "1s"}}
    hub = start_and_wait_for_cursor(system, "log_poll")
    first = sign_up(auth0, "first@example.com")
    eventually(lambda: first in system.leads(), "the first Lead")
    hub.stop()

    others = [sign_up(auth0, f"other{number}@example.com") for number in range(130)]
    system.start()

    eventually(lambda: set(system.leads()) == {first, *others}, "all Leads")
    system.settled()
    assert system.rows("SELECT count(*) FROM inbox WHERE type = 'sapi'") == [(131,)]
    assert system.rows(READ_TWICE) == [(0,)]
    assert {len(found) for found in system.leads().values()} == {1}


def test_log_poll_reads_users_at_the_pace_that_the_tenant_allows(system: System, auth0: ManagementClient):
    users = [sign_up(auth0, f"user{number}@example.com") for number in range(24)]
    system.sources = {"log_poll": {"every": "1s"}}
    start_and_wait_for_cursor(system, "log_poll").stop()
    for number, user in enumerate(users):
        auth0.users.update(user, user_metadata={"company": f"Company {number}"})
    system.sandbox.auth0_settings(enforce_rate_limit=True, rate_limit_per_second=20, rate_limit_burst=5)
    system.start()

    expected = {user: [f"Company {number}"] for number, user in enumerate(users)}
    eventually(lambda: companies(system) == expected, "all users, read bit by bit")
    assert "Traceback" not in system.logs()


def test_an_event_that_comes_by_two_sources_is_stored_and_written_once(system: System, auth0: ManagementClient):
    system.sources = {"subscription": None, "event_stream": {"token": "${EVENT_TOKEN}"}}
    hub = start_and_wait_for_cursor(system, "subscription")
    stream_id = create_event_stream(auth0, f"{hub.announcement['url']}/intake/auth0/acme/events", EVENT_TOKEN)

    ada = sign_up(auth0, "ada@example.com")
    eventually(lambda: companies(system) == {ada: ["Unknown"]}, "the Lead")
    auth0.users.update(ada, user_metadata={"company": "Babbage"})
    eventually(lambda: companies(system) == {ada: ["Babbage"]}, "the change")
    eventually(
        lambda: system.sandbox.state()["auth0"]["deliveries"] == {"delivered": 2, "failed": 0, "pending": 0},
        f"both deliveries of {stream_id}",
    )

    assert system.rows("SELECT count(*) FROM inbox") == [(2,)]
    assert [(write["operation"], sorted(write["changed"])) for write in system.sandbox.writes()] == [
        ("create", ["Auth0_User_Id__c", "Company", "Email", "FirstName", "LastName"]),
        ("update", ["Company"]),
    ]


def test_wrong_auth0_credentials_are_said_with_a_hint_and_put_right_by_a_restart(
    system: System, auth0: ManagementClient
):
    system.sources = {"subscription": None}
    system.variables = {"AUTH0_SECRET": "not-the-secret-of-this-application"}
    hub = system.start()

    eventually(lambda: '"event": "part_failed"' in system.logs(), "the failure in the log")
    line = next(line for line in system.logs().splitlines() if "part_failed" in line)
    assert '"part": "subscription of acme"' in line
    assert f"{system.sandbox.access.auth0.domain} refused the credentials (access_denied: Unauthorized)" in line
    assert "Check the client secret, and authorize the application for the Management API." in line
    assert "not-the-secret" not in system.logs()
    assert "Traceback" not in system.logs()

    hub.stop()
    system.variables = {}
    start_and_wait_for_cursor(system, "subscription")
    ada = sign_up(auth0, "ada@example.com")
    eventually(lambda: ada in system.leads(), "the Lead")
