"""The figures by which a machine is chosen are those that the README shows as measured."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text()
SIZING = (ROOT / "docs" / "operations.md").read_text().partition("\n## Sizing\n")[2].partition("\n## ")[0]
FIGURE = re.compile(r"\d[\d,.]*\d|\d")


def cells(page: str, first: str) -> list[str]:
    """A row of a table, by how its first cell begins."""
    (row,) = (line for line in page.splitlines() if line.startswith(f"| {first}"))
    return [cell.strip() for cell in row.strip("|").split("|")]


@pytest.mark.parametrize(
    ("of_the_readme", "of_sizing"),
    [
        ("Durable events taken in", "Events that arrive"),
        ("From the inbox to the org and the ledger", "Changes that are written"),
        ("Reconcile core, 15 mapped fields", "Mapped fields"),
        ("Memory of that worker", "Memory"),
        ("Salesforce calls for 1,000 changed", "API calls"),
        ("Calls to look up 1,000 unknown users", "API calls"),
    ],
)
def test_sizing_says_what_was_measured(of_the_readme: str, of_sizing: str):
    measured = set(FIGURE.findall(cells(README, of_the_readme)[1]))

    assert measured
    assert measured <= set(FIGURE.findall(cells(SIZING, of_sizing)[1])), "docs/operations.md has other figures"
