"""The walk over what is held about a person knows every table, and every column that stays: a new one is noticed."""

from datetime import UTC, datetime

import pytest

from crosswalk.domain.event import Disposition, Event, RecordRef, Source
from crosswalk.domain.ids import RecordId
from crosswalk.store import inbox, personal
from crosswalk.store.database import Database
from crosswalk.store.inbox import Subscriber
from crosswalk.store.personal import HELD, NOTHING_PERSONAL, Person
from tests.console_scene import ORG, SYNC, TENANT

NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)

COLUMNS = """
SELECT c.relname, array_agg(a.attname::text ORDER BY a.attname)
FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND c.relname NOT LIKE 'procrastinate%' AND c.relname <> 'crosswalk_migrations'
GROUP BY c.relname
"""


async def columns_of_all(database: Database) -> dict[str, set[str]]:
    async with database.transaction() as connection:
        rows = await (await connection.execute(COLUMNS)).fetchall()
    return {table: set(columns) for table, columns in rows}


async def test_every_table_is_judged(database: Database) -> None:
    assert set(await columns_of_all(database)) == HELD.keys() | NOTHING_PERSONAL.keys()
    assert not HELD.keys() & NOTHING_PERSONAL.keys()


async def test_of_rows_that_stay_every_column_is_judged(database: Database) -> None:
    columns = await columns_of_all(database)

    judged = {table: held.blank.keys() | held.kept for table, held in HELD.items() if held.blank}
    assert judged == {table: columns[table] for table in judged}


async def test_tables_without_anybody_have_the_columns_that_were_judged(database: Database) -> None:
    columns = await columns_of_all(database)

    assert {table: " ".join(sorted(columns[table])) for table in NOTHING_PERSONAL} == {
        "alerts": "attempts condition ended_at id key seen_at since told try_at",
        "api_usage": "allowed org seen_at used",
        "backfill_chunks": "backfill changed_at id lane plans profiles state tally users",
        "backfills": "approved_by deals definition direction error finished_at id lanes moved_at ordered_by outcomes "
        "paused read_at records report stage started_at sync users write",
        "budget_spending": "calls hour name purpose sync",
        "budgets": "changed_at name state version",
        "bulk_jobs": "job_id key lane object org seqs started_at sync",
        "cursors": "moved_at org position source tenant",
        "drift_checks": "asked_by error finished_at id report started_at sync",
        "erased_ids": "digest erased_at erasure",
        "erasures": "at by id rows salesforce subject tenant",
        "event_ids": "day id",
        "failing_parts": "error part seen_at since",
        "holds": "allowed decided_at decided_by decision id identities kind open_until opened_at sync window_s "
        "would_be",
        "source_hours": "events first_at hour last_at org source tenant",
        "source_hours_counted": "one seq",
        "write_counts": "kind minute sync writes",
    }


async def told_of(database: Database, *records: str) -> None:
    """The org told of each of these records."""
    for number, record in enumerate(records):
        event = Event(
            f"cdc_{number}",
            Source.RECORD_POLL,
            "Lead.updated",
            NOON,
            Disposition.RECORD,
            b'{"LastName": "Wunderlich"}',
            record=RecordRef("Lead", RecordId(record)),
        )
        async with database.transaction() as connection:
            await inbox.accept_changes(connection, ORG, [event], [Subscriber(SYNC, TENANT, ORG, 1)])


async def test_what_orgs_told_is_gone_through_some_at_a_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(personal, "TOLD_AT_ONCE", 2)
    clara = Person(TENANT, (SYNC,), (ORG,), (), (RecordId("00Q000000000001AAA"),))
    await told_of(database, *["00Q000000000001AAA", "00Q000000000002AAA"] * 3)

    async with database.transaction() as connection:
        counted = await personal.count(connection, clara)
    steps, after = [], 0
    for _ in range(2):
        async with database.transaction() as connection:
            gone = await personal.erase_told(connection, clara, after)
        steps, after = [*steps, gone.rows], gone.up_to or 0
    async with database.transaction() as connection:
        rest = await personal.erase(connection, clara, after)
        left = await (await connection.execute("SELECT record_id, raw FROM inbox ORDER BY seq")).fetchall()

    assert counted["inbox"] == 3
    assert (steps, rest.rows["inbox"]) == ([1, 1], 1)
    assert [bytes(raw) for _, raw in left] == [b"{}", b'{"LastName": "Wunderlich"}'] * 3
    assert {record for record, _ in left[1::2]} == {"00Q000000000002AAA"}
    assert all(str(record).startswith("erased") for record, _ in left[::2])
