"""What PostgreSQL has to know of tables that fill at once: some thousand links are found without reading all others."""

from crosswalk.store import links, statistics
from crosswalk.store.database import Connection, Database

FILL = """
INSERT INTO links (sync, user_id, object, record_id, evidence, record, base)
SELECT 'customers', 'auth0|' || n, 'Contact', '003' || n, 'email', '{}', '{}'
FROM generate_series(1, 20000) AS n
"""


async def rows_read_in_vain(connection: Connection) -> bool:
    wanted = [f"003{number}" for number in range(19_000, 21_000)]
    plan = await (await connection.execute("EXPLAIN (ANALYZE) " + links.OWNERS, ("customers", wanted))).fetchall()
    return any("Rows Removed by Filter" in line for (line,) in plan)


async def test_links_that_came_all_at_once_are_found_one_by_one_once_they_were_looked_at(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute("TRUNCATE links; ANALYZE links")
        await connection.execute(FILL)
        assert await rows_read_in_vain(connection)

        await statistics.learn(connection)

        assert not await rows_read_in_vain(connection)
