"""Alerts on the real database: one for each cause when it begins and one when it is over, however often one looks."""

import hashlib
import hmac
import json

import httpx
import pytest
from pydantic import SecretStr

from crosswalk import engine
from crosswalk.config.alerts import AlertsConfig
from crosswalk.domain.ids import SyncName, TenantName
from crosswalk.engine.alerting import Alerting
from crosswalk.engine.intake import Intake
from crosswalk.store import alerts
from crosswalk.store.database import Database
from tests.unit.engine.builders import a_state

URL = "https://alerts.example.com/hooks/very-secret-part"
SECRET = "what-the-receiver-knows"
LIMITS = AlertsConfig(url=SecretStr(URL), signing_secret=SecretStr(SECRET))
SOURCES = [("acme", "", "event_stream")]
DEAD_LETTER = (
    "INSERT INTO problems (sync, user_id, kind, object, field, code, message, detail)"
    " VALUES ('customers', %s, 'dead_letter', 'Lead', '', 'CODE', 'Berta Beispiel', '{}')"
)


class Receiver:
    """Whoever hears of alerts; answers as the test says."""

    def __init__(self) -> None:
        self.status = 204
        self.requests: list[httpx.Request] = []
        self.client = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(self.status)

    @property
    def heard(self) -> list[tuple[str, str, str]]:
        bodies = [json.loads(request.content) for request in self.requests]
        return [(body["state"], body["cause"], body["subject"]) for body in bodies]


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def alerting(database: Database) -> Alerting:
    return Alerting(database, [SyncName("customers")], {}, SOURCES, LIMITS, "https://hub.example.com")


async def do(database: Database, statement: str, *values: object) -> None:
    async with database.transaction() as connection:
        await connection.execute(statement, values)  # type: ignore[call-overload]  # a literal of a test


async def look_and_tell(alerting: Alerting, receiver: Receiver, times: int = 1) -> None:
    for _ in range(times):
        await alerting.look()
        await alerting.tell(receiver.client)


async def a_while_passes(database: Database) -> None:
    """Longer than a cause may be out of sight, and until what did not arrive is tried again."""
    await do(database, "UPDATE alerts SET seen_at = seen_at - interval '61 seconds', try_at = now()")


async def test_a_cause_is_told_once_while_it_lasts_and_once_when_it_is_over(
    database: Database, alerting: Alerting, receiver: Receiver
):
    await do(database, DEAD_LETTER, "auth0|1")
    await look_and_tell(alerting, receiver, times=3)
    await do(database, DEAD_LETTER, "auth0|2")
    await look_and_tell(alerting, receiver, times=3)
    assert receiver.heard == [("firing", "dead_letters", "customers")]

    await do(database, "UPDATE problems SET resolved_at = now()")
    await look_and_tell(alerting, receiver)
    assert len(receiver.heard) == 1  # it may come back at once
    await a_while_passes(database)
    await look_and_tell(alerting, receiver, times=3)
    assert receiver.heard == [("firing", "dead_letters", "customers"), ("resolved", "dead_letters", "customers")]

    await do(database, DEAD_LETTER, "auth0|3")
    await look_and_tell(alerting, receiver)
    assert receiver.heard[2:] == [("firing", "dead_letters", "customers")]
    ids = [json.loads(request.content)["id"] for request in receiver.requests]
    assert ids[0] == ids[1] != ids[2]


