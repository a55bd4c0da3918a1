"""Probes and metrics, over a real database and asked as an operator's tools ask."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from crosswalk.api import health, metrics
from crosswalk.api.health import Readiness
from crosswalk.api.metrics import SharedFigures
from crosswalk.api.monitoring import monitoring_app
from crosswalk.connectors.secret import Secret
from crosswalk.domain.ids import Origin, SyncName, TenantName
from crosswalk.domain.pause import Cause, PauseKind
from crosswalk.engine.intake import Intake
from crosswalk.engine.jobs import LaneJobs
from crosswalk.store import cursors, pauses
from crosswalk.store.database import Database
from tests.unit.engine.builders import a_state

SYNC = SyncName("customers")
TOKEN = "token-of-the-metrics-reader"


@asynccontextmanager
async def watched(readiness: Readiness, token: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
    figures = SharedFigures(readiness.database, [SYNC], {})
    app = monitoring_app(readiness, figures, Secret(token) if token else None)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as client:
        yield client


def value_of(metrics: str, sample: str) -> float:
    """The value of one sample, named with its labels as it is written."""
    found = [line for line in metrics.splitlines() if line.startswith(f"{sample} ")]
    assert len(found) == 1, f"{sample} is there {len(found)} times"
    return float(found[0].rsplit(" ", 1)[1])


@pytest.fixture
def worker(database: Database, jobs: LaneJobs) -> Readiness:
    """A worker's readiness."""
    return Readiness(database, jobs)


async def test_a_worker_is_ready_once_it_has_swept(worker: Readiness, jobs: LaneJobs):
    async with watched(worker) as client:
        before = await client.get("/readyz")
        jobs.swept_at = time.monotonic()
        after = await client.get("/readyz")
        jobs.swept_at = time.monotonic() - 31
        stuck = await client.get("/readyz")

    said = {"status": "not ready", "because": ["no sweep for lanes with work was finished within 30 seconds"]}
    assert (before.status_code, before.json()) == (503, said)
    assert (after.status_code, after.json()) == (200, {"status": "ready"})
    assert (stuck.status_code, stuck.json()) == (503, said)


async def test_who_only_answers_requests_needs_no_sweep_but_the_schema(database: Database):
    readiness = Readiness(database, None)
    async with watched(readiness) as client:
        ready = await client.get("/readyz")
        async with database.transaction() as connection:
            await connection.execute("UPDATE crosswalk_migrations SET version_num = '0001'")
        behind = await client.get("/readyz")
        async with database.transaction() as connection:
            await connection.execute("UPDATE crosswalk_migrations SET version_num = '9999'")
        beside_a_newer_one = await client.get("/readyz")

    assert ready.status_code == 200
    assert behind.status_code == 503
    assert behind.json()["because"][0].startswith("the database has the schema 0001, and this code needs 00")
    assert beside_a_newer_one.status_code == 200


async def test_whoever_stops_or_has_no_database_gets_no_work_but_is_alive(postgres_uri: str):
    database = Database(postgres_uri)
    await database.open()
    readiness = Readiness(database, None)
    async with watched(readiness) as client:
        readiness.stopping = True
        stopping = await client.get("/readyz")
        await database.close()
        away = await client.get("/readyz")
        alive = await client.get("/healthz")
        figures = (await client.get("/metrics")).text

    assert (stopping.status_code, stopping.json()["because"]) == (503, ["it is stopping"])
    assert (away.status_code, away.json()["because"]) == (503, ["it is stopping", "the database does not answer"])
    assert alive.status_code == 200
    assert value_of(figures, "crosswalk_database_up") == 0
    assert "crosswalk_events_waiting" not in figures


