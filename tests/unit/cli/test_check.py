"""`crosswalk check`, as a person and as a program see it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crosswalk.cli.main import app
from tests.unit.config.builders import CROSSWALK_YAML, ENVIRON, write_files


def test_a_good_configuration_is_summed_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(tmp_path)
    monkeypatch.chdir(tmp_path)

    result = CliRunner(env=ENVIRON).invoke(app, ["check"])

    assert result.exit_code == 0
    assert result.stdout == (
        "ok  crosswalk.yaml: 1 tenant, 1 org, 1 sync\n"
        "    customers: tenant acme and org crm\n"
        "        Contact: 2 fields, 3 match rules\n"
        "        Lead: 4 fields, 2 match rules, creates records\n"
    )


def test_problems_are_printed_one_a_line_and_the_exit_code_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(tmp_path, CROSSWALK_YAML.replace("  port: 8080", "  prot: 8080").replace("lanes: 2", "lanes: none"))
    monkeypatch.chdir(tmp_path)

    result = CliRunner(env=ENVIRON).invoke(app, ["check"])

    assert result.exit_code == 1
    assert result.stdout == (
        "crosswalk.yaml:4  server.prot  unknown key prot "
        "(expected one of: host, port, processes, public_url, admin_token), did you mean port?\n"
        "crosswalk.yaml:32  syncs.customers.lanes  this is text (expected a whole number)\n"
    )
    assert result.stderr == "error: 2 problems in the configuration\n"


def test_programs_get_problems_as_json(tmp_path: Path) -> None:
    path = write_files(tmp_path, CROSSWALK_YAML.replace("  port: 8080", "  prot: 8080"))

    result = CliRunner(env=ENVIRON).invoke(app, ["check", "--config", str(path), "--json"])

    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "ok": False,
        "problems": [
            {
                "file": str(path),
                "line": 4,
                "path": "server.prot",
                "message": "unknown key prot",
                "expected": "one of: host, port, processes, public_url, admin_token",
                "suggestion": "port",
            }
        ],
    }


def test_programs_get_a_summary_as_json(tmp_path: Path) -> None:
    path = write_files(tmp_path)

    result = CliRunner(env={**ENVIRON, "CROSSWALK_CONFIG": str(path)}).invoke(app, ["check", "--json"])

    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert (report["ok"], report["problems"]) == (True, [])
    assert report["syncs"][0]["name"] == "customers"
    assert report["syncs"][0]["targets"][1] == {
        "object": "Lead",
        "create": True,
        "fields": ["LastName", "Email", "Company", "Title"],
        "match": ["external_id", "verified_email"],
    }


def test_a_missing_file_is_a_problem_like_any_other(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["check", "--config", str(tmp_path / "none.yaml")])

    assert result.exit_code == 1
    assert result.stdout.startswith(f"{tmp_path}/none.yaml:1  the file cannot be read: No such file or directory")


def test_square_brackets_in_names_are_printed_as_they_are(tmp_path: Path) -> None:
    path = write_files(tmp_path, CROSSWALK_YAML.replace("  port: 8080", '  "[red]port": 8080'))

    result = CliRunner(env=ENVIRON).invoke(app, ["check", "--config", str(path)])

    assert "unknown key [red]port" in result.stdout


def test_a_test_file_that_cannot_be_read_is_a_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(tmp_path)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "leads.yaml").write_text(
        "cases:\n  - name: it\n    user: nobody\n    expect: {creates: Lead}\n"
    )
    monkeypatch.chdir(tmp_path)

    result = CliRunner(env=ENVIRON).invoke(app, ["check"])

    assert result.exit_code == 1
    assert result.stdout == (
        "tests/leads.yaml:3  cases[0].user  there is no fixture nobody (expected the name of a fixture)\n"
    )
    assert result.stderr == "error: 1 problem in the test files\n"
