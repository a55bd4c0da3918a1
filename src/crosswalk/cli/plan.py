"""`crosswalk plan`: what would be written, field by field with the reason, writing nothing."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crosswalk.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, VerboseOption
from crosswalk.cli.output import counted, print_line

if TYPE_CHECKING:
    from crosswalk.config.config import Config
    from crosswalk.domain.ids import SyncName
    from crosswalk.domain.plan import Plan
    from crosswalk.engine.hub import Hub


def plan(
    config: ConfigOption = DEFAULT_CONFIG,
    user: Annotated[list[str] | None, typer.Option("--user", help="An Auth0 user id; may be given often.")] = None,
    events: Annotated[
        Path | None, typer.Option("--events", exists=True, dir_okay=False, help="A file of events or tenant logs.")
    ] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Every user of the tenant.")] = False,
    sync: Annotated[str | None, typer.Option("--sync", help="Which sync; not needed when there is only one.")] = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Show every write that a sync would make, field by field with its reason; writes nothing."""
    from crosswalk.config.load import load_config  # noqa: PLC0415  # the light commands start without the engine
    from crosswalk.logs import configure_logs  # noqa: PLC0415

    if (user is not None) + (events is not None) + everybody != 1:
        raise typer.BadParameter("give one of --user ID, --events FILE and --all")
    configure_logs(verbose=verbose)
    asyncio.run(_plan(load_config(config), sync, user, events, as_json))


async def _plan(
    config: "Config", sync: str | None, users: list[str] | None, events: Path | None, as_json: bool
) -> None:
    from crosswalk.cli.plan_text import plan_as_text  # noqa: PLC0415
    from crosswalk.domain.ids import SyncName  # noqa: PLC0415
    from crosswalk.engine.hub import open_hub  # noqa: PLC0415

    definition = config.definition(sync or only_sync(config))
    async with open_hub(config) as hub:
        changed = seen = writes = 0
        async for one in _previews(hub, SyncName(definition.name), users, events):
            seen += 1
            writes += sum(len(write.fields) for write in one.writes)
            changed += bool(one.writes)
            print_line(json.dumps(_as_data(one)) if as_json else "\n".join(plan_as_text(one)))
        if not as_json:
            found = counted(seen, "identity", "identities")
            print_line(f"{found}: {changed} with writes ({counted(writes, 'field')}), {seen - changed} without")


def only_sync(config: "Config") -> str:
    """The sync of a configuration that has one."""
    if len(config.syncs) != 1:
        raise typer.BadParameter(f"there are several syncs; choose one by --sync: {', '.join(config.syncs)}")
    return next(iter(config.syncs))


def _previews(hub: "Hub", sync: "SyncName", users: list[str] | None, events: Path | None) -> AsyncIterator["Plan"]:
    from crosswalk.domain.ids import UserId  # noqa: PLC0415
    from crosswalk.engine.previewing import (  # noqa: PLC0415
        preview_events,
        preview_everybody,
        preview_users,
        read_events,
    )

    if users:
        return preview_users(hub, sync, [UserId(user) for user in users])
    if events:
        return preview_events(hub, sync, read_events(events.read_bytes(), str(events)))
    return preview_everybody(hub, sync)


def _as_data(plan: "Plan") -> object:
    import msgspec  # noqa: PLC0415

    return msgspec.to_builtins(plan)
