"""A back-fill for people: how far it is, what its report says, and the report as a file."""

import csv
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from crosswalk.cli.output import counted
from crosswalk.domain.backfill import Backfill, Outcome, Outlook, Progress, Report, Stage

if TYPE_CHECKING:
    from crosswalk.engine.backfill.orders import Backfills

Show: TypeAlias = Callable[[Backfill], None]

STAGES = {
    Stage.READING: "reading both sides",
    Stage.MATCHING: "matching, writing nothing",
    Stage.MATCHED: "matched",
    Stage.WRITING: "writing",
    Stage.DONE: "done",
    Stage.CANCELLED: "cancelled",
}
OUTLOOKS = {
    Outlook.LINK: "to be linked with a record that is there",
    Outlook.CREATE: "to get a new record",
    Outlook.UPDATE: "linked already, and to be brought in step",
    Outlook.SAME: "linked already, and in step",
    Outlook.CONFLICT: "to be decided by a person",
    Outlook.WAIT: "to wait, as the rules say",
    Outlook.NO_RECORD: "without a record, and to get none",
    Outlook.LEFT_ALONE: "left alone",
    Outlook.FAILED: "that the hub stumbled over",
    Outlook.DEAL: "won deals, to be told to the flow closed_won",
}
OUTCOMES = {
    Outcome.WRITTEN: "written",
    Outcome.UNCHANGED: "in step already",
    Outcome.OPEN: "left open, as the report says",
    Outcome.HANDED_OVER: "handed over to the workers, which go on with them",
}


def as_text(found: Backfill) -> Iterator[str]:
    """A back-fill in lines."""
    state = "paused, " if found.paused and found.finished_at is None else ""
    yield f"back-fill {found.id} of {found.sync} ({found.direction.value}): {state}{STAGES[found.stage]}"
    if found.finished_at is None and found.stage is not Stage.MATCHED:
        yield f"  {progress_as_text(found.progress)}"
    if found.error:
        yield f"  waits: {found.error}"
    if found.report is not None:
        yield from _report(found.report)
    for outcome, words in OUTCOMES.items():
        if number := found.outcomes.get(outcome, 0):
            yield f"  {number:>10,}  {words}"
    if found.stage is Stage.MATCHED:
        yield from _next_step(found)
    elif found.paused and found.finished_at is None:
        yield "go on with --resume"


def _report(report: Report) -> Iterator[str]:
    yield f"  {counted(report.users, 'user')} and {counted(report.records, 'record')} were read; users"
    for outlook, words in OUTLOOKS.items():
        if number := report.outlooks.get(outlook, 0):
            yield f"  {number:>10,}  {words}"
    if report.contested:
        yield f"  {report.contested:>10,}  of those to be decided match a record that another user gets"
    for name, number in sorted(report.unclaimed.items()):
        yield f"  {number:>10,}  records of {name} belong to nobody"


def _next_step(found: Backfill) -> Iterator[str]:
    report = found.report
    if report is None or not found.needs_approval:
        yield "nothing was written; write it with --write"
        return
    yield "more than the thresholds of the sync allow:"
    for each in report.too_much:
        yield f"  {each.identities:>10,}  {each.kind.value} ({each.allowed:,} allowed)"
    yield "nothing was written; approve it, and have it written, with --write --approve"


def progress_as_text(progress: Progress) -> str:
    """How far a stage is: `12,000 of 1,000,000 users, 5,200/s, 3 min left`."""
    parts = [f"{progress.done:,}" + (f" of {progress.total:,}" if progress.total is not None else "") + " users"]
    if progress.rate is not None:
        parts.append(f"{progress.rate:,.0f}/s")
    if progress.left_s:
        parts.append(f"{_duration(progress.left_s)} left")
    return ", ".join(parts)


def _duration(seconds: float) -> str:
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


@contextmanager
def progress(*, shown: bool) -> Iterator[Show]:
    """How far each stage is, on standard error where that is a terminal."""
    from rich.console import Console  # noqa: PLC0415  # the light commands start without it
    from rich.progress import BarColumn, TextColumn  # noqa: PLC0415
    from rich.progress import Progress as Bars  # noqa: PLC0415

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[words]}"))
    with Bars(*columns, console=console, disable=not (shown and console.is_terminal)) as bars:
        tasks = {}

        def show(found: Backfill) -> None:
            now = found.progress
            if found.stage not in tasks:
                tasks[found.stage] = bars.add_task(STAGES[found.stage], total=None, words="")
            words = f"{progress_as_text(now)}{'; waits: ' + found.error if found.error else ''}"
            bars.update(tasks[found.stage], completed=now.done, total=now.total, words=words)

        yield show


async def write_report(desk: "Backfills", found: Backfill, file: Path) -> None:
    """Write whom the report names to a file, as CSV or as JSON by its name."""
    import msgspec  # noqa: PLC0415

    from crosswalk.domain.backfill import Finding  # noqa: PLC0415

    with file.open("w", encoding="utf-8", newline="") as out:
        if file.suffix == ".csv":
            rows = csv.DictWriter(out, Finding.__struct_fields__)
            rows.writeheader()
            async for findings in desk.all_findings(found.id):
                rows.writerows(_safe(msgspec.to_builtins(each)) for each in findings)
            return
        out.write("[")
        separator = "\n"
        async for findings in desk.all_findings(found.id):
            for each in findings:
                out.write(separator + json.dumps(msgspec.to_builtins(each), ensure_ascii=False))
                separator = ",\n"
        out.write("\n]\n")


def _safe(row: dict[str, str]) -> dict[str, str]:
    """Cells that a spreadsheet would take for formulas are marked as text."""
    return {
        name: f"'{value}" if value[:1] in {"=", "+", "-", "@", "\t", "\r"} else value for name, value in row.items()
    }
