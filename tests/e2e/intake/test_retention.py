"""Inbox and audit trail in parts: made ahead, dropped when old, and nothing lost or doubled on the way."""

from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

import crosswalk.store
from crosswalk.config.retention import RetentionConfig
from crosswalk.domain.event import Event
from crosswalk.domain.ids import OrgName, SyncName, TenantName, UserId
from crosswalk.engine.housekeeping import part_days, tidy
from crosswalk.store import audit, due, inbox, partitions
from crosswalk.store.audit import AuditEntry
from crosswalk.store.database import Database, fetch_row
from crosswalk.store.due import Lane
from crosswalk.store.partitions import ROWS_PER_DAY, Partitioned
from tests.databases import uri_of
from tests.unit.engine.builders import a_state

SYNC = SyncName("customers")
TENANT = TenantName("acme")
SUBSCRIBERS = [inbox.Subscriber(SYNC, TENANT, OrgName("acme"), 1)]
KEPT = RetentionConfig()


def an_event(number: int) -> Event:
    return a_state(number, f"auth0|{number}").event


async def taken_in(database: Database, *events: Event) -> int:
    """How many of the events were new."""
    async with database.transaction() as connection:
        return (await inbox.accept(connection, [(TENANT, event) for event in events], SUBSCRIBERS)).new


async def numbers(database: Database, query: str) -> list[int]:
    async with database.transaction() as connection:
        return [row[0] for row in await (await connection.execute(query)).fetchall()]  # type: ignore[call-overload]


async def the_day(database: Database) -> date:
    async with database.transaction() as connection:
        return await partitions.today(connection)


async def age(database: Database, days: int) -> None:
    """Let everything in the inbox, and what is known of it, have been stored so many days earlier."""
    by = days * ROWS_PER_DAY
    async with database.transaction() as connection:
        # A row that moves to another part is inserted there: that is no event that comes again.
        await connection.execute("ALTER TABLE inbox DISABLE TRIGGER inbox_once")
        await connection.execute("UPDATE inbox SET seq = seq - %s", (by,))
        await connection.execute("ALTER TABLE inbox ENABLE TRIGGER inbox_once")
        await connection.execute("UPDATE due SET seq = seq - %s", (by,))
        await connection.execute("UPDATE event_ids SET day = day - %s", (days,))


async def make_part(database: Database, table: Partitioned, first: date, end: date) -> None:
    """A part for days that are over, as there is one once they are."""
    bounds = (partitions.first_number(first), partitions.first_number(end))
    async with database.transaction() as connection:
        await connection.execute(f"ALTER TABLE {table} DETACH PARTITION {table}_before")
        await connection.execute(
            f"CREATE TABLE {table}_old PARTITION OF {table} FOR VALUES FROM ({bounds[0]}) TO ({bounds[1]})"
        )


async def test_the_days_number_leads_a_rows_number_and_fits_a_number_of_javascript(database: Database):
    await taken_in(database, an_event(1))
    (seq,) = await numbers(database, "SELECT seq FROM inbox")

    assert seq // ROWS_PER_DAY == (await the_day(database) - date(1970, 1, 1)).days
    assert seq < 2**53


async def test_an_event_is_taken_in_once_whatever_part_it_lies_in_until_it_is_forgotten(database: Database):
    today = await the_day(database)
    await make_part(database, Partitioned.INBOX, today - timedelta(days=110), today - timedelta(days=100))
    await taken_in(database, an_event(1))
    await age(database, 105)

    assert await taken_in(database, an_event(1), an_event(2)) == 1
    async with database.transaction() as connection:
        await connection.execute("UPDATE due SET outcome = 'written'")
    gone = await tidy(database, KEPT)

    assert gone is not None
    assert {table: number for table, number in gone.items() if number} == {"inbox_parts": 1, "due": 1, "event_ids": 1}
    assert await numbers(database, "SELECT count(*) FROM inbox") == [1]
    assert await taken_in(database, an_event(1), an_event(2)) == 1


