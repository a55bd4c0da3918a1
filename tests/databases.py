"""Databases for tests, migrated and empty: the one that a test leaves is emptied for the next.

That takes a tenth of the time of a new one. A database whose schema a test changed is dropped instead. Each test's has
a name of its own, so that no process which outlives its test finds the next one's.
"""

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg

from crosswalk.config.retention import RetentionConfig
from crosswalk.engine.housekeeping import tidy
from crosswalk.store.database import Database
from crosswalk.store.migrate import migrate

TEMPLATE = "crosswalk_template"

# Everything by which a test's database could differ from a new one, but for what is in its tables.
SCHEMA = """
SELECT md5(string_agg(thing, E'\\n' ORDER BY thing))
FROM (
    SELECT format('%s %s %s %s', oid, relname, relkind, pg_get_expr(relpartbound, oid))
    FROM pg_class
    WHERE relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT format('%s %s %s %s %s', attrelid, attnum, attname, atttypid, attnotnull)
    FROM pg_attribute
    WHERE attrelid >= 16384
    UNION ALL
    SELECT format('%s %s %s', tgrelid, tgname, tgenabled) FROM pg_trigger
    UNION ALL
    SELECT format('%s %s', oid, md5(prosrc)) FROM pg_proc WHERE oid >= 16384
    UNION ALL
    SELECT format('%s %s', oid, conrelid) FROM pg_constraint
    UNION ALL
    SELECT setconfig::text
    FROM pg_db_role_setting
    WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
    UNION ALL
    SELECT version_num FROM crosswalk_migrations
) AS things (thing)
"""

# A table that was ever written to has pages, even when all of its rows are gone again.
EMPTY = """
DO $$
DECLARE
    written text;
BEGIN
    SELECT string_agg(oid::regclass::text, ', ') INTO written
    FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'crosswalk_migrations'
        AND pg_relation_size(oid) > 0;
    IF written IS NOT NULL THEN
        EXECUTE 'TRUNCATE ' || written || ' CASCADE';
    END IF;
    PERFORM setval(format('%I', sequencename), start_value, false)
    FROM pg_sequences
    WHERE schemaname = 'public' AND last_value IS NOT NULL;
END
$$
"""

LEAVE = "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE datname = %s"
"""Waits up to 30 s for each of them to be gone."""

END_SESSIONS = """
SELECT pg_terminate_backend(pid)
FROM pg_stat_activity
WHERE application_name = 'crosswalk-session' AND datname = current_database()
"""
"""Ends the connections that hold locks of the hub's, as a restart of PostgreSQL does."""


def uri_of(server_uri: str, name: str) -> str:
    """The same server's address with another database's name."""
    return urlunsplit(urlsplit(server_uri)._replace(path=f"/{name}"))


class Databases:
    """Lends the databases of one server.

    Parameters
    ----------
    server_uri
        The address of a server that has no template for tests yet.
    """

    def __init__(self, server_uri: str) -> None:
        self._server_uri = server_uri
        self._names = (f"test_{number}" for number in itertools.count(1))
        self._emptied: list[str] = []
        with psycopg.connect(server_uri, autocommit=True) as server:
            server.execute(f"CREATE DATABASE {TEMPLATE}")
        template = uri_of(server_uri, TEMPLATE)
        migrate(template)
        asyncio.run(_tidy(template))
        with psycopg.connect(template) as connection:
            self._schema = connection.execute(SCHEMA).fetchone()

    @contextmanager
    def lend(self) -> Iterator[str]:
        """The address of a migrated, empty database, whose name begins with `test_`."""
        name = self._emptied.pop() if self._emptied else self._create()
        yield uri_of(self._server_uri, name)
        renamed = self._rename(name)
        if self._empty(renamed):
            self._emptied.append(renamed)
        else:
            with psycopg.connect(self._server_uri, autocommit=True) as server:
                server.execute(f"DROP DATABASE {renamed} WITH (FORCE)")

    def _create(self) -> str:
        name = next(self._names)
        with psycopg.connect(self._server_uri, autocommit=True) as server:
            server.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
        return name

    def _rename(self, name: str) -> str:
        """End all connections, and give the database a name that nobody knows yet."""
        renamed = next(self._names)
        with psycopg.connect(self._server_uri, autocommit=True) as server:
            server.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")
            server.execute(LEAVE, (name,))
            server.execute(f"ALTER DATABASE {name} RENAME TO {renamed}")
            server.execute(f"ALTER DATABASE {renamed} WITH ALLOW_CONNECTIONS true")
        return renamed

    def _empty(self, name: str) -> bool:
        """Empty the database, unless its schema is not that of the template any more; returns whether it is empty."""
        with psycopg.connect(uri_of(self._server_uri, name), autocommit=True) as connection:
            if connection.execute(SCHEMA).fetchone() != self._schema:
                return False
            connection.execute(EMPTY)
            return True


async def _tidy(uri: str) -> None:
    """Do what every hub does first: it would change the schema of each test's database."""
    database = Database(uri)
    await database.open()
    await tidy(database, RetentionConfig())
    await database.close()
