"""`crosswalk test`, as a person, a program and a CI server see it."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner, Result

from crosswalk.cli.main import app
from tests.unit.cases.builders import LEAD, write_tests

WRONG = LEAD.replace("Email: ada@example.com\n", "Email: ada@example.org\n")


@pytest.fixture(autouse=True)
def in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def crosswalk_test(*arguments: str) -> Result:
    """Run it without a single variable of the configuration."""
    return CliRunner().invoke(app, ["test", *arguments])


def test_good_cases_end_well(tmp_path: Path) -> None:
    write_tests(tmp_path)

    result = crosswalk_test()

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[-1] == "1 case: 1 passed"


def test_a_failure_names_both_values_and_both_lines(tmp_path: Path) -> None:
    write_tests(tmp_path, WRONG)

    result = crosswalk_test()

    assert result.exit_code == 1
    assert result.stdout.splitlines()[:4] == [
        "FAIL  somebody new becomes a Lead   tests/leads.yaml:2",
        "  record.Email   tests/leads.yaml:9",
        '    expected  "ada@example.org"',
        '    got       "ada@example.com"  (created, was (empty))   from crosswalk.yaml:49',
    ]
    assert result.stdout.splitlines()[-1] == "1 case: 0 passed, 1 failed"


def test_cases_are_chosen_by_name_and_by_file(tmp_path: Path) -> None:
    write_tests(tmp_path, WRONG)
    write_tests(tmp_path, LEAD.replace("somebody new", "another"), "good.yaml")

    assert crosswalk_test("--name", "ANOTHER").stdout.endswith("1 case: 1 passed\n")
    assert crosswalk_test("tests/good.yaml").stdout.endswith("1 case: 1 passed\n")
    assert crosswalk_test("tests").stdout.endswith("2 cases: 1 passed, 1 failed\n")


def test_nothing_to_run_is_a_failure(tmp_path: Path) -> None:
    write_tests(tmp_path)

    result = crosswalk_test("--name", "nobody")

    assert result.exit_code == 1
    assert result.stderr.startswith("error: no case was run: write some into tests/*.yaml")


def test_too_little_coverage_is_a_failure_that_says_what_is_missing(tmp_path: Path) -> None:
    write_tests(tmp_path)

    result = crosswalk_test("--coverage-min", "90")

    assert result.exit_code == 1
    assert "  not exercised: Lead.Title   crosswalk.yaml:51\n" in result.stdout
    assert result.stderr == "error: 31.6 % is exercised, and 90 % is demanded\n"
    assert crosswalk_test("--coverage-min", "30").exit_code == 0


def test_a_mistake_in_a_test_file_is_a_failure(tmp_path: Path) -> None:
    write_tests(tmp_path, LEAD.replace("creates", "create"))

    result = crosswalk_test()

    assert result.exit_code == 1
    assert "unknown key create (expected one of: situation, creates," in result.stdout
    assert ", did you mean creates?" in result.stdout


def test_programs_get_the_plan_the_differences_and_the_coverage(tmp_path: Path) -> None:
    write_tests(tmp_path, WRONG)

    result = crosswalk_test("--json")

    found = json.loads(result.stdout)
    assert (result.exit_code, found["ok"], found["problems"]) == (1, False, [])
    (case,) = found["cases"]
    assert (case["name"], case["file"], case["line"], case["passed"]) == (
        "somebody new becomes a Lead",
        "tests/leads.yaml",
        2,
        False,
    )
    assert case["differences"][0]["what"] == "record.Email"
    assert case["plan"]["record"]["LastName"] == {"new": "Lovelace", "old": None, "reason": "created"}
    assert found["coverage"][0]["percent"] == 31.6


def test_ci_servers_get_a_junit_report(tmp_path: Path) -> None:
    write_tests(tmp_path, WRONG + LEAD.partition("\n")[2].replace("somebody new", "another"))

    crosswalk_test("--junit", "report.xml")

    (suite,) = ElementTree.parse(tmp_path / "report.xml").getroot()  # noqa: S314  # our own
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("tests/leads.yaml", "2", "1")
    failed, passed = suite
    assert 'expected "ada@example.org", got "ada@example.com"' in (failed[0].text or "")
    assert (passed.get("name"), list(passed)) == ("another becomes a Lead", [])