async def test_two_intakes_of_one_event_at_once_store_it_once(database: Database):
    async with database.transaction() as first:
        assert (await inbox.accept(first, [(TENANT, an_event(1))], SUBSCRIBERS)).new == 1
        # The second waits for the first to end: only then is it known whether the event is a repeated one.
        with pytest.raises(psycopg.errors.LockNotAvailable):
            async with database.transaction() as second:
                await second.execute("SET LOCAL lock_timeout = '50ms'")
                await inbox.accept(second, [(TENANT, an_event(1))], SUBSCRIBERS)
    assert await taken_in(database, an_event(1)) == 0


@pytest.mark.parametrize("outcome", [None, "held"])
async def test_a_part_with_an_event_that_somebody_waits_for_is_kept_whole(database: Database, outcome: str | None):
    today = await the_day(database)
    await make_part(database, Partitioned.INBOX, today - timedelta(days=110), today - timedelta(days=100))
    await taken_in(database, an_event(1), an_event(2))
    await age(database, 105)
    async with database.transaction() as connection:
        await connection.execute(
            "UPDATE due SET outcome = CASE user_id WHEN 'auth0|1' THEN %s ELSE 'written' END", (outcome,)
        )

    await tidy(database, KEPT)

    assert await numbers(database, "SELECT count(*) FROM inbox") == [2]
    assert await numbers(database, "SELECT count(*) FROM due") == [1]


async def test_a_missing_part_stops_nobody_and_what_went_to_the_rest_moves_when_it_is_made(database: Database):
    async with database.transaction() as connection:
        for part in await partitions.parts(connection, Partitioned.INBOX):
            await partitions.drop(connection, part)

    assert await taken_in(database, an_event(1), an_event(2)) == 2
    assert await numbers(database, "SELECT count(*) FROM inbox_rest") == [2]
    await tidy(database, KEPT)

    assert await numbers(database, "SELECT count(*) FROM inbox_rest") == [0]
    assert await taken_in(database, an_event(1), an_event(3)) == 1
    async with database.transaction() as connection:
        waiting = await due.read_due(connection, Lane(SYNC, 0), 10)
    assert [item.event.user_id for item in waiting] == ["auth0|1", "auth0|2", "auth0|3"]


async def test_parts_are_made_for_a_week_ahead_each_for_a_twelfth_of_the_time_that_is_kept(database: Database):
    today = await the_day(database)
    await tidy(database, KEPT)

    async with database.transaction() as connection:
        made = {table: await partitions.parts(connection, table) for table in Partitioned}
    assert made[Partitioned.INBOX][-1].last_day >= today + timedelta(days=7)
    assert made[Partitioned.AUDIT][-1].last_day >= today + timedelta(days=7)
    assert (part_days(KEPT.events), part_days(KEPT.audit), part_days(timedelta(days=3)), part_days(None)) == (
        7,
        30,
        1,
        30,
    )


