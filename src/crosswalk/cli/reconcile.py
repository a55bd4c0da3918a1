"""`crosswalk reconcile`: where the two sides and what the hub knows differ, why, and on request its repair."""

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from crosswalk.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, VerboseOption
from crosswalk.cli.output import counted, print_line
from crosswalk.cli.plan import only_sync

if TYPE_CHECKING:
    from crosswalk.config.config import Config
    from crosswalk.domain.drift import Difference
    from crosswalk.engine.drift.check import DriftOrder, DriftReport, Stages
    from crosswalk.engine.drift.reading import Tick

DIFFERENCES = 2
"""The exit code when the two sides are not in step."""

SHOWN = 50

WORDS = {
    "missed_event": "changed, and no event of it came",
    "edit_outside": "edited on the side that does not own it",
    "rejected_write": "refused by the other side; its dead letter is open",
    "unwritten": "different although neither side changed since the hub last looked",
    "record_gone": "deleted, converted, merged or hidden in Salesforce",
    "user_gone": "not in Auth0 any more",
    "unlinked": "matches, but is not linked",
    "duplicate": "several records with the id of one user",
}


def reconcile(
    config: ConfigOption = DEFAULT_CONFIG,
    sync: Annotated[str | None, typer.Option("--sync", help="Which sync; not needed when there is only one.")] = None,
    sample: Annotated[
        str | None, typer.Option("--sample", help="Check only so many of the known identities: 500, or 5%.")
    ] = None,
    object_name: Annotated[
        str | None, typer.Option("--object", help="Look at the records of this object only.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="Look only at what changed since: 36h, or 2026-01-31T00:00:00Z.")
    ] = None,
    grace: Annotated[
        str, typer.Option("--grace", help="Leave out what changed so recently: its event is on its way.")
    ] = "5m",
    repair: Annotated[
        bool, typer.Option("--repair", help="Keep what was read and let the workers reconcile who differs.")
    ] = False,
    missing_too: Annotated[
        bool, typer.Option("--missing-too", help="Repair what is gone even where that is more than a fifth.")
    ] = False,
    most: Annotated[int, typer.Option("--most", min=0, help="Print at most so many differences.")] = SHOWN,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Compare both sides with what the hub knows; list what differs and why. Exit code 2 when something does."""
    from crosswalk.config.load import load_config  # noqa: PLC0415  # the light commands start without the engine
    from crosswalk.domain.drift import Sample  # noqa: PLC0415
    from crosswalk.engine.drift.check import DriftOrder  # noqa: PLC0415
    from crosswalk.logs import configure_logs  # noqa: PLC0415

    drawn = None if sample is None else Sample.parse(sample)
    if sample is not None and drawn is None:
        raise typer.BadParameter("give a number of identities such as 500, or a share such as 5%")
    order = DriftOrder(
        sample=None if drawn is None or drawn.everybody else drawn,
        object=object_name,
        since=None if since is None else _moment(since),
        repair=repair,
        grace=_duration(grace),
        missing_too=missing_too,
    )
    configure_logs(verbose=verbose)
    report = asyncio.run(_reconcile(load_config(config), sync, order, None if as_json else most))
    if report.differing:
        raise typer.Exit(DIFFERENCES)


def _duration(text: str) -> timedelta:
    from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415

    from crosswalk.config.values import Duration  # noqa: PLC0415

    if text.strip() == "0":
        return timedelta(0)
    try:
        return TypeAdapter[timedelta](Duration).validate_python(text)
    except ValidationError as error:
        raise typer.BadParameter(f"{text} is not a duration such as 30s, 5m or 36h") from error


def _moment(text: str) -> datetime:
    """A time with its zone, or so long ago."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return datetime.now(UTC) - _duration(text)
    if moment.tzinfo is None:
        raise typer.BadParameter(f"{text} has no zone; write it as 2026-01-31T00:00:00Z")
    return moment.astimezone(UTC)


async def _reconcile(config: "Config", sync: str | None, order: "DriftOrder", most: int | None) -> "DriftReport":
    """Check one sync and print what comes of it; `most` differences for people, all of them as JSON for `None`."""
    import msgspec  # noqa: PLC0415

    from crosswalk.domain.ids import SyncName  # noqa: PLC0415
    from crosswalk.engine.drift.check import DriftCheck  # noqa: PLC0415
    from crosswalk.engine.hub import open_hub  # noqa: PLC0415

    shown = 0
    async with open_hub(config) as hub:
        with _progress() as stages:
            check = DriftCheck(hub, SyncName(sync or only_sync(config)), order, stages)
            async for found in check.differences():
                for difference in found:
                    shown += 1
                    if most is None:
                        sys.stdout.write(msgspec.json.encode(difference).decode() + "\n")
                    elif shown <= most:
                        print_line(_as_text(difference))
    report = check.report
    if most is None:
        sys.stdout.write(json.dumps({"summary": _as_data(report, order)}) + "\n")
        return report
    if shown > most:
        print_line(f"… and {counted(shown - most, 'difference')} more")
    for line in _summary(report, order):
        print_line(line)
    return report


@contextmanager
def _progress() -> Iterator["Stages"]:
    """How far each stage is, with rate and remaining time, on standard error where that is a terminal."""
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    from crosswalk.engine.drift.check import Stages  # noqa: PLC0415

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:

        def begin(name: str, total: int | None) -> "Tick":
            task = progress.add_task(name, total=total, rate="")

            def tick(number: int) -> None:
                speed = progress.tasks[task].speed
                progress.update(task, advance=number, rate=f"{speed:,.0f}/s" if speed else "")

            return tick

        yield Stages(begin)


def _as_text(found: "Difference") -> str:
    record = f"{found.object} {found.record_id}".strip()
    where = " ↔ ".join(part for part in (found.user_id, record) if part)
    line = f"{found.cause.value}  {where}"
    if found.field:
        line += f"  {found.field}: Auth0 {_shown(found.auth0)}, Salesforce {_shown(found.salesforce)}"
    if found.side is not None:
        line += f"  ({found.side.value} changed)"
    return f"{line}  {found.detail}" if found.detail else line


def _shown(value: object) -> str:
    return "(empty)" if value is None else json.dumps(value, ensure_ascii=False)


def _summary(report: "DriftReport", order: "DriftOrder") -> Iterator[str]:
    yield (
        f"{counted(report.users, 'user')} and {counted(report.records, 'record')} compared in {report.seconds:.1f} s "
        f"with {report.auth0_calls} + {report.salesforce_calls} API calls (Auth0 + Salesforce)"
    )
    for (cause, name), count in sorted(report.causes.items(), key=lambda item: (-item[1], item[0])):
        yield f"  {count:>8,}  {cause.value}{f' {name}' if name else ''}: {WORDS[cause.value]}"
    differing = counted(report.differing, "identity", "identities")
    if report.immaterial:
        yield f"{counted(report.immaterial, 'identity', 'identities')} changed in what no rule depends on"
    if not report.differing:
        yield "nothing differs"
    elif order.repair:
        yield f"{differing} not in step; {report.repaired} handed to the workers"
        if report.withheld:
            yield (
                f"{counted(report.withheld, 'identity', 'identities')} withheld: more than a fifth is gone, or the hub "
                "may not see it any more. If it is really gone, repair with --missing-too"
            )
    else:
        yield f"{differing} not in step; repair with --repair"


def _as_data(report: "DriftReport", order: "DriftOrder") -> dict[str, object]:
    return {
        "users": report.users,
        "records": report.records,
        "differing": report.differing,
        "immaterial": report.immaterial,
        "repaired": report.repaired if order.repair else None,
        "withheld": report.withheld,
        "causes": [
            {"cause": cause.value, "field": name, "count": count}
            for (cause, name), count in sorted(report.causes.items())
        ],
        "auth0_calls": report.auth0_calls,
        "salesforce_calls": report.salesforce_calls,
        "seconds": round(report.seconds, 3),
    }
