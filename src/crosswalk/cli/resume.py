"""`crosswalk resume`: what pauses until somebody puts something right, and letting it go on."""

from typing import TYPE_CHECKING, Annotated

import typer

from crosswalk.cli.opened_hub import in_hub
from crosswalk.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, VerboseOption
from crosswalk.cli.output import JsonValue, counted, print_json, print_line
from crosswalk.cli.who import who_is_here

if TYPE_CHECKING:
    from crosswalk.domain.pause import Pause
    from crosswalk.engine.hub import Hub


def resume(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME", help="A tenant, an org, a sync, or a flow as SYNC/FLOW. None: list what pauses."
        ),
    ] = None,
    by: Annotated[
        str | None, typer.Option("--by", help="Who does it, which is kept. Default: who you are here.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Let what pauses go on, after what it says was put right; without a name, list what pauses (exit code 2)."""
    from crosswalk.engine.resuming import Resumer  # noqa: PLC0415  # the light commands start without the engine

    async def run(hub: "Hub") -> "list[Pause]":
        resumer = Resumer(hub.database)
        return await resumer.standing() if name is None else await resumer.resume(name, by or who_is_here())

    found = in_hub(config, verbose, run)
    if as_json:
        print_json([_as_data(pause) for pause in found])
    elif name is None:
        for pause in found:
            print_line("\n".join(_as_text(pause)))
        print_line(f"{counted(len(found), 'pause')}" + ("; go on with `crosswalk resume NAME`" if found else ""))
    else:
        for pause in found:
            print_line(f"resumed: {pause.kind.value} {pause.name}")
    if name is None and found:
        raise typer.Exit(2)


def _as_text(pause: "Pause") -> list[str]:
    from crosswalk.engine.resuming import fix_of, name_of  # noqa: PLC0415

    return [
        f"{name_of(pause)}   {pause.code}   since {pause.since:%Y-%m-%d %H:%M}Z, looked at again {pause.probes} times",
        f"    {pause.message}",
        f"    fix: {fix_of(pause)}",
    ]


def _as_data(pause: "Pause") -> dict[str, JsonValue]:
    import msgspec  # noqa: PLC0415

    from crosswalk.engine.resuming import fix_of  # noqa: PLC0415

    data: dict[str, JsonValue] = msgspec.to_builtins(pause)
    return {**data, "fix": fix_of(pause)}
