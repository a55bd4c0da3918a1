"""The page of dependencies has every dependency of `pyproject.toml`, each once, and nothing else."""

import re
import tomllib
from collections import Counter
from importlib.metadata import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "dependencies.md").read_text()
LINE = re.compile(
    r"^\| `(?P<name>[^`]+)` \| (?P<seen>[\w.]+) \| (?P<licence>[^|]+) \| (?P<why>[^|]+) \|$", re.MULTILINE
)
LINES = list(LINE.finditer(PAGE))
ONLY_FOR_BENCH = {"recordlinkage"}
"""Installed by `make bench` alone."""


def names_of(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=~!; ]", requirement, maxsplit=1)[0] for requirement in requirements}


def declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = [
        project["project"]["dependencies"],
        *project["project"]["optional-dependencies"].values(),
        *project["dependency-groups"].values(),
    ]
    return set().union(*map(names_of, groups))


def test_every_dependency_has_exactly_one_line_and_every_line_is_a_dependency():
    assert Counter(line["name"] for line in LINES) == Counter(declared())


def test_every_row_of_a_table_is_such_a_line():
    rows = [row for row in PAGE.splitlines() if row.startswith("| ") and not row.startswith("| Package |")]

    assert rows == [line[0] for line in LINES]


@pytest.mark.parametrize(
    "line", [each for each in LINES if each["name"] not in ONLY_FOR_BENCH], ids=lambda line: line["name"]
)
def test_the_licence_is_the_one_that_the_package_itself_names(line: re.Match[str]):
    named = metadata(line["name"]).get("License-Expression")

    # Older metadata has the licence in free text or not at all: then there is nothing to compare with.
    assert named in {None, line["licence"]}
