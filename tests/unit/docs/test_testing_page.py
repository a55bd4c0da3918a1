"""The page on testing is followed step by step, and its tables are those of the code."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crosswalk.cases.given import GIVEN_KEYS
from crosswalk.cases.observing import PARTS
from crosswalk.cases.reading import read_files
from crosswalk.cli.main import app

PAGE = (Path(__file__).parents[3] / "docs" / "testing.md").read_text(encoding="utf-8")
TUTORIAL = PAGE.partition("## In five minutes\n")[2].partition("\n## ")[0]
STEP = re.compile(r"^(?:[^\n]*\b(Add to|Change) `([^`]+)`:\n\n)?```(console|yaml)\n(.*?)^```$", re.S | re.M)


def keys_of(section: str) -> set[str]:
    """The names in the first column of a section's table."""
    text = PAGE.partition(f"### {section}\n")[2].partition("\n## ")[0].partition("\n### ")[0]
    rows = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def change(path: Path, text: str) -> None:
    """Replace the line of the same key."""
    key = text.partition(":")[0]
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(text if line.startswith(f"{key}:") else line for line in lines))


def test_the_tutorial_works_as_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    steps = STEP.findall(TUTORIAL)
    outputs = 0

    for verb, file, kind, text in steps:
        if kind == "yaml":
            path = Path(file)
            path.write_text(path.read_text() + text) if verb == "Add to" else change(path, text)
            continue
        *before, last = re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]
        for line in before:
            follow(line.strip(), monkeypatch)
        command, _, expected = last.partition("\n")
        assert follow(command, monkeypatch) == expected
        outputs += 1

    assert (len(steps), outputs) == (7, 4)


def follow(command: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Do what a line of the console says."""
    program, *arguments = shlex.split(command)
    if program == "cd":
        monkeypatch.chdir(arguments[0])
        return ""
    return CliRunner().invoke(app, arguments).stdout


def test_everything_that_can_be_given_is_on_the_page() -> None:
    assert keys_of("What is given") == set(GIVEN_KEYS)


def test_everything_that_can_be_expected_is_on_the_page() -> None:
    assert keys_of("What is expected") == set(PARTS)


def test_the_example_of_a_case_can_be_read(tmp_path: Path) -> None:
    block = re.findall(r"```yaml\n(sync: .*?)```", PAGE, re.DOTALL)[0]
    (tmp_path / "example.yaml").write_text(block)

    found = read_files([tmp_path / "example.yaml"], ["customers"])

    assert found.problems == ()
    assert [case.name for case in found.cases] == ["an edited address is restored"]
