"""`crosswalk holds`: mass changes that were stopped before they were written, and wait for a person."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from crosswalk.cli.opened_hub import in_hub
from crosswalk.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, VerboseOption
from crosswalk.cli.output import JsonValue, counted, print_json, print_line
from crosswalk.cli.who import who_is_here

if TYPE_CHECKING:
    from crosswalk.engine.holding import Holds
    from crosswalk.store.holds import Decision, Hold

T = TypeVar("T")

holds = typer.Typer(
    name="holds",
    help="Mass changes that were stopped before they were written, and wait for a person.",
    no_args_is_help=True,
)
"""The group of commands; registered in `crosswalk.cli.main`."""

Which = Annotated[int, typer.Argument(metavar="HOLD", min=1, max=2**63 - 1, help="The number of a hold.")]
By = Annotated[str | None, typer.Option("--by", help="Who decides. Default: who you are here.")]


@holds.command("list")
def list_holds(
    everything: Annotated[bool, typer.Option("--all", help="Those that were decided, too.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="The most to list.")] = 50,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """List what waits, the newest first; exit code 2 when something does."""
    found = _with_holds(config, verbose, lambda desk: desk.newest(limit) if everything else desk.waiting())
    waiting = [hold for hold in found if hold.decision is None]
    if as_json:
        print_json([_as_data(hold) for hold in found[:limit]])
    else:
        for hold in found[:limit]:
            print_line(_as_text(hold))
        print_line(
            f"{counted(len(waiting), 'hold')} waiting" + ("; see `crosswalk holds show HOLD`" if waiting else "")
        )
    if waiting:
        raise typer.Exit(2)


@holds.command("show")
def show(
    which: Which,
    plans: Annotated[bool, typer.Option("--plans", help="Every plan in detail, not only the summary.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Show what would have been written: how many of what, with examples; or every plan."""
    import msgspec  # noqa: PLC0415  # the light commands start without the engine

    from crosswalk.cli.plan_text import plan_as_text  # noqa: PLC0415
    from crosswalk.cli.summary_text import summary_as_text  # noqa: PLC0415

    async def read(desk: "Holds") -> None:
        hold = await desk.read(which)
        if plans:
            async for plan in desk.plans(which):
                print_line(msgspec.json.encode(plan).decode() if as_json else "\n".join(plan_as_text(plan)))
            return
        summary = await desk.summary(which)
        if as_json:
            print_json({**_as_data(hold), "summary": msgspec.to_builtins(summary)})
            return
        print_line(_as_text(hold))
        print_line("\n".join(f"  {line}" for line in summary_as_text(summary)))

    _with_holds(config, verbose, read)


@holds.command("approve")
def approve(
    which: Which,
    unasked_for: Annotated[
        str | None,
        typer.Option("--for", help="Also let further writes of this kind go on, for so long: 30m, 2h."),
    ] = None,
    by: By = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Let the plans be carried out as they were shown; what differs by then is looked at anew."""
    from crosswalk.store.holds import Decision  # noqa: PLC0415

    for_s = None if unasked_for is None else _seconds(unasked_for)
    _decide(config, verbose, as_json, which, Decision.APPROVED, by, for_s)


@holds.command("discard")
def discard(
    which: Which,
    by: By = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Leave records and users as they are; the events are done with."""
    from crosswalk.store.holds import Decision  # noqa: PLC0415

    _decide(config, verbose, as_json, which, Decision.DISCARDED, by, None)


@holds.command("replan")
def replan(
    which: Which,
    by: By = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Plan the identities anew, after a mistake was corrected and the hub was restarted; approves nothing."""
    from crosswalk.store.holds import Decision  # noqa: PLC0415

    _decide(config, verbose, as_json, which, Decision.REPLANNED, by, None)


def _decide(
    config: Path, verbose: bool, as_json: bool, which: int, decision: "Decision", by: str | None, for_s: float | None
) -> None:
    done = _with_holds(config, verbose, lambda desk: desk.decide(which, decision, by or who_is_here(), for_s))
    if as_json:
        print_json(_as_data(done))
        return
    what = {"approved": "are written", "discarded": "are not written", "replanned": "are planned anew"}
    print_line(f"{decision.value}: {counted(done.identities, 'plan')} {what[decision.value]}")


def _with_holds(config: Path, verbose: bool, task: "Callable[[Holds], Awaitable[T]]") -> T:
    """Do something about its holds, in the hub of a configuration."""
    from crosswalk.engine.holding import Holds  # noqa: PLC0415  # the light commands start without the engine

    return in_hub(config, verbose, lambda hub: task(Holds(hub.database)))


def _as_data(hold: "Hold") -> dict[str, "JsonValue"]:
    import msgspec  # noqa: PLC0415

    data: dict[str, JsonValue] = msgspec.to_builtins(hold)
    return data


def _as_text(hold: "Hold") -> str:
    within = f"within {hold.window_s / 60:g} minutes, where {hold.allowed:,} are allowed"
    what = (
        f"{hold.id}  {hold.sync}: {hold.kind}   {counted(hold.identities, 'identity', 'identities')} held   "
        f"({hold.would_be:,} {within}; since {hold.opened_at:%Y-%m-%d %H:%M}Z)"
    )
    if hold.decision is None or hold.decided_at is None:
        return what
    by = f" by {hold.decided_by}" if hold.decided_by else ""
    return f"{what}   {hold.decision}{by} {hold.decided_at:%Y-%m-%d %H:%M}Z"


def _seconds(text: str) -> float:
    from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415

    from crosswalk.config.values import Duration  # noqa: PLC0415

    try:
        return float(TypeAdapter(Duration).validate_python(text).total_seconds())
    except ValidationError:
        raise typer.BadParameter(f"--for {text}: expected a number with a unit: 30m or 2h") from None
