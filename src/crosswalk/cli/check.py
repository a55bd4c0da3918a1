"""`crosswalk check`: everything about a configuration that can be verified without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import typer

from crosswalk.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from crosswalk.cli.output import JsonValue
    from crosswalk.config import Config, Problem
    from crosswalk.domain.definition import SyncDefinition


def check(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Verify the configuration offline, and report every mistake at once."""
    from crosswalk.cases.reading import find_files, read_files  # noqa: PLC0415
    from crosswalk.cli.output import print_json  # noqa: PLC0415
    from crosswalk.config import ConfigurationError, load_config  # noqa: PLC0415

    try:
        loaded = load_config(config)
    except ConfigurationError as error:
        _refuse(error.problems, "the configuration", as_json)
    in_tests = read_files(find_files(config), list(loaded.syncs)).problems
    if in_tests:
        _refuse(in_tests, "the test files", as_json)
    if as_json:
        syncs = [_sync_for_programs(definition) for definition in loaded.definitions.values()]
        print_json({"ok": True, "problems": [], "syncs": syncs})
    else:
        _print_summary(loaded, config)


def _refuse(problems: Sequence[Problem], where: str, as_json: bool) -> NoReturn:
    from crosswalk.cli.output import print_json  # noqa: PLC0415

    if as_json:
        print_json({"ok": False, "problems": [problem_for_programs(problem) for problem in problems]})
    else:
        print_problems(problems, where)
    raise typer.Exit(1)


def print_problems(problems: Sequence[Problem], where: str = "the configuration") -> None:
    """Print mistakes one a line with their places, and how many there are; nothing where there are none."""
    from crosswalk.cli.output import coloured, counted, print_error, print_line  # noqa: PLC0415

    for problem in problems:
        place = str(problem.place)
        print_line(coloured(place, "cyan"), str(problem).removeprefix(place))
    if problems:
        print_error(f"{counted(len(problems), 'problem')} in {where}")


def _print_summary(config: Config, path: Path) -> None:
    from crosswalk.cli.output import coloured, counted, print_line  # noqa: PLC0415

    counts = f"{counted(len(config.tenants), 'tenant')}, {counted(len(config.orgs), 'org')}"
    print_line(coloured("ok", "bold green"), f"  {path}: {counts}, {counted(len(config.syncs), 'sync')}")
    for definition in config.definitions.values():
        print_line(f"    {definition.name}: tenant {definition.tenant} and org {definition.org}")
        for target in definition.targets:
            creates = ", creates records" if target.create else ""
            fields, rules = counted(len(target.fields), "field"), counted(len(target.match), "match rule")
            print_line(f"        {target.object}: {fields}, {rules}{creates}")


def problem_for_programs(problem: Problem) -> JsonValue:
    """A mistake as data."""
    return {
        "file": problem.place.file,
        "line": problem.place.line,
        "path": problem.path,
        "message": problem.message,
        "expected": problem.expected,
        "suggestion": problem.suggestion,
    }


def _sync_for_programs(definition: SyncDefinition) -> JsonValue:
    return {
        "name": definition.name,
        "tenant": definition.tenant,
        "org": definition.org,
        "targets": [
            {
                "object": target.object,
                "create": target.create,
                "fields": [mapped.field for mapped in target.fields],
                "match": [rule.name for rule in target.match],
            }
            for target in definition.targets
        ],
    }
