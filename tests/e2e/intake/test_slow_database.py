"""A database that takes long, or stands still, makes nobody wait for long, fills no memory and loses nothing."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from crosswalk.api.webhooks import WebhookTokens, webhook_routes
from crosswalk.connectors.secret import Secret
from crosswalk.domain.ids import OrgName, SyncName, TenantName
from crosswalk.engine import intake as intake_module
from crosswalk.engine.intake import Intake
from crosswalk.engine.jobs import LaneJobs
from crosswalk.engine.metrics import REGISTRY
from crosswalk.store.database import Database
from crosswalk.store.inbox import Subscriber
from tests.e2e.intake.conftest import EVENT_TOKEN
from tests.e2e.intake.test_webhooks import EVENTS, an_event, rows, send

SUBSCRIBER = Subscriber(SyncName("customers"), TenantName("acme"), OrgName("acme"), 1)
DEADLINE_S = 60.0

SLOW = """
CREATE TABLE commits (at timestamptz DEFAULT now());
CREATE FUNCTION take_long() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_sleep(0.3);
    INSERT INTO commits DEFAULT VALUES;
    RETURN NULL;
END $$;
CREATE TRIGGER slow BEFORE INSERT ON inbox FOR EACH STATEMENT EXECUTE FUNCTION take_long();
"""


@asynccontextmanager
async def a_hub(database: Database, jobs: LaneJobs, answer_within_s: float = DEADLINE_S) -> AsyncIterator[Any]:
    """Webhooks whose senders wait for so long at most."""
    async with Intake(database, [SUBSCRIBER], jobs.wake, answer_within_s=answer_within_s) as intake:
        app = Starlette(routes=webhook_routes(intake, {SUBSCRIBER.tenant: WebhookTokens(Secret(EVENT_TOKEN), None)}))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as client:
            yield client


@asynccontextmanager
async def a_locked_inbox(database: Database) -> AsyncIterator[None]:
    async with database.session() as locker, locker.transaction():
        await locker.execute("LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE")
        yield


def told_to_send_again() -> float:
    """How many events were refused so far, as the metrics say."""
    return REGISTRY.get_sample_value("crosswalk_events_not_stored_total") or 0.0


async def everything_stored(database: Database) -> list[str]:
    """The events in the inbox once intake is at rest, in the order of their ids."""
    return [event_id for (event_id,) in await rows(database, "SELECT event_id FROM inbox ORDER BY event_id")]


async def test_a_database_that_takes_long_for_a_commit_makes_groups_larger_and_not_answers_later(
    database: Database, jobs: LaneJobs
):
    async with database.transaction() as connection:
        await connection.execute(SLOW)

    async with a_hub(database, jobs) as auth0:
        answers = await asyncio.gather(*(send(auth0, EVENTS, an_event(f"evt_{n:03d}")) for n in range(400)))

    assert {answer.status_code for answer in answers} == {204}
    assert await everything_stored(database) == [f"evt_{n:03d}" for n in range(400)]
    # One by one, they would have waited for 400 commits. What is sent during the first two goes into the third.
    assert (await rows(database, "SELECT count(*) <= 6 FROM commits")) == [(True,)]


async def test_while_the_inbox_is_locked_senders_are_told_in_time_and_nothing_is_lost(
    database: Database, jobs: LaneJobs
):
    async with a_hub(database, jobs, answer_within_s=0.6) as auth0:
        async with a_locked_inbox(database):
            began, told_before = time.monotonic(), told_to_send_again()
            # Two commits are under way and stand still; a third request waits behind them.
            late = [await send(auth0, EVENTS, an_event(f"evt_{n}")) for n in range(3)]
            refused = [await send(auth0, EVENTS, an_event(f"evt_{n}")) for n in range(3, 6)]
            took_s, told = time.monotonic() - began, told_to_send_again() - told_before

        statuses = []
        for n in range(6):
            while (answer := await send(auth0, EVENTS, an_event(f"evt_{n}"))).status_code != 204:
                statuses.append(answer.status_code)
                assert time.monotonic() - began < DEADLINE_S
                await asyncio.sleep(0.05)

    assert [answer.status_code for answer in late] == [503, 503, 503]
    assert [answer.headers["Retry-After"] for answer in late] == ["5", "5", "5"]
    assert "did not store the events within 0.6 s" in late[0].json()["error"]
    assert [answer.status_code for answer in refused] == [429, 429, 429]
    assert [answer.headers["Retry-After"] for answer in refused] == ["1", "1", "1"]
    assert "the database is slow" in refused[0].json()["error"]
    assert told == 6
    assert took_s < 30  # the lock would have held a statement for a minute
    assert set(statuses) <= {429, 503}
    assert await everything_stored(database) == [f"evt_{n}" for n in range(6)]
    assert await rows(database, "SELECT count(*) FROM due") == [(6,)]


@pytest.mark.parametrize(("limit", "most"), [("MOST_EVENTS_WAITING", 5), ("MOST_BYTES_WAITING", 500)])
async def test_what_waits_is_bounded_by_number_and_by_size_and_refused_before_its_body_is_read(
    database: Database, jobs: LaneJobs, monkeypatch: pytest.MonkeyPatch, limit: str, most: int
):
    monkeypatch.setattr(intake_module, limit, most)
    read = 0

    async def a_body() -> AsyncIterator[bytes]:
        nonlocal read
        read += 1
        yield b"[]"

    async with a_hub(database, jobs) as auth0:
        async with a_locked_inbox(database):
            waiting = [asyncio.create_task(send(auth0, EVENTS, an_event(f"evt_{n}"))) for n in range(20)]
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            headers = {"Authorization": f"Bearer {EVENT_TOKEN}"}
            refused = await auth0.post(EVENTS, content=a_body(), headers=headers)
        answers = await asyncio.gather(*waiting)

    assert {task.result().status_code for task in done} == {429}
    assert (refused.status_code, refused.headers["Retry-After"], read) == (429, "1", 0)
    accepted = [f"evt_{n}" for n, answer in enumerate(answers) if answer.status_code == 204]
    assert 3 <= len(accepted) < 20
    assert await everything_stored(database) == sorted(accepted)