async def test_a_source_that_is_silent_for_longer_than_it_ever_is_is_told_of_until_it_speaks(
    database: Database, alerting: Alerting, receiver: Receiver, intake: Intake, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(engine.alerting, "UP_FOR_S", 0.0)
    monkeypatch.setattr(engine.alerting, "COUNT_EVERY_S", 0.0)
    await alerting.look()
    await intake.accept(TenantName("acme"), [a_state(1).event])
    # Four weeks with an event each eight hours, but for two days of trouble; the last one was eight hours ago.
    await do(database, "UPDATE inbox SET received_at = now() - interval '27 days'")
    await do(
        database,
        "INSERT INTO source_hours SELECT 'acme', '', 'event_stream', date_trunc('hour', at), at, at, 1 "
        "FROM generate_series(now() - interval '27 days', now() - interval '7 hours', interval '8 hours') AS at "
        "WHERE at NOT BETWEEN now() - interval '20 days' AND now() - interval '18 days'",
    )
    await look_and_tell(alerting, receiver)
    assert receiver.heard == []

    await do(database, "DELETE FROM source_hours WHERE last_at > now() - interval '20 hours'")
    await look_and_tell(alerting, receiver)
    await intake.accept(TenantName("acme"), [a_state(2).event])
    await do(database, "UPDATE inbox SET received_at = now() - interval '11 seconds' WHERE event_id = 'evt_2'")
    await alerting.look()
    await a_while_passes(database)
    await look_and_tell(alerting, receiver)

    assert receiver.heard == [
        ("firing", "source_quiet", "event stream of acme"),
        ("resolved", "source_quiet", "event stream of acme"),
    ]


async def test_an_alert_is_signed_and_says_nothing_of_a_person(
    database: Database, alerting: Alerting, receiver: Receiver
):
    await do(database, DEAD_LETTER, "auth0|1")
    await look_and_tell(alerting, receiver)

    (request,) = receiver.requests
    at, signed = (part.split("=")[1] for part in request.headers["X-Crosswalk-Signature"].split(","))
    assert signed == hmac.new(SECRET.encode(), f"{at}.".encode() + request.content, hashlib.sha256).hexdigest()
    body = json.loads(request.content)
    assert (body["summary"], body["figures"]) == ("1 dead letters are open in customers", {"open": 1, "allowed": 0})
    assert body["hub"] == "https://hub.example.com"
    assert "Berta" not in request.content.decode()
    assert "auth0|" not in request.content.decode()


async def test_what_does_not_arrive_is_tried_again_ever_more_slowly_and_its_end_is_not_forgotten(
    database: Database, alerting: Alerting, receiver: Receiver, capsys: pytest.CaptureFixture[str]
):
    await do(database, DEAD_LETTER, "auth0|1")
    receiver.status = 503
    await look_and_tell(alerting, receiver, times=3)
    assert len(receiver.requests) == 1
    await do(database, "UPDATE alerts SET try_at = now()")
    await look_and_tell(alerting, receiver)
    async with database.transaction() as connection:
        row = await (await connection.execute("SELECT attempts, try_at - now() FROM alerts")).fetchone()
    assert row is not None
    assert row[0] == 2
    assert 8 < row[1].total_seconds() < 10
    assert "very-secret-part" not in capsys.readouterr().out

    receiver.status = 200
    await do(database, "UPDATE alerts SET try_at = now()")
    await look_and_tell(alerting, receiver)
    await do(database, "UPDATE problems SET resolved_at = now()")
    await a_while_passes(database)
    await look_and_tell(alerting, receiver)
    assert [state for state, _, _ in receiver.heard] == ["firing", "firing", "firing", "resolved"]


async def test_what_was_over_before_anybody_could_be_told_is_not_told(
    database: Database, alerting: Alerting, receiver: Receiver
):
    await do(database, DEAD_LETTER, "auth0|1")
    await alerting.look()
    await do(database, "UPDATE problems SET resolved_at = now()")
    await a_while_passes(database)
    await look_and_tell(alerting, receiver, times=2)

    assert receiver.heard == []


async def test_parts_that_fail_pauses_holds_and_drift_are_seen_in_the_tables(
    database: Database, alerting: Alerting, receiver: Receiver
):
    await do(
        database,
        "INSERT INTO pauses (kind, name, code, object, message, probe_at)"
        " VALUES ('tenant', 'acme', 'C', '', 'm', now())",
    )
    await do(
        database,
        "INSERT INTO drift_checks (sync, asked_by, started_at, report) VALUES"
        " ('customers', 'schedule', now(), '{\"differing\": 5, \"repaired\": 5}'),"
        " ('customers', 'schedule', now(), '{\"differing\": 7, \"repaired\": 5}')",
    )
    async with database.transaction() as connection:
        await alerts.say_failing(connection, {"log poll of acme": ("Unreachable", 400.0)})
    await look_and_tell(alerting, receiver)

    assert sorted(receiver.heard) == [
        ("firing", "drift", "customers"),
        ("firing", "paused", "tenant acme"),
        ("firing", "source_stopped", "log poll of acme"),
    ]
