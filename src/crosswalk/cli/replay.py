"""`crosswalk replay`: what a changed configuration would have made of the events that came."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crosswalk.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, VerboseOption

if TYPE_CHECKING:
    from crosswalk.config.config import Config
    from crosswalk.engine.replaying import FieldDifference, ReplayReport
    from crosswalk.store.past import Span

DIFFERENT = 2
"""Exit code when something would have come out differently."""


def replay(
    changed: Annotated[
        Path | None,
        typer.Option(
            "--with", exists=True, help="A changed configuration; its plans are compared with those of `--config`."
        ),
    ] = None,
    last: Annotated[
        int, typer.Option("--last", min=1, help="The newest so many events of those that are meant.")
    ] = 1000,
    since: Annotated[
        str | None, typer.Option("--since", help="From this time on (UTC if it says no zone), or from this number on.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", help="Before this time, or up to this number of the inbox.")
    ] = None,
    event: Annotated[str | None, typer.Option("--event", help="Only the event with this id.")] = None,
    sync: Annotated[str | None, typer.Option("--sync", help="Which sync; not needed when there is only one.")] = None,
    live: Annotated[bool, typer.Option("--live", help="Ask the org for records of users who had no link.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Show what the configuration would make of events that were dealt with already; writes nothing."""
    from crosswalk.cli.output import print_json  # noqa: PLC0415  # the light commands start without the engine
    from crosswalk.cli.plan import only_sync  # noqa: PLC0415
    from crosswalk.config.load import load_config  # noqa: PLC0415
    from crosswalk.logs import configure_logs  # noqa: PLC0415
    from crosswalk.store.past import Span  # noqa: PLC0415

    configure_logs(verbose=verbose)
    loaded = load_config(config)
    chosen = str(loaded.definition(sync or only_sync(loaded)).name)
    span = Span(
        since=_time(since, "--since"),
        until=_time(until, "--until"),
        first=_number(since),
        last=_number(until),
        newest=last,
        event_id=event,
    )
    report = asyncio.run(_replay(loaded, config, changed, chosen, span, live=live))
    if as_json:
        import msgspec  # noqa: PLC0415

        print_json(msgspec.to_builtins(report))
    else:
        _print(report, "was written" if changed is None else "would have been planned")
    if any(each.differences for each in report.identities):
        raise typer.Exit(DIFFERENT)


async def _replay(
    loaded: "Config", config: Path, changed: Path | None, sync: str, span: "Span", *, live: bool
) -> "ReplayReport":
    from crosswalk.config.load import load_syncs  # noqa: PLC0415
    from crosswalk.domain.ids import SyncName  # noqa: PLC0415
    from crosswalk.engine.hub import open_hub  # noqa: PLC0415
    from crosswalk.engine.replaying import replay as replay_events  # noqa: PLC0415
    from crosswalk.engine.replaying import runner_of  # noqa: PLC0415

    name = SyncName(sync)
    to_try = runner_of(load_syncs(changed or config), name)
    former = None if changed is None else runner_of(load_syncs(config), name)
    async with open_hub(loaded) as hub:
        return await replay_events(hub, name, span, to_try, former, live=live)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None


def _time(text: str | None, option: str) -> datetime | None:
    if text is None or text.isdecimal():
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{option} {text}: expected a time such as 2026-02-01T12:00, or a number of the inbox"
        ) from None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time


def _print(report: "ReplayReport", former: str) -> None:
    from crosswalk.cli.output import coloured, counted, print_line  # noqa: PLC0415

    different = [each for each in report.identities if each.differences]
    for each in different:
        print_line(coloured(each.user_id, "bold"), f"   {', '.join(each.events)}")
        for difference in each.differences:
            _print_difference(difference)
    skipped = [each for each in report.identities if each.skipped]
    for reason in dict.fromkeys(each.skipped for each in skipped):
        print_line(
            f"{counted(sum(each.skipped == reason for each in skipped), 'identity', 'identities')} skipped: {reason}"
        )
    for what, count in report.fields.items():
        print_line(f"  {what}: {count}")
    seen = f"{counted(report.events, 'event')} of {counted(len(report.identities), 'identity', 'identities')}"
    print_line(f"{seen}: {len(different)} different from what {former}, {len(skipped)} skipped")


def _print_difference(difference: "FieldDifference") -> None:
    from crosswalk.cli.output import coloured, print_line  # noqa: PLC0415

    before = _shown(difference.before, there=difference.before_written)
    after = _shown(difference.after, there=difference.after_written)
    place = f"   ({difference.place})" if difference.place else ""
    print_line(f"  {difference.what}: ", coloured(before, "red"), " → ", coloured(after, "green"), place)


def _shown(value: object, *, there: bool) -> str:
    if not there:
        return "nothing"
    return "(empty)" if value is None else json.dumps(value, ensure_ascii=False)
