"""`crosswalk apply`: saved plans are carried out, exactly, or not at all where the world has moved."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crosswalk.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, VerboseOption
from crosswalk.cli.output import counted, print_json, print_line
from crosswalk.cli.who import who_is_here

if TYPE_CHECKING:
    from crosswalk.config.config import Config

SHOWN = 20
"""So many identities that moved or failed are named; with `--json`, all."""


def apply(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="A file of `crosswalk plan --out`.")
    ],
    only_unmoved: Annotated[
        bool, typer.Option("--only-unmoved", help="Leave out whom the world has moved for, and carry the others out.")
    ] = False,
    by: Annotated[
        str | None, typer.Option("--by", help="Who stands behind it, for the audit trail. Default: who you are here.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Carry saved plans out; where anything has moved since, nothing is written, and it is said for whom."""
    from crosswalk.config.load import load_config  # noqa: PLC0415  # the light commands start without the engine
    from crosswalk.logs import configure_logs  # noqa: PLC0415

    configure_logs(verbose=verbose)
    asyncio.run(_apply(load_config(config), file, only_unmoved, by or who_is_here(), as_json))


async def _apply(config: "Config", file: Path, only_unmoved: bool, by: str, as_json: bool) -> None:
    from crosswalk.cli.progress import Progress  # noqa: PLC0415
    from crosswalk.engine.applying import Application, Moved  # noqa: PLC0415
    from crosswalk.engine.hub import open_hub  # noqa: PLC0415

    progress = Progress("identities")
    outcomes: Counter[str] = Counter()
    trouble: list[dict[str, str]] = []
    async with open_hub(config) as hub:
        async for each in Application(hub, file, by).run(only_unmoved=only_unmoved):
            outcome, message = ("moved", each.because) if isinstance(each, Moved) else (each.outcome, each.message)
            outcomes[outcome] += 1
            progress.at(outcomes.total())
            if isinstance(each, Moved) or each.message:
                trouble.append({"user_id": each.user_id, "outcome": outcome, "message": message})
    progress.end()
    refused = bool(outcomes["moved"]) and not only_unmoved
    if as_json:
        print_json({"applied": not refused, "outcomes": dict(outcomes), "not_written": trouble})
    else:
        for line in trouble[:SHOWN]:
            print_line(f"{line['user_id']}  {line['outcome']}: {line['message']}")
        if len(trouble) > SHOWN:
            print_line(f"… and {len(trouble) - SHOWN:,} more; all of them with --json")
        if refused:
            moved = counted(outcomes["moved"], "identity", "identities")
            print_line(f"nothing was written: {moved} moved since; plan again, or --only-unmoved")
        else:
            parts = ", ".join(f"{number:,} {outcome}" for outcome, number in outcomes.most_common())
            print_line(f"applied: {parts or 'nothing to do'}")
    if refused or any(line["outcome"] != "moved" for line in trouble):
        raise typer.Exit(1)
