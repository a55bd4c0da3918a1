"""`crosswalk links`: forgetting a link, so that its user is matched anew."""

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from crosswalk.cli.opened_hub import in_hub
from crosswalk.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, VerboseOption
from crosswalk.cli.output import JsonValue, print_error, print_json, print_line
from crosswalk.cli.who import who_is_here

if TYPE_CHECKING:
    from crosswalk.engine.forgetting_links import ForgettableLink
    from crosswalk.engine.hub import Hub

links = typer.Typer(
    name="links",
    help="Which record a user is linked to, and forgetting that.",
    no_args_is_help=True,
)
"""The group of commands; registered in `crosswalk.cli.main`."""


@links.callback()
def group() -> None:
    """Which record a user is linked to, and forgetting that."""


@links.command("forget")
def forget(
    who: Annotated[str, typer.Argument(metavar="WHO", help="An Auth0 user id, or the id of a Salesforce record.")],
    sync: Annotated[str | None, typer.Option("--sync", help="The sync, where several have a link of it.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say which link is meant; forget nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why, which is kept.")] = "",
    by: Annotated[
        str | None, typer.Option("--by", help="Who does it, which is kept. Default: who you are here.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Forget which record a user is linked to; the user is matched anew. Neither side is written by that."""
    if not (dry_run or yes) and (as_json or not sys.stdin.isatty()):
        print_error("nothing was forgotten: say --yes where nobody can be asked")
        raise typer.Exit(1)
    from crosswalk.engine.forgetting_links import LinkForgetter  # noqa: PLC0415  # the light commands start without it

    async def run(hub: "Hub") -> None:
        definitions = {name: compiled.definition for name, compiled in hub.compiled.items()}
        forgetter = LinkForgetter(hub.database, definitions, hub.jobs.wake)
        found = await forgetter.find(who, sync)
        if not as_json:
            print_line("\n".join(_as_text(found)))
        if not dry_run:
            if not yes:
                await asyncio.to_thread(typer.confirm, "Forget this link?", abort=True)
            found = await forgetter.forget(who, by or who_is_here(), found.sync, reason)
            if not as_json:
                print_line("forgotten: the user is matched anew")
        if as_json:
            print_json({**_as_data(found), "forgotten": not dry_run})

    in_hub(config, verbose, run)


def _as_text(found: "ForgettableLink") -> list[str]:
    record = found.link.record
    lines = [
        f"{record.object} {record.id}  ↔  {found.link.user_id}   (sync {found.sync}, linked by {found.link.evidence})"
    ]
    if found.found_again_by:
        lines.append(
            f"  the record carries the user's id in {found.found_again_by}: the user finds it again, unless that is "
            "emptied in Salesforce before"
        )
    return lines


def _as_data(found: "ForgettableLink") -> dict[str, JsonValue]:
    record = found.link.record
    return {
        "sync": found.sync,
        "user_id": found.link.user_id,
        "object": record.object,
        "record_id": record.id,
        "evidence": found.link.evidence,
        "found_again_by": found.found_again_by,
    }
