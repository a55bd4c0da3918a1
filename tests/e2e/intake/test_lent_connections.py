"""A connection that answered a moment ago is lent without a question, but not when the server ended it since."""

from crosswalk.store.database import Connection, Database, fetch_row

PID = "SELECT pg_backend_pid()"
END = "SELECT pg_terminate_backend(%s, 60000)"


async def pid_of(connection: Connection) -> int:
    pid: int = (await fetch_row(connection, PID))[0]
    return pid


async def test_a_connection_that_ended_since_its_last_answer_is_not_lent(postgres_uri: str, database: Database) -> None:
    ours = Database(postgres_uri, max_size=1)
    await ours.open()
    async with ours.transaction() as connection:
        ended = await pid_of(connection)
    async with database.transaction() as other:
        assert (await fetch_row(other, END, (ended,)))[0]

    async with ours.transaction() as connection:
        assert await pid_of(connection) != ended
    await ours.close()
