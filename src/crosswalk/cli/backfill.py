"""`crosswalk backfill`: everybody who was there before the hub, matched first, and written when somebody wants it."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from crosswalk.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, VerboseOption
from crosswalk.cli.output import JsonValue, print_json, print_line
from crosswalk.cli.who import who_is_here
from crosswalk.domain.backfill import Direction, Stage

if TYPE_CHECKING:
    from crosswalk.config.config import Config
    from crosswalk.domain.backfill import Backfill
    from crosswalk.engine.backfill.orders import Backfills
    from crosswalk.engine.hub import Hub

LOOK_EVERY_S = 0.5

Sync = Annotated[str | None, typer.Argument(metavar="[SYNC]", help="Which sync; not needed when there is only one.")]


def backfill(
    sync: Sync = None,
    direction: Annotated[
        Direction,
        typer.Option(
            "--direction",
            help="users: everybody, and who has no record gets one as the sync says. records: only users to whom a "
            "record belongs. both: everybody, and records that belong to nobody are counted.",
        ),
    ] = Direction.USERS,
    deals: Annotated[
        bool,
        typer.Option(
            "--deals",
            help="Also the deals that were won before: the report names them, and once it is written, the flow "
            "closed_won makes users of their contacts, and invites them.",
        ),
    ] = False,
    match_only: Annotated[
        bool, typer.Option("--match-only", help="Only find out what would be done. That is the default.")
    ] = False,
    write: Annotated[
        bool, typer.Option("--write", help="Write what was matched; match first where that was not done yet.")
    ] = False,
    approve: Annotated[
        bool, typer.Option("--approve", help="With --write: even where the report has more than the thresholds allow.")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with one that was paused or interrupted.")] = False,
    pause: Annotated[bool, typer.Option("--pause", help="Let it rest once the chunks under way are done.")] = False,
    cancel: Annotated[bool, typer.Option("--cancel", help="End it where it is; what was written stays.")] = False,
    status: Annotated[bool, typer.Option("--status", help="Show how far the newest one is.")] = False,
    report: Annotated[
        Path | None,
        typer.Option("--report", dir_okay=False, help="Write whom the report names to this file: .csv, or .json."),
    ] = None,
    by: Annotated[str | None, typer.Option("--by", help="Who orders it. Default: who you are here.")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Link, create and update for all users and records that were there before; first a report, then the writes."""
    from crosswalk.config.load import load_config  # noqa: PLC0415  # the light commands start without the engine
    from crosswalk.logs import configure_logs  # noqa: PLC0415

    if sum((write or match_only, resume, pause, cancel, status)) > 1 or (write and match_only):
        raise typer.BadParameter("choose one of --match-only, --write, --resume, --pause, --cancel and --status")
    if approve and not write:
        raise typer.BadParameter("--approve goes with --write")
    if report is not None and report.suffix not in {".csv", ".json"}:
        raise typer.BadParameter("--report: expected a file name that ends with .csv or .json")
    configure_logs(verbose=verbose)
    wish = _Wish(direction, deals, write, approve, resume, pause, cancel, status, by or who_is_here())
    done = asyncio.run(_backfill(load_config(config), sync, wish, report, shown=not as_json))
    if as_json:
        print_json(_as_data(done))
        return
    from crosswalk.cli.backfill_text import as_text  # noqa: PLC0415

    for line in as_text(done):
        print_line(line)


class _Wish(NamedTuple):
    """What was asked for."""

    direction: Direction
    deals: bool
    write: bool
    approve: bool
    resume: bool
    pause: bool
    cancel: bool
    status: bool
    by: str


async def _backfill(config: "Config", sync: str | None, wish: _Wish, report: Path | None, *, shown: bool) -> "Backfill":
    """Do what was asked for, and work along until there is nothing to do."""
    from crosswalk.cli.backfill_text import write_report  # noqa: PLC0415
    from crosswalk.engine.backfill.orders import Backfills  # noqa: PLC0415
    from crosswalk.engine.hub import open_hub  # noqa: PLC0415

    name = _chosen(config, sync)
    async with open_hub(config) as hub:
        desk = Backfills(hub.database)
        found = await _ordered(hub, desk, name, wish)
        if found.works and not wish.status:
            found = await _work_along(hub, desk, found, shown=shown)
        if report is not None:
            await write_report(desk, found, report)
        return found


def _chosen(config: "Config", sync: str | None) -> str:
    if sync is None:
        if len(config.syncs) != 1:
            raise typer.BadParameter(f"there are several syncs; name one: {', '.join(config.syncs)}")
        return next(iter(config.syncs))
    if sync not in config.syncs:
        raise typer.BadParameter(f"there is no sync {sync}; there are: {', '.join(config.syncs)}")
    return sync


async def _ordered(hub: "Hub", desk: "Backfills", sync: str, wish: _Wish) -> "Backfill":
    """Carry out the order; returns the back-fill that it is about."""
    from crosswalk.domain.ids import SyncName  # noqa: PLC0415

    name = SyncName(sync)
    if wish.status:
        return await desk.last_of(name)
    if wish.pause or wish.cancel:
        number = (await desk.last_of(name)).id
        return await (desk.pause(number, paused=True) if wish.pause else desk.cancel(number))
    if wish.resume:
        last = await desk.last_of(name)
        return await desk.pause(last.id, paused=False) if last.paused else last
    found = await desk.open_of(name)
    if found is not None and wish.write:
        if wish.deals and not found.deals:
            raise typer.BadParameter(f"back-fill {found.id} was begun without --deals: cancel it, and begin anew")
        return await desk.write(found.id, wish.by, approve=wish.approve)
    definition = hub.compiled[name].definition
    return await desk.order(definition, wish.direction, wish.by, write=wish.write, deals=wish.deals)


async def _work_along(hub: "Hub", desk: "Backfills", begun: "Backfill", *, shown: bool) -> "Backfill":
    """Work on the back-fill beside whatever workers run, and show how far it is, until there is nothing to do."""
    from crosswalk.cli.backfill_text import progress  # noqa: PLC0415
    from crosswalk.engine.backfill.run import work_on  # noqa: PLC0415

    working = asyncio.create_task(work_on(hub, begun.id))
    try:
        with progress(shown=shown) as show:
            while not working.done():
                show(await desk.read(begun.id))
                await asyncio.wait([working], timeout=LOOK_EVERY_S)
        await working
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
    return await desk.read(begun.id)


def _as_data(found: "Backfill") -> dict[str, "JsonValue"]:
    import msgspec  # noqa: PLC0415

    data: dict[str, JsonValue] = msgspec.to_builtins(found)
    data["progress"] = msgspec.to_builtins(found.progress)
    data["waits_for_approval"] = found.stage is Stage.MATCHED and found.needs_approval
    return data
