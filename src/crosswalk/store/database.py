"""The connection pool, and how a connection of ours is set up."""

import math
import select
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any, LiteralString, TypeAlias
from weakref import WeakKeyDictionary

import msgspec
import psycopg
from psycopg import AsyncConnection
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from crosswalk.store.connecting import CONNECT_TIMEOUT_S, conninfo
from crosswalk.store.errors import DatabaseUnavailable
from crosswalk.store.lists import send_lists_quickly

Connection: TypeAlias = AsyncConnection[tuple[Any, ...]]

RECONNECT_WITHIN_S = 5
"""The pool waits twice as long after each refused connection, up to this much in all, and then starts afresh: so it
finds a server that comes back within seconds, however long it was away."""

STATEMENT_TIMEOUT_MS = 60_000
IDLE_IN_TRANSACTION_TIMEOUT_MS = 60_000
"""A transaction that its process forgot must not hold locks for ever."""

ANSWER_HOLDS_S = 1.0
"""For so long after its last answer a connection is lent without a question, where nothing was heard since."""

OPTIONS = (
    f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c timezone=UTC"
    f" -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_TIMEOUT_MS}"
)


TIME_NOW = "SELECT clock_timestamp()"
UNLOCK_ALL = "SELECT pg_advisory_unlock_all()"


async def _configure(connection: Connection) -> None:
    set_json_dumps(msgspec.json.encode, connection)
    set_json_loads(msgspec.json.decode, connection)
    send_lists_quickly(connection)


async def fetch_row(
    connection: Connection, query: LiteralString, parameters: Sequence[object] | Mapping[str, object] = ()
) -> tuple[Any, ...]:
    """The one row of a query that always has one."""
    row = await (await connection.execute(query, parameters)).fetchone()
    if row is None:
        raise AssertionError(f"no row where there is always one: {query}")
    return row


async def time_now(connection: Connection) -> datetime:
    """What time it is for the hub: by the database's clock, since that of a machine may be wrong, and may jump."""
    now: datetime = (await fetch_row(connection, TIME_NOW))[0]
    return now


def _is_readable(socket: int) -> bool:
    waiting = select.poll()
    waiting.register(socket, select.POLLIN | select.POLLPRI)
    return bool(waiting.poll(0))


class Database:
    """A pool of connections to one PostgreSQL.

    Parameters
    ----------
    uri
        A libpq connection string; never logged, since it may hold a password.
    max_size
        The most connections at once.
    """

    def __init__(self, uri: str, *, max_size: int = 10) -> None:
        self._uri = uri
        self.pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            conninfo(uri, name="crosswalk", options=OPTIONS),
            min_size=1,
            max_size=max_size,
            open=False,
            timeout=CONNECT_TIMEOUT_S,
            reconnect_timeout=RECONNECT_WITHIN_S,
            configure=_configure,
            check=self._check,
        )
        self._answered: WeakKeyDictionary[Connection, float] = WeakKeyDictionary()

    def __repr__(self) -> str:
        return f"Database({psycopg.conninfo.conninfo_to_dict(self._uri).get('host', 'localhost')!r})"

    async def open(self) -> None:
        """Open the pool and wait for the first connection.

        Raises
        ------
        DatabaseUnavailable
            No connection within ten seconds.
        """
        try:
            await self.pool.open(wait=True, timeout=CONNECT_TIMEOUT_S)
        except (PoolTimeout, psycopg.OperationalError) as error:
            await self.pool.close()
            raise DatabaseUnavailable(
                f"no connection to PostgreSQL ({self!r}) within {CONNECT_TIMEOUT_S} s: check that the server runs and "
                "that database_url names it"
            ) from error

    async def close(self) -> None:
        """Close all connections."""
        await self.pool.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Lend a connection inside one transaction: committed at the end, rolled back on an error."""
        async with self.pool.connection() as connection:
            async with connection.transaction():
                yield connection
            self._answered[connection] = time.monotonic()

    async def _check(self, connection: Connection) -> None:
        """Ask the server whether it is there, unless it answered a moment ago and did not hang up since.

        A question costs as much as a statement that finds something. A server that died closed the socket, which can
        be read then; so can one over which the server says that it shuts down.
        """
        age_s = time.monotonic() - self._answered.get(connection, -math.inf)
        if age_s > ANSWER_HOLDS_S or _is_readable(connection.fileno()):
            await AsyncConnectionPool.check_connection(connection)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Connection]:
        """Open a connection of one's own outside the pool, in autocommit: for locks that a session holds.

        They are free when the block has ended as it should; after an error as soon as the server has seen the end.
        """
        connection = await AsyncConnection.connect(conninfo(self._uri, name="crosswalk-session"), autocommit=True)
        try:
            yield connection
            with suppress(psycopg.Error):  # then the locks are gone with the connection
                await connection.execute(UNLOCK_ALL)
        finally:
            await connection.close()
