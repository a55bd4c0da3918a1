"""The page of the command line names every visible command and option, and no other."""

import re
from pathlib import Path

import click
import pytest
import typer.main

from crosswalk.cli.main import app

PAGE = (Path(__file__).parents[3] / "docs" / "cli.md").read_text(encoding="utf-8")
PROGRAM = typer.main.get_command(app)
COMMANDS: dict[str, click.Command] = PROGRAM.commands  # type: ignore[attr-defined]  # a group, of Typer's own class
OF_EVERY_COMMAND = {"--help", "-h"}


def section_of(title: str) -> str:
    """What stands under a heading."""
    found = re.search(rf"^## `{re.escape(title)}`\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert found, f"docs/cli.md has no section for {title}"
    return found.group(1)


def options_in_table(section: str) -> set[str]:
    """The options of the first column of a section's table."""
    rows = re.findall(r"^\| (`-.*?) \|", section, re.MULTILINE)
    return {option for row in rows for option in re.findall(r"`(--?[\w-]+)`", row)}


def commands_of(command: click.Command) -> dict[str, click.Command]:
    """The commands of a group; none where it is a command itself."""
    return getattr(command, "commands", {})


def visible_options(command: click.Command) -> set[str]:
    """The options of a command; of a group, those of all its commands."""
    if command is not PROGRAM and commands_of(command):
        return set().union(*(visible_options(each) for each in commands_of(command).values()))
    context = click.Context(command)
    parameters = (each for each in command.get_params(context) if each.param_type_name == "option")
    return {name for each in parameters if not getattr(each, "hidden", False) for name in each.opts}


def test_each_command_has_its_section_and_no_other_has_one():
    visible = {f"crosswalk {name}" for name, command in COMMANDS.items() if not command.hidden}

    assert set(re.findall(r"^## `(.*)`$", PAGE, re.MULTILINE)) == {"crosswalk", *visible}


def test_each_command_of_a_group_has_an_example():
    groups = {name: commands_of(command) for name, command in COMMANDS.items() if commands_of(command)}

    assert groups
    for name, group in groups.items():
        for each in group:
            assert f"$ crosswalk {name} {each}" in section_of(f"crosswalk {name}")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_options_of_a_command_are_those_on_its_page(name: str):
    assert options_in_table(section_of(f"crosswalk {name}")) == visible_options(COMMANDS[name]) - OF_EVERY_COMMAND


def test_the_options_of_the_program_itself_are_those_on_its_page():
    assert options_in_table(section_of("crosswalk")) == visible_options(PROGRAM) | OF_EVERY_COMMAND


@pytest.mark.parametrize("name", COMMANDS)
def test_the_examples_of_a_command_use_only_its_options(name: str):
    lines = re.findall(rf"^\$ crosswalk {name}(.*)$", section_of(f"crosswalk {name}"), re.MULTILINE)

    assert lines
    used = {word for line in lines for word in line.split() if word.startswith("-")}
    assert used <= visible_options(COMMANDS[name])


@pytest.mark.parametrize("name", COMMANDS)
def test_the_arguments_of_a_command_are_on_its_page(name: str):
    section = section_of(f"crosswalk {name}")
    commands = [COMMANDS[name], *commands_of(COMMANDS[name]).values()]
    arguments = [each for command in commands for each in command.params if each.param_type_name == "argument"]

    for argument in arguments:
        shown = (argument.metavar or argument.name or "").strip("[]").upper()
        assert f"| `{shown}` |" in section


def test_the_environment_variables_are_those_of_the_configuration_page():
    configuration = (Path(__file__).parents[3] / "docs" / "configuration.md").read_text(encoding="utf-8")

    named = set(re.findall(r"^\| `(CROSSWALK_\w+)`", PAGE, re.MULTILINE))

    assert named == set(re.findall(r"^\| `(CROSSWALK_\w+)`", configuration, re.MULTILINE))
