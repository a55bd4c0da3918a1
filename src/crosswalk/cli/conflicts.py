"""`crosswalk conflicts`: what rules cannot decide, and a person can."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from crosswalk.cli.opened_hub import in_hub
from crosswalk.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, VerboseOption
from crosswalk.cli.output import JsonValue, counted, print_json, print_line
from crosswalk.cli.who import who_is_here

if TYPE_CHECKING:
    from crosswalk.engine.conflict_view import ConflictView
    from crosswalk.engine.desk import Desk
    from crosswalk.store.problems import Problem

T = TypeVar("T")

conflicts = typer.Typer(
    name="conflicts",
    help="What rules cannot decide, and a person can: which record is whose, whose value counts, what flips.",
    no_args_is_help=True,
)
"""The group of commands; registered in `crosswalk.cli.main`."""

Which = Annotated[str, typer.Argument(metavar="ID", help="The number of a conflict, or an Auth0 user id.")]
By = Annotated[str | None, typer.Option("--by", help="Who decides, for the audit trail. Default: who you are here.")]


@conflicts.command("list")
def list_conflicts(
    sync: Annotated[str | None, typer.Option("--sync", help="Only those of this sync.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="The most to list.")] = 50,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """List the open conflicts and the fields in quarantine, youngest first."""
    found = _at_the_desk(config, verbose, lambda desk: desk.open_conflicts(limit, sync=sync))
    if as_json:
        print_json([_as_data(problem) for problem in found])
        return
    for problem in found:
        what = f"{problem.object}.{problem.field}" if problem.field else problem.object
        print_line(f"{problem.id}  {problem.code}  {problem.user_id}  {what}".rstrip())
        print_line(f"    {problem.message}")
    print_line(
        f"{counted(len(found), 'conflict')} open" + ("; show one with `crosswalk conflicts show ID`" if found else "")
    )


@conflicts.command("show")
def show(
    which: Which,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Show a conflict with both sides, the candidates with their evidence (best first), and how to settle it."""
    from crosswalk.cli.conflict_text import view_as_data, view_as_text  # noqa: PLC0415

    async def views(desk: "Desk") -> list["ConflictView"]:
        return [await desk.view(problem) for problem in await desk.find(which)]

    found = _at_the_desk(config, verbose, views)
    if as_json:
        print_json([view_as_data(view) for view in found])
        return
    print_line("\n\n".join("\n".join(view_as_text(view)) for view in found))


@conflicts.command("decide")
def decide(
    which: Which,
    record: Annotated[str | None, typer.Option("--record", help="The record with this id is the user's.")] = None,
    create: Annotated[bool, typer.Option("--create", help="The user gets a new record.")] = False,
    leave: Annotated[bool, typer.Option("--leave", help="The user gets no record.")] = False,
    object_name: Annotated[
        str | None, typer.Option("--object", help="The object of the record, where it is not clear.")
    ] = None,
    take: Annotated[
        str | None, typer.Option("--take", help="Whose value a field gets on both sides: auth0 or salesforce.")
    ] = None,
    field: Annotated[str | None, typer.Option("--field", help="Which field, where ID is a user with several.")] = None,
    by: By = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Decide a conflict; a running hub carries it out at once, in your name."""
    from crosswalk.cli.deciding import Order, carry_out  # noqa: PLC0415

    order = Order(record or "", create, leave, object_name or "", take or "", field or "", by or who_is_here())
    done = _at_the_desk(config, verbose, lambda desk: carry_out(desk, which, order))
    if as_json:
        print_json(done.data)
    else:
        print_line(done.text)


@conflicts.command("release")
def release(
    which: Which,
    field: Annotated[str | None, typer.Option("--field", help="Which field, where ID is a user with several.")] = None,
    by: By = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Take a field out of quarantine: the hub writes it again."""
    from crosswalk.cli.deciding import carry_out_release  # noqa: PLC0415

    done = _at_the_desk(config, verbose, lambda desk: carry_out_release(desk, which, field or "", by or who_is_here()))
    if as_json:
        print_json(done.data)
    else:
        print_line(done.text)


@conflicts.command("reopen")
def reopen(
    which: Which,
    by: By = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Take back which record is a user's, as with a user who was left alone: the rules decide again."""
    done = _at_the_desk(config, verbose, lambda desk: desk.reopen_everywhere(which, by or who_is_here()))
    if as_json:
        print_json([{"sync": sync, "user_id": user_id} for sync, user_id in done])
    else:
        for sync, user_id in done:
            print_line(f"reopened: the rules of {sync} decide about {user_id} again")


def _at_the_desk(config: Path, verbose: bool, task: "Callable[[Desk], Awaitable[T]]") -> T:
    """Do something at the desk of a configuration's hub."""
    from crosswalk.engine.desk import desk_of  # noqa: PLC0415  # the light commands start without the engine

    return in_hub(config, verbose, lambda hub: task(desk_of(hub)))


def _as_data(problem: "Problem") -> dict[str, "JsonValue"]:
    from crosswalk.cli.conflict_text import problem_as_data  # noqa: PLC0415

    return problem_as_data(problem)
