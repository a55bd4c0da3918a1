"""What leave costs for each call: from the lease of a shared budget, beside one statement per call.

The naive way to share a budget is a counter in PostgreSQL that each call moves: a round trip, and workers that wait for
one another's row. A lease is paid for about once a second.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from crosswalk.connectors.allowance import Answer
from crosswalk.domain.budget import Terms
from crosswalk.domain.ids import OrgName
from crosswalk.engine.budget.leases import Budgets
from crosswalk.store.database import Database
from crosswalk.store.embedded import EmbeddedPostgres
from crosswalk.store.migrate import migrate

CALLS = 50_000
STATEMENTS = 2_000
ROUNDS = 5
LIMIT = 100_000_000
ORG = OrgName("acme")


def run(folder: Path, report: Callable[[str], None]) -> dict[str, float]:
    """Measure with one process on the embedded PostgreSQL; the best of five rounds of each, taken in turns."""
    server = EmbeddedPostgres(folder / "postgres")
    try:
        migrate(server.uri)
        leased, counted = asyncio.run(_measure(server.uri))
    finally:
        server.remove()
    report(
        f"leave to call: {leased:.1f} µs a call from a lease; {counted:.0f} µs by a statement for each call; "
        f"ratio {counted / leased:.0f}"
    )
    return {"allowance_us_per_call": leased, "allowance_by_statement_us_per_call": counted}


async def _measure(uri: str) -> tuple[float, float]:
    database = Database(uri)
    await database.open()
    budgets = Budgets(database, {}, {ORG: Terms(counts_by_day=True, concurrent_calls=20)})
    allowance = budgets.orgs[ORG]
    made = 0

    async def by_lease() -> None:
        nonlocal made
        for _ in range(CALLS):
            with await allowance.take("query") as permit:
                made += 1
                permit.answered(Answer(day=(made, LIMIT)))

    async def by_statement() -> None:
        for _ in range(STATEMENTS):
            async with database.transaction() as connection:
                await connection.execute("UPDATE naive SET used = used + 1 WHERE used < %s RETURNING used", (LIMIT,))

    async with database.transaction() as connection:
        await connection.execute("CREATE TABLE naive AS SELECT 0 AS used")
    leased, counted = [], []
    for _ in range(ROUNDS):
        leased.append(await _seconds(by_lease) / CALLS)
        counted.append(await _seconds(by_statement) / STATEMENTS)
    await budgets.close()
    await database.close()
    return min(leased) * 1e6, min(counted) * 1e6


async def _seconds(work: Callable[[], Awaitable[None]]) -> float:
    started = time.perf_counter()
    await work()
    return time.perf_counter() - started
