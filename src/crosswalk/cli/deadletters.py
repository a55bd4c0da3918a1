"""`crosswalk deadletters`: what was refused for good, by cause; replayed after a fix, or discarded with a reason."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from crosswalk.cli.opened_hub import in_hub
from crosswalk.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, VerboseOption
from crosswalk.cli.output import JsonValue, counted, print_json, print_line
from crosswalk.cli.who import who_is_here

if TYPE_CHECKING:
    from crosswalk.engine.dead_letters import DeadLetters, Letter
    from crosswalk.store.dead_letters import Selection

T = TypeVar("T")

deadletters = typer.Typer(
    name="deadletters",
    help="What a vendor refused for good: by cause, with what to do; replay after a fix, or discard with a reason.",
    no_args_is_help=True,
)
"""The group of commands; registered in `crosswalk.cli.main`."""

Which = Annotated[
    str, typer.Argument(metavar="NAME", help="The number of a dead letter, the name of a cause, or an Auth0 user id.")
]
WhichOrAll = Annotated[
    str | None,
    typer.Argument(metavar="NAME", help="The number of a dead letter, the name of a cause, or an Auth0 user id."),
]
All = Annotated[bool, typer.Option("--all", help="Every open dead letter; with --sync those of the sync.")]
Sync = Annotated[str | None, typer.Option("--sync", help="Only those of this sync.")]
By = Annotated[str | None, typer.Option("--by", help="Who does it, which is kept. Default: who you are here.")]


@deadletters.command("list")
def list_letters(
    cause: Annotated[
        str | None, typer.Option("--cause", help="The letters of this cause, one by one, instead of the causes.")
    ] = None,
    sync: Sync = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="The most to list.")] = 50,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """List the causes of the open dead letters, the most frequent first; exit code 2 when there are any."""
    from crosswalk.cli.deadletter_text import group_as_data, group_as_text, letter_as_data, line_of  # noqa: PLC0415

    async def read(desk: "DeadLetters") -> tuple[list[dict[str, JsonValue]], list[str]]:
        if cause is not None:
            letters = await desk.letters(await desk.find(cause, sync or ""), limit)
            return [letter_as_data(each) for each in letters], [line_of(each) for each in letters]
        groups = await desk.groups(desk.all(sync or ""), limit)
        return [group_as_data(each) for each in groups], [line for each in groups for line in group_as_text(each)]

    data, lines = _at(config, verbose, read)
    if as_json:
        print_json(data)
    else:
        for line in lines:
            print_line(line)
        print_line(counted(len(data), "letter" if cause else "cause") + _hint(cause, data))
    if data:
        raise typer.Exit(2)


@deadletters.command("show")
def show(
    which: Which,
    show_values: Annotated[
        bool, typer.Option("--show-values", help="Show the person's values; it is kept who did.")
    ] = False,
    sync: Sync = None,
    by: By = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Show a dead letter with the vendor's words, what was to be written, and what to do; of several, the first ten."""
    from crosswalk.cli.deadletter_text import letter_as_data, letter_as_text  # noqa: PLC0415

    async def read(desk: "DeadLetters") -> "list[Letter]":
        if which.isascii() and which.isdecimal() and len(which) < 19:
            found = [await desk.letter(int(which))]
        else:
            found = await desk.letters(await desk.find(which, sync or ""), 10)
        if not show_values:
            return found
        return [await desk.reveal(letter.problem.id or 0, by or who_is_here()) for letter in found]

    found = _at(config, verbose, read)
    if as_json:
        print_json([letter_as_data(letter) for letter in found])
    else:
        print_line("\n\n".join("\n".join(letter_as_text(letter)) for letter in found))


@deadletters.command("replay")
def replay(
    which: WhichOrAll = None,
    everything: All = False,
    sync: Sync = None,
    by: By = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Try again after a fix, in order, behind what is live; a letter goes away once there is nothing left to write."""

    async def task(desk: "DeadLetters") -> int:
        return await desk.replay(await _selected(desk, which, everything, sync), by or who_is_here())

    number = _at(config, verbose, task)
    if as_json:
        print_json({"replayed": number})
    else:
        print_line(f"replayed: {counted(number, 'subject')} due again, behind what is live")


@deadletters.command("discard")
def discard(
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept with who discarded it.")],
    which: WhichOrAll = None,
    everything: All = False,
    sync: Sync = None,
    by: By = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Give dead letters up: what they are about stays as it is until something else about it changes."""

    async def task(desk: "DeadLetters") -> int:
        return await desk.discard(await _selected(desk, which, everything, sync), by or who_is_here(), reason)

    number = _at(config, verbose, task)
    if as_json:
        print_json({"discarded": number})
    else:
        print_line(f"discarded: {counted(number, 'dead letter')}")


async def _selected(desk: "DeadLetters", which: str | None, everything: bool, sync: str | None) -> "Selection":
    if (which is None) is not everything:
        raise typer.BadParameter("give either the name of what is meant, or --all")
    return desk.all(sync or "") if which is None else await desk.find(which, sync or "")


def _at(config: Path, verbose: bool, task: "Callable[[DeadLetters], Awaitable[T]]") -> T:
    """Do something about its dead letters, in the hub of a configuration."""
    from crosswalk.engine.dead_letters import dead_letters_of  # noqa: PLC0415  # the light commands start without the engine

    return in_hub(config, verbose, lambda hub: task(dead_letters_of(hub)))


def _hint(cause: str | None, data: list[dict[str, JsonValue]]) -> str:
    if not data:
        return ""
    return "; see one with `crosswalk deadletters show " + ("NUMBER`" if cause else "CAUSE`")
