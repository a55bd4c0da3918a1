"""Commands that do something in a hub of their own, beside the one that runs."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from crosswalk.cli.importing import importing

if TYPE_CHECKING:
    from crosswalk.engine.hub import Hub

T = TypeVar("T")


def in_hub(config: Path, verbose: bool, task: "Callable[[Hub], Awaitable[T]]") -> T:
    """Open the hub of a configuration file, do something in it, and close it; returns what the task returns.

    Raises
    ------
    crosswalk.domain.errors.CrosswalkError
        The configuration is wrong, or the database is away; and whatever the task raises.
    """
    with importing():
        from crosswalk.config.load import load_config  # noqa: PLC0415  # the light commands start without the engine
        from crosswalk.engine.hub import open_hub  # noqa: PLC0415
        from crosswalk.logs import configure_logs  # noqa: PLC0415

    configure_logs(verbose=verbose)
    loaded = load_config(config)

    async def run() -> T:
        async with open_hub(loaded) as hub:
            return await task(hub)

    return asyncio.run(run())
