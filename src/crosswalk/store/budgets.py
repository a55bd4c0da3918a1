"""Budgets that all processes share, one row each, and what their calls were made for.

A row is read, changed by pure rules, and written if nobody has written it meanwhile. No transaction stays open while a
process thinks: one that is stopped in the middle holds nobody up.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

import msgspec
from msgspec import Struct

from crosswalk.domain.budget import BudgetState
from crosswalk.domain.errors import CrosswalkError
from crosswalk.domain.purpose import Spender
from crosswalk.store.database import Connection, Database, fetch_row

Outcome = TypeVar("Outcome")

ATTEMPTS = 50

# The version of a row that is not there yet is 0.
READ = """
SELECT coalesce(b.version, 0), b.state::text, extract(epoch FROM clock_timestamp())::float8
FROM (SELECT %s::text AS name) AS wanted
LEFT JOIN budgets AS b USING (name)
"""

# Writes the state unless somebody else did since it was read, and what calls were made for with it. Relies on
# budgets_pkey and budget_spending_pkey.
WRITE = """
WITH written AS (
    INSERT INTO budgets AS b (name, version, state)
    VALUES (%(name)s, 1, %(state)s::jsonb)
    ON CONFLICT (name) DO UPDATE
    SET version = b.version + 1, state = excluded.state, changed_at = now()
    WHERE b.version = %(version)s
    RETURNING b.name, b.version
), counted AS (
    INSERT INTO budget_spending AS s (name, hour, purpose, sync, calls)
    SELECT w.name, date_trunc('hour', now()), c.purpose, c.sync, c.calls
    FROM written AS w, unnest(%(purposes)s::text[], %(syncs)s::text[], %(calls)s::bigint[]) AS c (purpose, sync, calls)
    WHERE w.version = %(version)s + 1
    ON CONFLICT (name, hour, purpose, sync) DO UPDATE
    SET calls = s.calls + excluded.calls
), forgotten AS (
    DELETE FROM budget_spending
    WHERE name = %(name)s AND hour < now() - interval '35 days'
)
SELECT count(*) FROM written WHERE version = %(version)s + 1
"""

ALL = "SELECT name, state::text, extract(epoch FROM clock_timestamp())::float8 FROM budgets ORDER BY name"

SPENT = """
SELECT name, purpose, sync, sum(calls)::bigint, min(hour)
FROM budget_spending
WHERE hour > now() - interval '24 hours'
GROUP BY name, purpose, sync
ORDER BY name, sum(calls) DESC, purpose, sync
"""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(BudgetState).decode


class BudgetContended(CrosswalkError):
    """Others wrote a budget each time this process tried to."""


class Spent(Struct, frozen=True):
    """Calls of the last 24 hours that were made of one budget for one purpose and sync (empty for none)."""

    name: str
    purpose: str
    sync: str
    calls: int
    since: datetime


async def change(
    database: Database,
    name: str,
    rule: Callable[[BudgetState, float], tuple[BudgetState, Outcome]],
    spent_by: Mapping[Spender, int],
) -> Outcome:
    """Change a budget's state by a rule, and return what else the rule gives.

    Parameters
    ----------
    name
        The budget; one that is not there yet begins empty.
    rule
        Pure: takes the state and the database's time (Unix time in seconds). Called again when others were faster.
    spent_by
        What calls were made for since the last time; counted once, with the change.

    Raises
    ------
    BudgetContended
        Others were faster each time.
    psycopg.OperationalError, psycopg_pool.PoolTimeout
        The database is away.
    """
    async with database.pool.connection() as connection:
        # Each statement is a transaction of its own.
        await connection.set_autocommit(True)
        try:
            for attempt in range(ATTEMPTS):
                version, state, now = await fetch_row(connection, READ, (name,))
                changed, outcome = rule(BudgetState() if state is None else _decode(state), now)
                if await _write(connection, name, version, changed, spent_by):
                    return outcome
                await asyncio.sleep(0.001 * attempt)
        finally:
            await connection.set_autocommit(False)
    raise BudgetContended(
        f"the budget {name} was written by other processes each of {ATTEMPTS} times that this one tried to; expected "
        "a free moment within seconds: look for a process that loops"
    )


async def _write(
    connection: Connection, name: str, version: int, state: BudgetState, spent_by: Mapping[Spender, int]
) -> bool:
    spent = [(who, calls) for who, calls in spent_by.items() if calls]
    parameters = {
        "name": name,
        "version": version,
        "state": _encode(state).decode(),
        "purposes": [who.purpose.value for who, _ in spent],
        "syncs": [who.sync for who, _ in spent],
        "calls": [calls for _, calls in spent],
    }
    row = await (await connection.execute(WRITE, parameters)).fetchone()
    return row is not None and bool(row[0])


async def read_all(connection: Connection) -> tuple[dict[str, BudgetState], float]:
    """Every budget by name, and the database's time (Unix time in seconds)."""
    rows = await (await connection.execute(ALL)).fetchall()
    return {name: _decode(state) for name, state, _ in rows}, max((now for *_, now in rows), default=0.0)


async def spent_of_the_day(connection: Connection) -> list[Spent]:
    """What the calls of the last 24 hours were made for, the most first for each budget."""
    rows = await (await connection.execute(SPENT)).fetchall()
    return [Spent(*row) for row in rows]
