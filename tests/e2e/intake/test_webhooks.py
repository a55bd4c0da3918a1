"""What Auth0's two kinds of streams are answered, and what is durable afterwards."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from crosswalk.api.webhooks import LARGEST_BODY
from crosswalk.store.database import Database
from tests.e2e.intake.conftest import EVENT_TOKEN, LOG_TOKEN

FIXTURES = Path(__file__).parents[2] / "fixtures" / "auth0"
EVENTS = "/intake/auth0/acme/events"
LOGS = "/intake/auth0/acme/logs"


def an_event(event_id: str = "evt_1", **changes: Any) -> dict[str, Any]:
    user = {"user_id": "auth0|1", "email": "ada@example.com", "updated_at": "2026-02-01T10:00:00.000Z"}
    return {
        "specversion": "1.0",
        "type": "user.updated",
        "source": "urn:auth0:acme",
        "id": event_id,
        "time": "2026-02-01T10:00:01.000Z",
        "data": {"object": user},
        **changes,
    }


async def send(client: httpx.AsyncClient, path: str, body: object, token: str | None = None) -> httpx.Response:
    token = token or (EVENT_TOKEN if path.endswith("/events") else LOG_TOKEN)
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await client.post(path, content=content, headers={"Authorization": f"Bearer {token}"})


async def rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    async with database.transaction() as connection:
        return await (await connection.execute(query)).fetchall()  # type: ignore[arg-type]  # a literal of this file


async def test_an_accepted_event_is_in_the_inbox_and_wakes_its_lane(auth0: httpx.AsyncClient, database: Database):
    event = an_event()

    answer = await send(auth0, EVENTS, event)

    assert answer.status_code == 204
    assert [
        (row[0], row[1], json.loads(row[2])) for row in await rows(database, "SELECT tenant, event_id, raw FROM inbox")
    ] == [("acme", "evt_1", event)]
    assert await rows(database, "SELECT sync, user_id, outcome FROM due") == [("customers", "auth0|1", None)]
    assert await rows(database, "SELECT lock, queueing_lock, status::text FROM procrastinate_jobs") == [
        ("customers/0", "customers/0", "todo")
    ]


async def test_the_same_event_is_stored_once(auth0: httpx.AsyncClient, database: Database):
    answers = await asyncio.gather(*(send(auth0, EVENTS, an_event()) for _ in range(20)))

    assert {answer.status_code for answer in answers} == {204}
    assert await rows(database, "SELECT count(*) FROM inbox") == [(1,)]
    assert await rows(database, "SELECT count(*) FROM due") == [(1,)]


async def test_many_events_at_once_queue_one_job(auth0: httpx.AsyncClient, database: Database):
    answers = await asyncio.gather(*(send(auth0, EVENTS, an_event(f"evt_{n}")) for n in range(50)))

    assert {answer.status_code for answer in answers} == {204}
    assert await rows(database, "SELECT count(*) FROM due") == [(50,)]
    assert await rows(database, "SELECT count(*) FROM procrastinate_jobs") == [(1,)]


@pytest.mark.parametrize(
    ("path", "authorization"),
    [
        (EVENTS, None),
        (EVENTS, "Bearer wrong"),
        (EVENTS, f"Bearer {LOG_TOKEN}"),
        (EVENTS, "Bearer "),
        (LOGS, f"Bearer {EVENT_TOKEN}"),
        ("/intake/auth0/unknown/events", f"Bearer {EVENT_TOKEN}"),
        ("/intake/auth0/polled/events", "Bearer no token is configured, and this one is never sent"),
    ],
)
async def test_a_wrong_token_is_refused_and_nothing_is_stored(
    auth0: httpx.AsyncClient, database: Database, path: str, authorization: str | None
):
    headers = {"Authorization": authorization} if authorization is not None else {}

    answer = await auth0.post(path, json=an_event(), headers=headers)

    assert answer.status_code == 401
    assert "Authorization" in answer.json()["error"]
    assert EVENT_TOKEN not in answer.text
    assert await rows(database, "SELECT count(*) FROM inbox") == [(0,)]


async def test_a_log_stream_may_send_its_token_without_a_scheme(auth0: httpx.AsyncClient):
    answer = await auth0.post(LOGS, content=b"[]", headers={"Authorization": LOG_TOKEN})

    assert answer.status_code == 204


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"not json", "body"),
        (b'"text"', "body"),
        ({"specversion": "1.0"}, "id"),
        (an_event(id=7), "id"),
        (an_event(time="yesterday"), "time"),
        (an_event(data={"object": {"user_id": 7}}), "data.object.user_id"),
        (an_event(data={"object": {"updated_at": "2026-02-01T10:00:00Z"}}), "data.object.user_id"),
    ],
)
async def test_a_malformed_event_is_refused_with_the_name_of_the_field(
    auth0: httpx.AsyncClient, database: Database, body: object, field: str
):
    answer = await send(auth0, EVENTS, body)

    assert answer.status_code == 400
    assert answer.json()["field"] == field
    assert await rows(database, "SELECT count(*) FROM inbox") == [(0,)]


async def test_a_malformed_log_entry_is_refused_with_its_number(auth0: httpx.AsyncClient, database: Database):
    good = {"log_id": "1", "data": {"type": "ss", "date": "2026-02-01T10:00:00Z", "user_id": "auth0|1"}}

    answer = await send(auth0, LOGS, [good, {"log_id": "2", "data": {"type": "ss", "date": 5}}])

    assert answer.status_code == 400
    assert answer.json()["field"] == "item 2: data.date"
    assert await rows(database, "SELECT count(*) FROM inbox") == [(0,)]


async def test_a_nul_character_which_no_database_text_can_hold_loses_nothing(
    auth0: httpx.AsyncClient, database: Database
):
    event = an_event("evt\0one")

    answer = await send(auth0, EVENTS, event)

    assert answer.status_code == 204
    stored = await rows(database, "SELECT event_id, raw FROM inbox")
    assert [(event_id, json.loads(raw)) for event_id, raw in stored] == [("evt\ufffdone", event)]


async def test_too_large_a_body_is_refused_whether_its_length_is_declared_or_not(auth0: httpx.AsyncClient):
    async def chunks():
        for _ in range(LARGEST_BODY // 65536 + 1):
            yield b" " * 65536

    declared = await send(auth0, EVENTS, b" " * (LARGEST_BODY + 1))
    streamed = await auth0.post(EVENTS, content=chunks(), headers={"Authorization": f"Bearer {EVENT_TOKEN}"})

    assert (declared.status_code, streamed.status_code) == (413, 413)


async def test_an_unknown_type_is_stored_and_marked_as_ignored(auth0: httpx.AsyncClient, database: Database):
    answer = await send(auth0, EVENTS, an_event(type="spaceship.landed", data={"object": {}}))

    assert answer.status_code == 204
    assert await rows(database, "SELECT type, disposition, note FROM inbox") == [
        ("spaceship.landed", "ignored", "unknown event type 'spaceship.landed'")
    ]
    assert await rows(database, "SELECT count(*) FROM due") == [(0,)]


async def test_a_database_that_is_away_makes_auth0_send_again(auth0: httpx.AsyncClient, database: Database):
    await database.close()

    answer = await send(auth0, EVENTS, an_event())

    assert answer.status_code == 503
    assert "send them again" in answer.json()["hint"]


SECURITY_LOG_OUTCOMES = [
    ("Auth0 IP Throttling Disabled", "ignored"),
    ("Failed IP Throttling Update Event", "duplicate"),
    ("Failed Breached Password Update Event", "duplicate"),
    ("Auth0 Brute-Force Monitoring Disabled", "duplicate"),
    ("Disable Block Shield", "duplicate"),
    ("Block Event Already Enabled", "duplicate"),
    ("Enable Bot Detection Feature", "duplicate"),
    ("FCOA Event", "ignored"),
    ("Custom Role Created", "ignored"),
    ("Admin Role Created", "duplicate"),
    ("Tenant Member Deletion", "duplicate"),
    ("Other Event", "duplicate"),
    ("Other Event", "duplicate"),
    ("Auth0 Integration Installed", "duplicate"),
    ("FCOA Event", "ignored"),
    ("Limit WC Event", "ignored"),
    ("MFA disabled", "ignored"),
    ("Other Event", "duplicate"),
    ("MFA Policy Enabled First", "duplicate"),
    ("MFA Policy Enabled Second", "duplicate"),
    ("Other Event", "duplicate"),
    ("Risk Assessment Disabled", "duplicate"),
    ("Risk Assessment Enabled", "duplicate"),
    ("Successful Admin Invitation Issued", "duplicate"),
    ("Other Event", "ignored"),
    ("Action Added", "duplicate"),
    ("All Actions Removed", "duplicate"),
    ("Push Notification Fatigue", "duplicate"),
    ("Auth0 Excessive Number of Dynamic Client Registered", "duplicate"),
    ("Other Event", "duplicate"),
    ("Non-SMS Enrollment (Voice) - No Match", "duplicate"),
    ("SMS Enrollment Missing Phone Number - No Match", "changed"),
    ("Other Event", "duplicate"),
    ("Test-org", "ignored"),
    ("Test-other-endpoint", "ignored"),
    ("Test-no-invitee", "duplicate"),
    ("User accepted an invitation", "ignored"),
    ("User declined an invitation", "duplicate"),
]
"""Each recorded security event by the name of its case. Whoever recorded them wrote over most log ids with a few,
so most count as deliveries of an event that is there already."""


async def test_every_recorded_security_event_is_stored_once_or_known(auth0: httpx.AsyncClient, database: Database):
    outcomes = []
    for case in json.loads((FIXTURES / "tenant-logs.security.json").read_text()):
        before = await rows(database, "SELECT count(*) FROM inbox")
        answer = await send(auth0, LOGS, case["event"])
        after = await rows(database, "SELECT count(*) FROM inbox")
        newest = await rows(database, "SELECT disposition FROM inbox ORDER BY seq DESC LIMIT 1")
        assert answer.status_code == 204
        outcomes.append((case["case"], "duplicate" if before == after else newest[0][0]))

    assert outcomes == SECURITY_LOG_OUTCOMES


@pytest.mark.parametrize("body_format", ["array", "lines", "object"])
async def test_every_recorded_sign_up_is_stored_as_work(auth0: httpx.AsyncClient, database: Database, body_format: str):
    items = json.loads((FIXTURES / "tenant-logs.signup.json").read_text())
    body = {
        "array": json.dumps(items),
        "lines": "\n".join(json.dumps(item) for item in items),
        "object": json.dumps({"logs": items}),
    }[body_format]

    answer = await send(auth0, LOGS, body.encode())

    assert answer.status_code == 204
    assert await rows(
        database, "SELECT user_id, disposition, source FROM inbox JOIN due USING (seq, user_id) ORDER BY occurred_at"
    ) == [
        ("auth0|6182002f34f4dd006b05b5c7", "changed", "log_stream"),
        ("auth0|618223a4e3f49e006948565c", "changed", "log_stream"),
        ("auth0|618232c562bac1006935a7af", "changed", "log_stream"),
    ]