async def test_the_audit_trail_is_read_over_its_parts_and_dropped_when_it_is_old(database: Database):
    today = await the_day(database)
    await make_part(database, Partitioned.AUDIT, today - timedelta(days=800), today - timedelta(days=790))
    entry = AuditEntry(SYNC, "auth0|1", "Lead", "00Q1", "update", "Company", "A", "B", "changed", "x:1", "crosswalk")
    async with database.transaction() as connection:
        await audit.append(connection, [entry])
        await connection.execute("UPDATE audit SET id = id - %s", (795 * ROWS_PER_DAY,))
        await audit.append(connection, [entry])
        before = await audit.of_identity(connection, SYNC, UserId("auth0|1"))
    await tidy(database, KEPT)
    async with database.transaction() as connection:
        after = await audit.of_identity(connection, SYNC, UserId("auth0|1"))

    assert [each.id // ROWS_PER_DAY - (today - date(1970, 1, 1)).days for each in before if each.id] == [0, -795]
    assert len(after) == 1


async def test_what_was_resolved_and_what_ended_long_ago_goes_and_what_is_open_stays(database: Database):
    problem = (
        "INSERT INTO problems (sync, user_id, kind, object, field, code, message, detail, resolved_at)"
        " VALUES ('customers', %s, 'conflict', '', '', '', '', '{}', now() - %s::interval)"
    )
    async with database.transaction() as connection:
        for user_id, ago in (("old", "91 days"), ("new", "89 days"), ("open", None)):
            await connection.execute(problem, (user_id, ago))
        await connection.execute(
            "INSERT INTO drift_checks (sync, asked_by, started_at, finished_at, report) SELECT 'customers', 'schedule',"
            " now(), now() - make_interval(days => n), '{}' FROM (VALUES (500), (400)) AS v (n)"
        )
        await connection.execute(
            "INSERT INTO pauses (kind, name, code, object, message, probe_at, ended_at)"
            " SELECT 'org', 'acme', n::text, '', '', now(), now() - make_interval(days => n)"
            " FROM (VALUES (366), (364)) AS v (n)"
        )
        await connection.execute(
            "INSERT INTO interventions (at, by, deed, sync, about, reason, number)"
            " SELECT now() - make_interval(days => n), 'admin', 'replay', 'customers', '', '', n"
            " FROM (VALUES (731), (729)) AS v (n)"
        )
    await tidy(database, KEPT)

    assert await numbers(database, "SELECT code::int FROM pauses") == [364]
    assert await numbers(database, "SELECT number FROM interventions") == [729]
    async with database.transaction() as connection:
        rows = await (await connection.execute("SELECT user_id FROM problems ORDER BY 1")).fetchall()
        # The last check says when the next one is due.
        assert (await fetch_row(connection, "SELECT count(*) FROM drift_checks"))[0] == 1
    assert [row[0] for row in rows] == ["new", "open"]


async def test_one_process_tidies_at_a_time_and_forever_means_that_nothing_goes(database: Database):
    async with database.session() as session:
        await session.execute("SELECT pg_advisory_lock(1953064057)")
        assert await tidy(database, KEPT) is None

    gone = await tidy(database, RetentionConfig.model_validate(dict.fromkeys(RetentionConfig.model_fields, "forever")))
    assert gone is not None
    assert gone.total() == 0  # type: ignore[attr-defined]  # it counts


def test_what_was_stored_before_there_were_parts_is_all_there_and_still_known(postgres_server: str):
    uri = uri_of(postgres_server, "test_parts")
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS test_parts")
        connection.execute("CREATE DATABASE test_parts")
    _upgrade(uri, BEFORE)
    event = (
        "INSERT INTO inbox (tenant, org, event_id, source, type, disposition, note, user_id, occurred_at, raw)"
        " SELECT 'acme', '', 'evt_' || n, 'log_poll', 'ss', 'state', '', 'auth0|1', now(), '{}'"
        " FROM generate_series(1, 500) AS n ON CONFLICT DO NOTHING RETURNING seq"
    )
    with psycopg.connect(uri) as connection:
        seqs = [row[0] for row in connection.execute(event).fetchall()]
        connection.execute(
            "INSERT INTO due (sync, seq, lane, user_id, received_at)"
            " SELECT 'customers', seq, 0, user_id, now() FROM inbox"
        )
        connection.execute(
            "INSERT INTO audit (actor, sync, user_id, object, record_id, action, field, reason, place, event_seq)"
            " SELECT 'crosswalk', 'customers', 'auth0|1', 'Lead', '1', 'update', 'Company', '', '', seq FROM inbox"
        )

    _upgrade(uri, "head")

    with psycopg.connect(uri) as connection:
        assert [row[0] for row in connection.execute("SELECT seq FROM inbox ORDER BY seq")] == seqs
        joined = connection.execute("SELECT count(*) FROM due JOIN inbox USING (seq) JOIN audit ON event_seq = seq")
        assert joined.fetchone() == (500,)
        # As a process of before stores events: those that it has already are known, and the others are new.
        again = connection.execute(event.replace("(1, 500)", "(491, 510)")).fetchall()
        assert len(again) == 10
        assert min(row[0] for row in again) > max(seqs)
        assert connection.execute("SELECT count(*), max(id) > 20000 * 10000000000 FROM audit").fetchone() == (
            500,
            False,
        )


BEFORE = "0017"


def _upgrade(uri: str, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(crosswalk.store.__file__).parent / "migrations"))
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(uri))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()
