"""`crosswalk init`: a commented start that works, to be edited."""

from pathlib import Path
from typing import Annotated

import typer


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="Where to write; made when it does not exist.")
    ] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that exist already.")] = False,
) -> None:
    """Write a commented configuration to start from."""
    from crosswalk.cli.output import print_line  # noqa: PLC0415
    from crosswalk.config.templates import write_start  # noqa: PLC0415

    for path in write_start(folder, overwrite=force):
        print_line(f"wrote {path}")
    here = "" if folder == Path() else f"cd {folder}; "
    print_line(f"next: {here}cp .env.example .env, fill it in, then: set -a; . ./.env; set +a; crosswalk check")
