"""`crosswalk plan`: what would be written, field by field with the reason, writing nothing."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from crosswalk.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, VerboseOption

if TYPE_CHECKING:
    from crosswalk.config.config import Config
    from crosswalk.domain.definition import SyncDefinition
    from crosswalk.domain.ids import SyncName
    from crosswalk.engine.hub import Hub
    from crosswalk.engine.planning import Planner
    from crosswalk.engine.previewing import Preview, Previewer
    from crosswalk.engine.saved_plans import PlanFile

WRITES = 2
"""The exit code when there is something to write."""


class Request(NamedTuple):
    """What was asked for on the command line; exactly one of the first four, or `replica`, is given."""

    users: list[str] | None
    record: str | None
    events: Path | None
    everybody: bool
    replica: bool
    against: Path | None
    out: Path | None


def plan(
    config: ConfigOption = DEFAULT_CONFIG,
    user: Annotated[list[str] | None, typer.Option("--user", help="An Auth0 user id; may be given often.")] = None,
    record: Annotated[
        str | None, typer.Option("--record", help="A linked Salesforce record id (15 or 18 characters).")
    ] = None,
    events: Annotated[
        Path | None, typer.Option("--events", exists=True, dir_okay=False, help="A file of events or tenant logs.")
    ] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Every user of the tenant.")] = False,
    replica: Annotated[
        bool,
        typer.Option(
            "--replica",
            help="Everybody the hub knows, both sides as it last knew them: linked identities cost no API call.",
        ),
    ] = False,
    against: Annotated[
        Path | None,
        typer.Option(
            "--against", exists=True, dir_okay=False, help="Show only what differs from this configuration's plans."
        ),
    ] = None,
    sync: Annotated[str | None, typer.Option("--sync", help="Which sync; not needed when there is only one.")] = None,
    summary: Annotated[bool, typer.Option("--summary", help="How many of what, with examples; no details.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", dir_okay=False, help="Save the plans for `crosswalk apply`.")
    ] = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Show every write that a sync would make, field by field with its reason; exit code 2 when there are any."""
    from crosswalk.config.load import load_config  # noqa: PLC0415  # the light commands start without the engine
    from crosswalk.logs import configure_logs  # noqa: PLC0415

    subjects = sum(each is not None for each in (user, record, events)) + everybody
    if subjects > 1 or subjects + replica == 0 or (replica and (events is not None or everybody)):
        raise typer.BadParameter(
            "give one of --user ID, --record ID, --events FILE, --all and --replica; --replica goes with --user and "
            "--record, too"
        )
    if out is not None and (events is not None or against is not None):
        raise typer.BadParameter("--out saves what is to be done now: it goes with neither --events nor --against")
    configure_logs(verbose=verbose)
    loaded = load_config(config)
    request = Request(user, record, events, everybody, replica, against, out)
    asyncio.run(_plan(loaded, sync or only_sync(loaded), request, summary, as_json))


async def _plan(config: "Config", sync_name: str, request: Request, only_summary: bool, as_json: bool) -> None:
    from crosswalk.cli.plan_report import PlanReport  # noqa: PLC0415
    from crosswalk.domain.ids import SyncName  # noqa: PLC0415
    from crosswalk.engine.hub import open_hub  # noqa: PLC0415
    from crosswalk.engine.previewing import Previewer  # noqa: PLC0415
    from crosswalk.reconcile.kinds import writes_of_plan  # noqa: PLC0415

    definition = config.definition(sync_name)
    sync = SyncName(definition.name)
    async with open_hub(config) as hub:
        with ExitStack() as stack:
            report = PlanReport(details=not only_summary, as_json=as_json)
            planner, before = _planners(stack, hub, sync, request)
            save = _saving(stack, request, definition)
            async for preview in _previews(hub, Previewer(hub, sync, planner, before), sync, request):
                report.add(preview)
                if save is not None and writes_of_plan(preview.plan):
                    save.add(preview)
            report.end()
            if save is not None:
                save.end()
    if report.with_writes:
        raise typer.Exit(WRITES)


def _planners(
    stack: ExitStack, hub: "Hub", sync: "SyncName", request: Request
) -> tuple["Planner | None", "Planner | None"]:
    """The planner to use instead of the hub's own, and the one to compare with, where one is asked for."""
    from crosswalk.config.load import load_config  # noqa: PLC0415
    from crosswalk.engine.previewing import live_planner, replica_planner  # noqa: PLC0415
    from crosswalk.reconcile.compiled import CompiledSync  # noqa: PLC0415

    lend = replica_planner if request.replica else live_planner
    planner = stack.enter_context(replica_planner(hub, hub.compiled[sync])) if request.replica else None
    if request.against is None:
        return planner, None
    other = load_config(request.against)
    definition = other.definition(sync)
    compiled = CompiledSync(definition, default_region=other.syncs[sync].default_region)
    return planner, stack.enter_context(lend(hub, compiled))


def _saving(stack: ExitStack, request: Request, definition: "SyncDefinition") -> "PlanFile | None":
    if request.out is None:
        return None
    from crosswalk.engine.saved_plans import FORMAT, Basis, Header, PlanFile, definition_digest  # noqa: PLC0415

    basis = Basis.REPLICA if request.replica else Basis.LIVE
    header = Header(FORMAT, definition.name, definition_digest(definition), basis, datetime.now(UTC))
    descriptor = os.open(request.out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)  # it holds people's data
    return PlanFile(stack.enter_context(os.fdopen(descriptor, "wb")), header)


async def _previews(hub: "Hub", previewer: "Previewer", sync: "SyncName", request: Request) -> AsyncIterator["Preview"]:
    from crosswalk.domain.ids import UserId  # noqa: PLC0415
    from crosswalk.engine.previewing import read_events, user_of_record  # noqa: PLC0415

    users = [UserId(user) for user in request.users or ()]
    if request.record is not None:
        users = [await user_of_record(hub, sync, request.record)]
    if users:
        found = previewer.stored(users) if request.replica else previewer.users(users)
    elif request.events is not None:
        found = previewer.events(read_events(request.events.read_bytes(), str(request.events)))
    else:
        found = previewer.replica() if request.replica else previewer.everybody()
    async for preview in found:
        yield preview


def only_sync(config: "Config") -> str:
    """The sync of a configuration that has one."""
    if len(config.syncs) != 1:
        raise typer.BadParameter(f"there are several syncs; choose one by --sync: {', '.join(config.syncs)}")
    return next(iter(config.syncs))
