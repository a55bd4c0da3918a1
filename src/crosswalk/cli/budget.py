"""`crosswalk budget`: what is left of the vendors' limits, how long it lasts, and who spent it."""

from typing import TYPE_CHECKING

from crosswalk.cli.opened_hub import in_hub
from crosswalk.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, VerboseOption
from crosswalk.cli.output import counted, print_json, print_line

if TYPE_CHECKING:
    from crosswalk.engine.budget.view import BudgetView, EndpointView
    from crosswalk.engine.hub import Hub


def budget(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False, verbose: VerboseOption = False) -> None:
    """Show how many API calls are left, how long they last, and what they were spent on."""
    import msgspec  # noqa: PLC0415  # the light commands start without the engine

    from crosswalk.engine.budget.view import terms_of, view_budgets  # noqa: PLC0415

    async def read(hub: "Hub") -> "list[BudgetView]":
        return await view_budgets(hub.database, terms_of(hub.config))

    found = in_hub(config, verbose, read)
    if as_json:
        print_json([msgspec.to_builtins(each) for each in found])
        return
    for each in found:
        print_line("\n".join(budget_as_text(each)))


def budget_as_text(seen: "BudgetView") -> list[str]:
    """A budget in a few lines."""
    lines = [f"{seen.kind} {seen.name}: {_left(seen)}", f"    {seen.forecast}"]
    if seen.limit is not None and seen.used is not None:
        kept = f"{seen.reserve:.0%} kept for others"
        lines.append(
            f"    {seen.used:,} of {seen.limit:,} calls used in 24 hours by all, {seen.own:,} by the hub; {kept}"
        )
    lines += [f"    {_resting(each)}" for each in seen.resting]
    for spent in seen.spent:
        whom = f" for {spent.sync}" if spent.sync else ""
        lines.append(f"    {spent.calls:>9,}  {spent.purpose}{whom}")
    return lines


def _left(seen: "BudgetView") -> str:
    if seen.left is None or seen.share is None:
        return f"{counted(seen.own, 'call')} in 24 hours"
    return f"{seen.left:,} of the hub's {seen.share:,} calls left"


def _resting(endpoint: "EndpointView") -> str:
    until = "" if endpoint.resting_until is None else f"{endpoint.resting_until:%H:%M:%S} UTC"
    if endpoint.because == "circuit":
        return f"{endpoint.name}: does not answer; one call tries again at {until}"
    return f"{endpoint.name}: the vendor asked to wait until {until}"
