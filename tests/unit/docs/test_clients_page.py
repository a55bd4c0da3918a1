"""The page of what each client exercised is what the contract tests do."""

from pathlib import Path

import pytest

from tests.contract.exercised import page

PAGE = Path(__file__).parents[3] / "docs" / "sandbox-clients.md"


@pytest.fixture(scope="module")
def listed() -> str:
    return page()


def test_the_page_lists_what_the_tests_call(listed: str):
    assert PAGE.read_text(encoding="utf-8") == listed, "run `make docs`"


def test_a_method_is_found_by_any_name_of_what_it_belongs_to(listed: str):
    # By the fixture's name, by a name for a part of it, and by one of several names given at once.
    assert "| `users.roles` | `assign`, `delete`, `list` |" in listed
    assert "| `organizations.members.effective_roles.sources.groups` | `list` |" in listed
    assert "| `guardian.factors` | `list`, `set` |" in listed
    assert "- a composite call passes what one step created to the next" in listed
