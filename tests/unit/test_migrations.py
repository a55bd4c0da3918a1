"""Migrations only add: processes of the version before work on beside the new ones (docs/operations.md)."""

import re
from pathlib import Path

import pytest

import crosswalk.store

VERSIONS = sorted((Path(crosswalk.store.__file__).parent / "migrations" / "versions").glob("v[0-9]*.py"))

TAKES_AWAY = re.compile(
    r"\bDROP (?:TABLE|COLUMN|CONSTRAINT|INDEX|IDENTITY|DEFAULT|FUNCTION)\b|\bRENAME\b|\bSET NOT NULL\b|\bTYPE [a-z]|"
    r"\bADD COLUMN \w+ [^,;]*NOT NULL(?![^,;]*DEFAULT)|\bADD (?:CONSTRAINT|UNIQUE|CHECK|PRIMARY KEY|FOREIGN KEY)\b",
    re.IGNORECASE,
)

EXPLAINED = {
    "v0002_records_as_sources.py": {"DROP CONSTRAINT", "ADD UNIQUE", "ADD PRIMARY KEY"},
    # The unique key of each gets one more column with a default, before there was a version to run beside.
    "v0018_partitions.py": {"DROP CONSTRAINT", "DROP IDENTITY", "RENAME", "ADD CONSTRAINT", "ADD PRIMARY KEY"},
    # The tables are replaced under their names, and do for a process of before all that they did.
    "v0025_lighter_indexes.py": {"DROP INDEX"},
    # Nobody looks for what they found any more, but a process of before, which finds it without them.
    "v0026_order_of_keys.py": {"DROP INDEX", "DROP CONSTRAINT", "ADD PRIMARY KEY"},
    # The same keys with their columns in another order: ON CONFLICT names the columns alone.
}
"""What a migration takes away all the same, and why nobody misses it."""


def taken_away(text: str) -> set[str]:
    statements = re.sub(r"--[^\n]*", "", text)
    return {found.group().upper() for found in TAKES_AWAY.finditer(statements)}


@pytest.mark.parametrize("path", VERSIONS, ids=lambda path: path.name)
def test_a_migration_only_adds(path: Path):
    text = path.read_text()

    assert taken_away(text.split('"""', 2)[2]) <= EXPLAINED.get(path.name, set())


def test_what_takes_away_is_recognised():
    assert taken_away("ALTER TABLE links DROP COLUMN base;") == {"DROP COLUMN"}
    assert taken_away("ALTER TABLE a RENAME TO b; ALTER TABLE c ALTER d TYPE bigint;") == {"RENAME", "TYPE B"}
    assert taken_away("ALTER TABLE a ADD COLUMN b text NOT NULL;") == {"ADD COLUMN B TEXT NOT NULL"}
    assert taken_away("ALTER TABLE a ADD COLUMN b text NOT NULL DEFAULT ''; CREATE INDEX c ON a (b);") == set()
    assert taken_away("-- DROP TABLE in a comment\nCREATE TABLE a (b text NOT NULL);") == set()
