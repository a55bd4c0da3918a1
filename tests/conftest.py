"""What every test may use: a real PostgreSQL with a fresh, migrated database for each test that asks for one."""

import itertools
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from crosswalk.store.database import Database
from crosswalk.store.embedded import EmbeddedPostgres
from crosswalk.store.migrate import migrate

# How long examples take says more about who else uses the machine than about them.
settings.register_profile("shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared machine")

TEMPLATE = "crosswalk_template"
FASTER_THAN_SAFE = (
    "ALTER SYSTEM SET fsync = off",
    "ALTER SYSTEM SET full_page_writes = off",
)
"""A test's data may be lost with the machine; tests that kill PostgreSQL start a server of their own."""

_numbers = itertools.count(1)

NOTHING_SKIPPED = "CROSSWALK_NOTHING_SKIPPED"
"""Set where every test has what it needs (in CI): there a skipped test is a failure."""


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run that skipped a test where nothing may be skipped; with xdist, in the process that reports."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get(NOTHING_SKIPPED) and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def uri_of(server_uri: str, name: str) -> str:
    """The same server's address with another database's name."""
    return urlunsplit(urlsplit(server_uri)._replace(path=f"/{name}"))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a server that lives as long as this test process (with xdist: one for each worker)."""
    # A short path: the server's socket lies in it, and a socket's path holds about a hundred characters.
    with tempfile.TemporaryDirectory(prefix="cw-pg-") as folder:
        server = EmbeddedPostgres(Path(folder) / "data")
        try:
            with psycopg.connect(server.uri, autocommit=True) as connection:
                for setting in FASTER_THAN_SAFE:
                    connection.execute(setting)
                connection.execute("SELECT pg_reload_conf()")
                connection.execute(f"CREATE DATABASE {TEMPLATE}")
            migrate(uri_of(server.uri, TEMPLATE))
            yield server.uri
        finally:
            server.remove()


@pytest.fixture
def postgres_uri(postgres_server: str) -> Iterator[str]:
    """The address of a fresh, migrated, empty database."""
    name = f"test_{next(_numbers)}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
    yield uri_of(postgres_server, name)
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database(postgres_uri: str) -> AsyncIterator[Database]:
    """An open pool on a fresh, migrated, empty database."""
    pool = Database(postgres_uri)
    await pool.open()
    yield pool
    await pool.close()
