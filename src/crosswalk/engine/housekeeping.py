"""What is old is dropped, and room for what comes is made ahead: once an hour, by one worker at a time.

Nothing waits for it. Work is cut into small transactions, changes of tables give up after two seconds of waiting for a
lock, and what did not succeed is tried again an hour later: until then a missing part of the inbox is made up for by
its rest, and what should be gone is merely there for longer.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, timedelta
from functools import partial
from typing import LiteralString

import psycopg
import structlog

from crosswalk.config.retention import RetentionConfig
from crosswalk.store import partitions, retention
from crosswalk.store.database import Connection, Database, fetch_row
from crosswalk.store.partitions import Part, Partitioned

log = structlog.get_logger()

TIDY_EVERY_S = 3600.0
AHEAD = timedelta(days=7)
"""So long a hub may be without housekeeping before rows go to the rest."""

ROWS_AT_ONCE = 5_000
LOCK = 0x74696479
"""Held by the session that tidies: another one then does not."""

TRY_LOCK = "SELECT pg_try_advisory_lock(%s)"

LONGEST_PART = timedelta(days=30)
PARTS_KEPT = 12
"""About so many parts make up the time that something is kept for: few enough for each query to look into all."""


async def tidy_for_ever(database: Database, kept: RetentionConfig) -> None:
    """Tidy at once and then every hour, until cancelled."""
    while True:
        await tidy(database, kept)
        await asyncio.sleep(TIDY_EVERY_S)


async def tidy(database: Database, kept: RetentionConfig) -> Mapping[str, int] | None:
    """Make parts ahead and delete what is old enough.

    Returns
    -------
    Mapping or None
        How many rows (for parts: how many parts) of each table went; `None` where another process tidies.
    """
    async with database.session() as session:
        if not (await fetch_row(session, TRY_LOCK, (LOCK,)))[0]:
            return None
        gone: Counter[str] = Counter()
        async with database.transaction() as connection:
            today = await partitions.today(connection)
        await _or_later("parts", _make_ahead(database, today, kept))
        if kept.events is not None:
            await _or_later("events", _drop_events(database, today - kept.events, gone))
        if kept.audit is not None:
            await _or_later("audit", _drop_audit(database, today - kept.audit, gone))
        await _forget_rows(database, retention.AUDIT, kept.audit, gone)
        await _forget_rows(database, retention.PROBLEMS, kept.problems, gone)
        await _forget_rows(database, retention.HISTORY, kept.history, gone)
    if gone.total():
        log.info("tidied", **gone)
    return gone


def part_days(kept: timedelta | None) -> int:
    """How many days a new part holds: a twelfth of the time that its rows are kept for, a day to thirty."""
    longest = LONGEST_PART if kept is None else min(kept / PARTS_KEPT, LONGEST_PART)
    return max(1, longest.days)


async def _or_later(what: str, work: Awaitable[None]) -> None:
    try:
        await work
    except psycopg.errors.LockNotAvailable:
        log.info("tidied_later", what=what, reason="somebody else worked on the table for longer than two seconds")


async def _make_ahead(database: Database, today: date, kept: RetentionConfig) -> None:
    for table, kept_for in ((Partitioned.INBOX, kept.events), (Partitioned.AUDIT, kept.audit)):
        async with database.transaction() as connection:
            made = await partitions.make_ahead(connection, table, today + AHEAD, part_days(kept_for))
        if made:
            log.info("parts_made", table=table.value, parts=made)


async def _drop_events(database: Database, before: date, gone: Counter[str]) -> None:
    """Drop the parts of the inbox whose days are all before this one, with the work that was done about them."""
    for part in await _old_parts(database, Partitioned.INBOX, before):
        gone["due"] += await _in_small_steps(database, partial(partitions.forget_due, part=part, limit=ROWS_AT_ONCE))
        async with database.transaction() as connection:
            if await partitions.is_needed(connection, part):
                log.warning("part_kept", part=part.name, reason="events of it wait, or are held for a person")
                continue
            await partitions.drop(connection, part)
        gone["inbox_parts"] += 1
    forget_ids = partial(partitions.forget_ids, before=before, limit=ROWS_AT_ONCE)
    gone["event_ids"] += await _in_small_steps(database, forget_ids)


async def _drop_audit(database: Database, before: date, gone: Counter[str]) -> None:
    for part in await _old_parts(database, Partitioned.AUDIT, before):
        async with database.transaction() as connection:
            await partitions.drop(connection, part)
        gone["audit_parts"] += 1


async def _old_parts(database: Database, table: Partitioned, before: date) -> list[Part]:
    async with database.transaction() as connection:
        return [part for part in await partitions.parts(connection, table) if part.last_day < before]


async def _forget_rows(
    database: Database, statements: Mapping[str, LiteralString], kept: timedelta | None, gone: Counter[str]
) -> None:
    if kept is None:
        return
    for table, statement in statements.items():
        forget = partial(retention.forget, statement=statement, older_than_s=kept.total_seconds(), limit=ROWS_AT_ONCE)
        gone[table] += await _in_small_steps(database, forget)


async def _in_small_steps(database: Database, step: Callable[[Connection], Awaitable[int]]) -> int:
    """Repeat a step, each time in a transaction of its own, until it has nothing left to do."""
    total = 0
    while True:
        async with database.transaction() as connection:
            done = await step(connection)
        total += done
        if done < ROWS_AT_ONCE:
            return total
