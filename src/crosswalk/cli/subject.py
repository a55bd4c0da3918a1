"""`crosswalk subject`: what the hub holds about a person, handed out or erased on request."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from crosswalk.cli.opened_hub import in_hub
from crosswalk.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, VerboseOption
from crosswalk.cli.output import JsonValue, counted, print_error, print_json, print_line
from crosswalk.cli.who import who_is_here

if TYPE_CHECKING:
    from crosswalk.engine.erasing import Eraser, Subject
    from crosswalk.store.erased import Receipt

T = TypeVar("T")

subject = typer.Typer(
    name="subject",
    help="What the hub holds about a person, handed out or erased on request.",
    no_args_is_help=True,
)
"""The group of commands; registered in `crosswalk.cli.main`."""

Who = Annotated[str, typer.Argument(metavar="SUBJECT", help="An Auth0 user id, or the id of a Salesforce record.")]
Tenant = Annotated[str | None, typer.Option("--tenant", help="The tenant, where several have a user of this id.")]

_DONE = {"leave": "stays as it is", "anonymise": "is made anonymous", "delete": "goes to the recycle bin"}


@subject.command("export")
def export(
    who: Who,
    tenant: Tenant = None,
    config: ConfigOption = DEFAULT_CONFIG,
    verbose: VerboseOption = False,
) -> None:
    """Print everything that is held about a person, table by table, as one JSON document."""
    print_json(_with_eraser(config, verbose, lambda eraser: eraser.export(who, tenant)))


@subject.command("erase")
def erase(
    who: Who,
    tenant: Tenant = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what is held and what would be done; do nothing.")] = (
        False
    ),
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    by: Annotated[str | None, typer.Option("--by", help="Who orders it. Default: who you are here.")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Erase a person from the hub, and from Salesforce as the sync's `on_erasure` says; leaves a receipt."""
    if not (dry_run or yes) and (as_json or not sys.stdin.isatty()):
        print_error("nothing was erased: say --yes where nobody can be asked")
        raise typer.Exit(1)

    async def run(eraser: "Eraser") -> None:
        found = await eraser.look(who, tenant)
        data = _as_data(eraser, found)
        if not as_json:
            _print(eraser, found)
        if not dry_run:
            if not yes:
                await asyncio.to_thread(typer.confirm, "Erase all of this for good?", abort=True)
            receipt = await eraser.erase(who, by or who_is_here(), tenant)
            data = {**data, "receipt": _receipt(receipt)}
            if not as_json:
                print_line(f"erased: receipt {receipt.id}, {receipt.subject}")
        if as_json:
            print_json(data)

    _with_eraser(config, verbose, run)


@subject.command("receipts")
def receipts(
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="The most to list.")] = 50,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """List who was erased when and by whose order, the newest first; people stand there by pseudonyms."""
    found = _with_eraser(config, verbose, lambda eraser: eraser.receipts(limit))
    if as_json:
        print_json([_receipt(each) for each in found])
        return
    for each in found:
        rows = counted(sum(each.rows.values()), "row")
        print_line(f"{each.id}  {each.at:%Y-%m-%d %H:%M}Z  {each.tenant}  {each.subject}  {rows}  by {each.by}")
    print_line(counted(len(found), "receipt"))


def _print(eraser: "Eraser", found: "Subject") -> None:
    person = found.person
    whom = ", ".join(person.users) or ", ".join(person.records)
    print_line(f"{whom} (tenant {person.tenant})")
    width = max(len(f"{number:,}") for number in found.rows.values())
    for table, number in found.rows.items():
        print_line(f"  {number:>{width},}  {table}")
    for deed in eraser.deeds(found):
        print_line(f"  in Salesforce: {deed.object} {deed.record_id} {_DONE[deed.record.value]} (sync {deed.sync})")


def _as_data(eraser: "Eraser", found: "Subject") -> dict[str, JsonValue]:
    import msgspec  # noqa: PLC0415  # the light commands start without the engine

    person = found.person
    return {
        "tenant": person.tenant,
        "users": list(person.users),
        "records": list(person.records),
        "rows": dict(found.rows),
        "salesforce": [msgspec.to_builtins(deed) for deed in eraser.deeds(found)],
    }


def _receipt(receipt: "Receipt") -> dict[str, JsonValue]:
    import msgspec  # noqa: PLC0415

    data: dict[str, JsonValue] = msgspec.to_builtins(receipt)
    return data


def _with_eraser(config: Path, verbose: bool, task: "Callable[[Eraser], Awaitable[T]]") -> T:
    """Do something about a person, in the hub of a configuration."""
    from crosswalk.engine.erasing import Eraser  # noqa: PLC0415  # the light commands start without the engine

    return in_hub(config, verbose, lambda hub: task(Eraser(hub)))
