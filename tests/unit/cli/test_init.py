"""`crosswalk init` writes a start that passes `crosswalk check`."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from crosswalk.cli.main import app
from crosswalk.config.templates import StartRefused

FILES = [
    ".env.example",
    ".gitignore",
    "README.md",
    "crosswalk.yaml",
    "mappings/contact.yaml",
    "mappings/lead.yaml",
    "tests/people.yaml",
]


def variables_of(example: Path) -> dict[str, str]:
    lines = [line for line in example.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_what_init_writes_passes_check_with_the_variables_of_its_example(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "hub"

    written = CliRunner().invoke(app, ["init", str(folder)])
    environ = variables_of(folder / ".env.example")
    checked = CliRunner(env=environ).invoke(app, ["check", "--config", str(folder / "crosswalk.yaml")])

    assert written.exit_code == 0
    assert files_in(folder) == FILES
    assert checked.exit_code == 0, checked.output
    assert "Lead: 6 fields, 2 match rules, creates records" in checked.stdout


def test_the_cases_that_init_writes_pass_exercise_everything_and_need_no_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    CliRunner().invoke(app, ["init"])

    tested = CliRunner().invoke(app, ["test", "--coverage-min", "100"])

    assert tested.exit_code == 0, tested.output
    assert tested.stdout == "sync customers: 18 of 18 exercised (100 %)\n9 cases: 9 passed\n"


def test_without_its_variables_check_names_each_of_them(tmp_path: Path) -> None:
    CliRunner().invoke(app, ["init", str(tmp_path)])

    checked = CliRunner().invoke(app, ["check", "--config", str(tmp_path / "crosswalk.yaml")])

    assert checked.exit_code == 1
    for name in variables_of(tmp_path / ".env.example"):
        assert f"the environment variable {name} is not set" in checked.stdout


def test_nothing_secret_can_be_committed(tmp_path: Path) -> None:
    CliRunner().invoke(app, ["init", str(tmp_path)])

    assert (tmp_path / ".gitignore").read_text().splitlines() == [".crosswalk/", "secrets/", ".env"]


def test_files_that_exist_are_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")

    refused = CliRunner().invoke(app, ["init", str(tmp_path)])

    assert isinstance(refused.exception, StartRefused)
    assert "README.md" in str(refused.exception)
    assert "--force" in str(refused.exception)
    assert files_in(tmp_path) == ["README.md"]
    assert (tmp_path / "README.md").read_text() == "mine"


def test_force_overwrites(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")

    CliRunner().invoke(app, ["init", str(tmp_path), "--force"])

    assert files_in(tmp_path) == FILES
    assert (tmp_path / "README.md").read_text().startswith("# Crosswalk configuration")


def test_the_current_folder_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    result = CliRunner().invoke(app, ["init"])

    assert files_in(tmp_path) == FILES
    assert "wrote crosswalk.yaml" in result.stdout


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    refused = CliRunner().invoke(app, ["init", str(tmp_path / "file" / "hub")])

    assert isinstance(refused.exception, StartRefused)
    assert "cannot be written: Not a directory" in str(refused.exception)
