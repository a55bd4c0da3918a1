"""A small configuration with test files beside it, and what comes of running them."""

from pathlib import Path

from crosswalk.cases.reading import TestFiles, find_files, read_files
from crosswalk.cases.suite import Suite, SuiteResult
from crosswalk.config.load import load_syncs
from tests.unit.config.builders import write_files

USER = (
    "{user_id: auth0|ada, email: ada@example.com, email_verified: true, family_name: Lovelace, "
    "identities: [{connection: web}]}"
)

LEAD = f"""\
cases:
  - name: somebody new becomes a Lead
    user: {USER}
    expect:
      situation: no_match
      creates: Lead
      record:
        LastName: Lovelace
        Email: ada@example.com
"""


def write_tests(folder: Path, text: str = LEAD, name: str = "leads.yaml") -> Path:
    """Write a configuration with a test file; returns the path of `crosswalk.yaml`."""
    config = write_files(folder)
    path = folder / "tests" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return config


def read(config: Path) -> TestFiles:
    """Read all test files beside a configuration."""
    return read_files(find_files(config), ["customers"])


def run(config: Path) -> SuiteResult:
    """Run all cases beside a configuration, which have to be without mistakes."""
    found = read(config)
    assert found.problems == (), found.problems
    return Suite(load_syncs(config, {})).run(found.cases)


def differences(folder: Path, text: str) -> list[tuple[str, str, str]]:
    """What each case of a test file expects otherwise than it comes: (what, expected, got)."""
    result = run(write_tests(folder, text))
    return [(each.what, each.expected, each.got) for verdict in result.verdicts for each in verdict.differences]
