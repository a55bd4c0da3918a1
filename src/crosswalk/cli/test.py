"""`crosswalk test`: the cases beside the mappings, run without a network or a database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crosswalk.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crosswalk.cases.comparing import Difference
    from crosswalk.cases.coverage import Coverage, Item
    from crosswalk.cases.reading import TestFiles
    from crosswalk.cases.suite import SuiteResult, Verdict
    from crosswalk.cli.output import JsonValue


def test(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILES]", exists=True, help="Test files, or folders of them; else tests/ beside the configuration."
        ),
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    name: Annotated[
        list[str] | None, typer.Option("--name", "-k", help="Only cases whose name has this text; may be given often.")
    ] = None,
    coverage: Annotated[bool, typer.Option("--coverage", help="List what no case exercises.")] = False,
    coverage_min: Annotated[
        float | None,
        typer.Option("--coverage-min", min=0, max=100, help="Fail where less than this per cent is exercised."),
    ] = None,
    junit: Annotated[Path | None, typer.Option("--junit", help="Also write a JUnit report to this file.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Run the cases kept beside the mappings, offline; exit code 1 when one fails."""
    from crosswalk.cases.coverage import percent  # noqa: PLC0415  # the light commands start without the engine
    from crosswalk.cases.junit import junit_xml  # noqa: PLC0415
    from crosswalk.cases.reading import find_files, read_files  # noqa: PLC0415
    from crosswalk.cases.suite import Suite  # noqa: PLC0415
    from crosswalk.config.load import load_syncs  # noqa: PLC0415

    syncs = load_syncs(config)
    read = read_files(files or find_files(config), list(syncs.definitions))
    wanted = [text.lower() for text in name or [""]]
    result = Suite(syncs).run([case for case in read.cases if any(text in case.name.lower() for text in wanted)])
    if junit is not None:
        junit.write_bytes(junit_xml(result))
    enough = coverage_min is None or percent(result.coverages) >= coverage_min
    if as_json:
        _print_for_programs(read, result)
    else:
        _print_for_people(read, result, list_missing=coverage or not enough)
        _print_complaints(result, coverage_min if not enough else None)
    if read.problems or result.failed or not enough or not result.verdicts:
        raise typer.Exit(1)


def _print_for_people(read: TestFiles, result: SuiteResult, *, list_missing: bool) -> None:
    from crosswalk.cli.check import print_problems  # noqa: PLC0415
    from crosswalk.cli.output import coloured, counted, print_line  # noqa: PLC0415

    print_problems(read.problems, "test files")
    for verdict in result.failed:
        print_line(coloured("FAIL", "bold red"), f"  {verdict.case.name}   ", coloured(str(verdict.case.place), "cyan"))
        for difference in verdict.differences:
            _print_difference(difference)
    for each in result.coverages:
        _print_coverage(each, list_missing=list_missing)
    failed = len(result.failed)
    cases = counted(len(result.verdicts), "case")
    passed = coloured(f"{len(result.verdicts) - failed} passed", "green")
    print_line(f"{cases}: ", passed, coloured(f", {failed} failed" if failed else "", "bold red"))


def _print_difference(difference: Difference) -> None:
    from crosswalk.cli.output import coloured, print_line  # noqa: PLC0415

    print_line(f"  {difference.what}   ", coloured(str(difference.place), "cyan"))
    print_line("    expected  ", coloured(difference.expected, "green"))
    mapping = "" if difference.mapping is None else f"   from {difference.mapping}"
    print_line("    got       ", coloured(difference.got, "red"), coloured(mapping, "cyan"))


def _print_coverage(coverage: Coverage, *, list_missing: bool) -> None:
    from crosswalk.cases.coverage import percent  # noqa: PLC0415
    from crosswalk.cli.output import coloured, print_line  # noqa: PLC0415

    share = f"{percent([coverage]):.0f} %"
    print_line(f"sync {coverage.sync}: {len(coverage.exercised)} of {coverage.total} exercised ({share})")
    for item in coverage.missing if list_missing else ():
        print_line("  not exercised: ", item.words, "   ", coloured(str(item.place), "cyan"))


def _print_complaints(result: SuiteResult, coverage_min: float | None) -> None:
    from crosswalk.cases.coverage import percent  # noqa: PLC0415
    from crosswalk.cli.output import print_error  # noqa: PLC0415

    if not result.verdicts:
        print_error("no case was run: write some into tests/*.yaml beside the configuration, or name other ones")
    if coverage_min is not None:
        print_error(f"{percent(result.coverages):.1f} % is exercised, and {coverage_min:g} % is demanded")


def _print_for_programs(read: TestFiles, result: SuiteResult) -> None:
    from crosswalk.cli.check import problem_for_programs  # noqa: PLC0415
    from crosswalk.cli.output import print_json  # noqa: PLC0415

    print_json(
        {
            "ok": not read.problems and not result.failed and bool(result.verdicts),
            "problems": [problem_for_programs(each) for each in read.problems],
            "cases": [_verdict_for_programs(each) for each in result.verdicts],
            "coverage": [_coverage_for_programs(each) for each in result.coverages],
        }
    )


def _verdict_for_programs(verdict: Verdict) -> JsonValue:
    from crosswalk.cases.observing import observe  # noqa: PLC0415

    case = verdict.case
    return {
        "name": case.name,
        "sync": case.sync,
        "file": case.place.file,
        "line": case.place.line,
        "passed": verdict.passed,
        "differences": [
            {
                "what": each.what,
                "expected": each.expected,
                "got": each.got,
                "place": str(each.place),
                "mapping": None if each.mapping is None else str(each.mapping),
            }
            for each in verdict.differences
        ],
        "plan": observe(verdict.outcome.plan),
    }


def _coverage_for_programs(coverage: Coverage) -> JsonValue:
    from crosswalk.cases.coverage import percent  # noqa: PLC0415

    return {
        "sync": coverage.sync,
        "percent": round(percent([coverage]), 1),
        "exercised": _items(coverage.exercised),
        "missing": _items(coverage.missing),
    }


def _items(items: Sequence[Item]) -> JsonValue:
    return [{"what": item.words, "place": str(item.place)} for item in items]
