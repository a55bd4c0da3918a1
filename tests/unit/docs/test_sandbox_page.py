"""The page of the sandbox names files that exist, and every option, call, fault and setting there is."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from crosswalk_sandbox.control import OrgSettings, TenantSettings, fleet_calls, org_calls, tenant_calls
from crosswalk_sandbox.salesforce import FaultOrder
from crosswalk_sandbox.salesforce.pubsub.faults import EventFaultOrder
from crosswalk_sandbox.seeds import SCENARIOS
from crosswalk_sandbox.server import Sandbox

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8")
CONTRACT_TESTS = sorted(
    str(path.relative_to(ROOT))
    for folder in ("auth0_sandbox", "salesforce_sandbox", "sandbox", "node")
    for path in (ROOT / "tests" / "contract" / folder).glob("test_*.py")
)
INNER_TESTS = {"test_org.py", "test_rows.py"}
"""Tests of the org in process, which prove no capability of their own."""


def first_cells(heading: str) -> set[str]:
    """The names in the first column of the table after a heading or a text."""
    body = PAGE.partition(heading)[2].partition("|---")[2].split("\n\n")[0].splitlines()[1:]
    return {re.findall(r"`([^`]+)`", row)[0] for row in body}


def section(heading: str) -> str:
    return PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def test_every_file_that_the_page_names_exists():
    named = set(re.findall(r"`((?:tests|src)/[\w./]+\.\w+)`", PAGE))

    assert len(named) > 30
    assert sorted(name for name in named if not (ROOT / name).is_file()) == []


@pytest.mark.parametrize("row", [line for line in section("What is emulated").splitlines() if "`tests/" in line])
def test_every_row_says_how_faithful_and_is_proven(row: str):
    capability, faithful, proof = (cell.strip() for cell in row.strip("|").split("|"))

    assert capability
    assert faithful
    assert all((ROOT / name).is_file() for name in re.findall(r"`([^`]+)`", proof))


@pytest.mark.parametrize("path", [each for each in CONTRACT_TESTS if Path(each).name not in INNER_TESTS])
def test_every_contract_test_has_a_row(path: str):
    assert f"`{path}`" in section("What is emulated")


def test_the_options_are_those_of_the_program():
    command = [sys.executable, "-m", "crosswalk_sandbox", "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout

    options = set(re.findall(r"(--[a-z][\w-]+)", shown)) - {"--help"}

    assert first_cells("**Alone**") == options
    assert all(f"`{scenario}`" in PAGE for scenario in SCENARIOS)


async def test_the_calls_are_those_of_the_control_api(tmp_path: Path):
    async with Sandbox(tmp_path) as sandbox:
        fleet = sandbox.fleet
        calls = [*fleet_calls(fleet), *tenant_calls(fleet.tenant()), *org_calls(fleet.org())]

    assert first_cells("## Control API") == {f"{method} {path}" for method, path, _ in calls}


def test_the_faults_and_settings_are_those_of_the_control_api():
    assert first_cells("### Faults of the org\n") == set(FaultOrder.__struct_fields__)
    assert first_cells("### Faults of the org's events") == set(EventFaultOrder.__struct_fields__)
    assert first_cells("### Settings of the tenant") == set(TenantSettings.__struct_fields__)
    [settings] = re.findall(r"`POST /salesforce/settings` \| (.*) \|", PAGE)
    assert set(re.findall(r"`(\w+)`", settings)) == set(OrgSettings.__struct_fields__)