async def test_a_database_that_stands_still_is_told_within_seconds_and_keeps_no_connection(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    for module in (health, metrics):
        monkeypatch.setattr(module, "ANSWER_WITHIN_S", 0.1)
    async with watched(Readiness(database, None)) as client:
        async with database.session() as other, other.transaction():
            await other.execute("LOCK TABLE crosswalk_migrations, pauses IN ACCESS EXCLUSIVE MODE")
            while_it_stands = [await client.get("/readyz") for _ in range(12)]
            figures = (await client.get("/metrics")).text
            free = database.pool.max_size - database.pool.get_stats()["pool_size"]
            idle = database.pool.get_stats()["pool_available"]
        monkeypatch.undo()
        afterwards = await client.get("/readyz")

    said = {"status": "not ready", "because": ["the database does not answer within 0.1 seconds"]}
    assert [(each.status_code, each.json()) for each in while_it_stands] == [(503, said)] * 12
    assert value_of(figures, "crosswalk_database_up") == 0
    assert free + idle >= 8  # the two questions that wait have a connection each
    assert afterwards.status_code == 200


async def test_metrics_are_for_whoever_has_the_token_alone(database: Database):
    async with watched(Readiness(database, None), TOKEN) as client:
        without = await client.get("/metrics")
        wrong = await client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}x"})
        right = await client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})

    assert (without.status_code, wrong.status_code, right.status_code) == (401, 401, 200)
    assert "crosswalk_" not in without.text + wrong.text
    assert right.headers["Content-Type"].startswith("text/plain; version=")


async def test_metrics_show_the_backlog_the_problems_and_the_sources(database: Database, intake: Intake):
    await intake.accept(TenantName("acme"), [a_state(1).event, a_state(2, "auth0|2").event])
    async with database.transaction() as connection:
        await connection.execute(
            "UPDATE due SET received_at = now() - interval '90 seconds', attempts = 1 WHERE user_id = 'auth0|1'"
        )
        await connection.execute(
            "INSERT INTO problems (sync, user_id, kind, object, field, code, message, detail)"
            " VALUES ('customers', 'auth0|1', 'dead_letter', 'Lead', '', 'CODE', 'text', '{}')"
        )
        await cursors.move(connection, Origin(tenant=TenantName("acme")), "log_poll", "900")
        await connection.execute("UPDATE cursors SET moved_at = to_timestamp(1700000000)")
        await pauses.start(connection, PauseKind.ORG, "acme", Cause("CREDENTIALS_REFUSED", "", "no"))

    async with watched(Readiness(database, None)) as client:
        metrics = (await client.get("/metrics")).text

    assert value_of(metrics, "crosswalk_database_up") == 1
    assert value_of(metrics, 'crosswalk_events_waiting{sync="customers"}') == 2
    assert value_of(metrics, 'crosswalk_events_retrying{sync="customers"}') == 1
    assert 90 <= value_of(metrics, 'crosswalk_oldest_event_waiting_seconds{sync="customers"}') < 600
    assert value_of(metrics, 'crosswalk_problems_open{kind="dead_letter",sync="customers"}') == 1
    assert value_of(metrics, 'crosswalk_problems_open{kind="conflict",sync="customers"}') == 0
    position = 'crosswalk_source_moved_timestamp_seconds{org="",source="log_poll",tenant="acme"}'
    assert value_of(metrics, position) == 1_700_000_000
    last = 'crosswalk_source_last_event_timestamp_seconds{org="",source="event_stream",tenant="acme"}'
    assert value_of(metrics, last) > 1_700_000_000
    assert value_of(metrics, "crosswalk_workers") == 0
    assert value_of(metrics, "crosswalk_holds_open") == 0
    assert value_of(metrics, 'crosswalk_paused{kind="org",name="acme"}') == 1
    assert value_of(metrics, 'crosswalk_events_stored_total{source="event_stream"}') >= 2


async def test_metrics_that_are_asked_for_often_cost_one_reading_in_five_seconds(database: Database, intake: Intake):
    async with watched(Readiness(database, None)) as client:
        first = (await client.get("/metrics")).text
        await intake.accept(TenantName("acme"), [a_state(1).event])
        second = (await client.get("/metrics")).text

    waiting = 'crosswalk_events_waiting{sync="customers"}'
    assert (value_of(first, waiting), value_of(second, waiting)) == (0, 0)
