"""The schema is brought to the version of the code, once, and a newer one is left alone."""

import sys
from pathlib import Path

import psycopg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

import crosswalk.store
from crosswalk.store.errors import DatabaseUnavailable
from crosswalk.store.migrate import migrate, newest_revision
from tests.databases import uri_of

SCRIPTS = Path(crosswalk.store.__file__).parent / "migrations"


@pytest.fixture
def empty_database(postgres_server: str) -> str:
    name = "test_migrate"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}")
        connection.execute(f"CREATE DATABASE {name}")
    return uri_of(postgres_server, name)


def revision(uri: str) -> str:
    with psycopg.connect(uri) as connection:
        row = connection.execute("SELECT version_num FROM crosswalk_migrations").fetchone()
    assert row is not None
    return str(row[0])


def test_the_newest_file_is_the_last_migration_of_the_chain():
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))

    assert newest_revision() == ScriptDirectory.from_config(config).get_current_head()


def test_an_empty_database_gets_every_table_and_a_current_one_is_not_touched(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
):
    migrate(empty_database)

    assert revision(empty_database) == newest_revision()
    monkeypatch.setitem(sys.modules, "alembic", None)  # whatever would import it fails
    migrate(empty_database)


def test_the_schema_of_a_newer_version_is_refused(empty_database: str):
    migrate(empty_database)
    with psycopg.connect(empty_database) as connection:
        connection.execute("UPDATE crosswalk_migrations SET version_num = '9999'")

    with pytest.raises(DatabaseUnavailable, match="prepared by another version of Crosswalk"):
        migrate(empty_database)
    assert revision(empty_database) == "9999"
