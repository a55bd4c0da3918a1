"""`crosswalk record-case`: a mapping test made of what really happened, with personal data masked."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crosswalk.cli.options import DEFAULT_CONFIG, ConfigOption, VerboseOption

if TYPE_CHECKING:
    from crosswalk.cases.recorded import RecordedCase
    from crosswalk.config.config import Config


def record_case(
    event_or_user: Annotated[
        str, typer.Argument(metavar="ID", help="The id of an event, or of an Auth0 user as it stands now.")
    ],
    name: Annotated[str | None, typer.Option("--name", help="What the case is called.")] = None,
    into: Annotated[
        Path | None, typer.Option("--into", help="Add the case to this test file instead of printing it.")
    ] = None,
    sync: Annotated[str | None, typer.Option("--sync", help="Which sync; not needed when there is only one.")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    verbose: VerboseOption = False,
) -> None:
    """Make a mapping test of an event or a user in the hub's database, with personal data masked."""
    from crosswalk.cases.writing import append_case, case_text  # noqa: PLC0415  # the light commands start without it
    from crosswalk.cli.output import print_error, print_line  # noqa: PLC0415
    from crosswalk.cli.plan import only_sync  # noqa: PLC0415
    from crosswalk.config.load import load_config  # noqa: PLC0415
    from crosswalk.logs import configure_logs  # noqa: PLC0415

    configure_logs(verbose=verbose)
    loaded = load_config(config)
    chosen = str(loaded.definition(sync or only_sync(loaded)).name)
    case = asyncio.run(_record(loaded, chosen, event_or_user))
    text = case_text(name or f"recorded from {event_or_user}", chosen, case)
    if into is None:
        print_line("cases:\n" + text.rstrip("\n"))
    else:
        append_case(into, text)
        print_line(f"added to {into}; run it with: crosswalk test {into}")
    if case.changed:
        parts = ", ".join(case.changed)
        print_error(f"masking changed the plan ({parts}): the case shows something else than what happened; correct it")


async def _record(config: "Config", sync: str, event_or_user: str) -> "RecordedCase":
    from crosswalk.domain.ids import SyncName  # noqa: PLC0415
    from crosswalk.engine.hub import open_hub  # noqa: PLC0415
    from crosswalk.engine.recording import record_from  # noqa: PLC0415

    async with open_hub(config) as hub:
        return await record_from(hub, SyncName(sync), event_or_user)
