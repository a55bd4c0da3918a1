"""`crosswalk doctor`: everything that has to be right around a hub, looked at for real."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import typer

from crosswalk.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crosswalk.engine.diagnosis.finding import Finding


def doctor(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Look at database, tenants, orgs, permissions and sources for real, and say how to fix what is wrong."""
    from crosswalk.cli.output import print_json  # noqa: PLC0415
    from crosswalk.config.load import load_config  # noqa: PLC0415
    from crosswalk.engine.diagnosis.diagnose import diagnose  # noqa: PLC0415
    from crosswalk.engine.diagnosis.finding import Verdict  # noqa: PLC0415
    from crosswalk.logs import configure_logs  # noqa: PLC0415

    configure_logs(verbose=False)
    findings = asyncio.run(diagnose(load_config(config)))
    healthy = all(each.verdict is not Verdict.FAULT for each in findings)
    if as_json:
        listed = [
            {"verdict": each.verdict.value, "subject": each.subject, "message": each.message, "fix": each.fix}
            for each in findings
        ]
        print_json({"ok": healthy, "findings": listed})
    else:
        _print(findings)
    if not healthy:
        raise typer.Exit(1)


def _print(findings: Sequence[Finding]) -> None:
    from crosswalk.cli.output import coloured, counted, print_line  # noqa: PLC0415
    from crosswalk.engine.diagnosis.finding import Verdict  # noqa: PLC0415

    styles = {Verdict.GOOD: "green", Verdict.WARNING: "yellow", Verdict.FAULT: "bold red"}
    for each in findings:
        print_line(coloured(f"{each.verdict.value:8}", styles[each.verdict]), f"{each.subject}: {each.message}")
        if each.fix:
            print_line(f"          {each.fix}")
    faults = sum(each.verdict is Verdict.FAULT for each in findings)
    warnings = sum(each.verdict is Verdict.WARNING for each in findings)
    print_line(f"{counted(faults, 'fault')}, {counted(warnings, 'warning')}")
