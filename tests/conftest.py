"""What every test may use: a real PostgreSQL with a migrated, empty database for each test that asks for one."""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from crosswalk.store.database import Database
from crosswalk.store.embedded import EmbeddedPostgres
from tests.databases import Databases
from tests.nightly import NIGHTLY

# How long examples take says more about who else uses the machine than about them.
settings.register_profile(
    "shared machine",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=not NIGHTLY,
    print_blob=NIGHTLY,
)
settings.load_profile("shared machine")

FASTER_THAN_SAFE = (
    "ALTER SYSTEM SET fsync = off",
    "ALTER SYSTEM SET full_page_writes = off",
)
"""A test's data may be lost with the machine; tests that kill PostgreSQL start a server of their own."""

NOTHING_SKIPPED = "CROSSWALK_NOTHING_SKIPPED"
"""Set where every test has what it needs (in CI): there a skipped test is a failure."""


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run that skipped a test where nothing may be skipped; with xdist, in the process that reports."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get(NOTHING_SKIPPED) and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


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
            yield server.uri
        finally:
            server.remove()


@pytest.fixture(scope="session")
def databases(postgres_server: str) -> Databases:
    """What lends databases of that server."""
    return Databases(postgres_server)


@pytest.fixture
def postgres_uri(databases: Databases) -> Iterator[str]:
    """The address of a migrated, empty database."""
    with databases.lend() as uri:
        yield uri


@pytest.fixture
async def database(postgres_uri: str) -> AsyncIterator[Database]:
    """An open pool on a fresh, migrated, empty database."""
    pool = Database(postgres_uri)
    await pool.open()
    yield pool
    await pool.close()
