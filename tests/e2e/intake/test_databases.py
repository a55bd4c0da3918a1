"""The databases of these tests: the next test finds nothing of what the one before it left."""

from typing import Any, LiteralString

import psycopg
import pytest

from tests.databases import Databases

ALERT: LiteralString = "INSERT INTO alerts (key, condition) VALUES ('lag', '{}') RETURNING id"
WHICH: LiteralString = "SELECT oid FROM pg_database WHERE datname = current_database()"


def one(uri: str, query: LiteralString) -> Any:
    """The single value that a query returns."""
    with psycopg.connect(uri) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def test_rows_are_gone_numbers_begin_again_and_nobody_knows_the_name(databases: Databases) -> None:
    with databases.lend() as before:
        first, which = one(before, ALERT), one(before, WHICH)
    with databases.lend() as after:
        assert one(after, WHICH) == which
        assert one(after, "SELECT count(*) FROM alerts") == 0
        assert one(after, ALERT) == first == 1
        with pytest.raises(psycopg.OperationalError, match="does not exist"):
            psycopg.connect(before)


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE alerts DROP COLUMN told",
        "ALTER TABLE alerts RENAME TO gone",
        "ALTER TABLE inbox DISABLE TRIGGER inbox_once",
        "DROP INDEX alerts_standing",
        "UPDATE crosswalk_migrations SET version_num = '9999'",
        "CREATE TABLE left_over (id bigint)",
    ],
)
def test_a_database_whose_schema_was_changed_is_never_lent_again(databases: Databases, change: LiteralString) -> None:
    with databases.lend() as uri:
        which = one(uri, WHICH)
        with psycopg.connect(uri) as connection:
            connection.execute(change)
    with databases.lend() as uri:
        assert one(uri, WHICH) != which


def test_who_is_still_connected_is_sent_away(databases: Databases) -> None:
    with databases.lend() as uri:
        late = psycopg.connect(uri)

    with late, pytest.raises(psycopg.OperationalError):
        late.execute(ALERT)
