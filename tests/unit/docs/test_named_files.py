"""Files that the pages name exist: a reader who follows a name must arrive."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = [
    ROOT / "docs" / "architecture.md",
    ROOT / "docs" / "operations.md",
    *(ROOT / "docs" / "decisions").glob("*.md"),
]
CODE = re.compile(r"`([\w./-]+\.(?:py|js|md|yaml))`")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")

WRITTEN_BY_USERS = {"crosswalk.yaml"}


def exists(name: str) -> bool:
    return any((folder / name).is_file() for folder in (ROOT, ROOT / "src" / "crosswalk", ROOT / "src"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_named_file_exists(page: Path):
    named = set(CODE.findall(page.read_text())) - WRITTEN_BY_USERS

    assert [name for name in sorted(named) if not exists(name)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_page(page: Path):
    links = set(LINK.findall(page.read_text()))

    assert [link for link in sorted(links) if not (page.parent / link).exists()] == []
