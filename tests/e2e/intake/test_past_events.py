"""Which past events are read again for a span, on the real database."""

from datetime import UTC, datetime, timedelta

import pytest

from crosswalk.store import past
from crosswalk.store.database import Database
from crosswalk.store.past import Span
from tests.console_scene import a_definition
from tests.e2e.hub.test_dead_letter_books import an_event

A_MONTH_AGO = timedelta(days=30)


@pytest.fixture
async def numbers(database: Database) -> list[int]:
    """Five events of three users; the first two were stored before the inbox was kept in parts by day."""
    async with database.transaction() as connection:
        seqs = [await an_event(connection, n, f"auth0|{n % 3}", "written") for n in range(5)]
        # The trigger that takes each event once would take a row that moves to another part for a second one.
        await connection.execute("SET LOCAL session_replication_role = replica")
        for old, new in zip(seqs[:2], (7, 8), strict=True):
            for table in ("inbox", "due"):
                await connection.execute(
                    f"UPDATE {table} SET seq = %s, received_at = now() - interval '30 days' WHERE seq = %s",  # noqa: S608
                    (new, old),
                )
    return [7, 8, *seqs[2:]]


async def read(database: Database, span: Span) -> list[str]:
    async with database.transaction() as connection:
        return [each.event.id for each in await past.events(connection, a_definition(), span)]


async def test_bounds_of_time_number_and_count_hold_together(database: Database, numbers: list[int]) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)

    assert await read(database, Span()) == ["evt_0", "evt_1", "evt_2", "evt_3", "evt_4"]
    assert await read(database, Span(newest=2)) == ["evt_3", "evt_4"]
    assert await read(database, Span(since=yesterday, newest=9)) == ["evt_2", "evt_3", "evt_4"]
    assert await read(database, Span(until=yesterday)) == ["evt_0", "evt_1"]
    assert await read(database, Span(first=8, last=numbers[3], newest=2)) == ["evt_2", "evt_3"]


async def test_one_event_is_found_by_its_own_id_in_whichever_part_it_is(database: Database, numbers: list[int]) -> None:
    assert await read(database, Span(event_id="evt_3")) == ["evt_3"]
    assert await read(database, Span(event_id="evt_1")) == ["evt_1"]
    assert await read(database, Span(event_id="evt_3", since=datetime.now(UTC) + A_MONTH_AGO)) == []
    assert await read(database, Span(event_id="evt_9")) == []
