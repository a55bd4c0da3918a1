"""Options that several commands take."""

from pathlib import Path
from typing import Annotated

import typer

ConfigOption = Annotated[
    Path,
    typer.Option("--config", "-c", envvar="CROSSWALK_CONFIG", help="The configuration file.", show_default=True),
]
"""Which `crosswalk.yaml` to use; declare it with the default `DEFAULT_CONFIG`."""

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of text for people.")]
"""Whether the output is for a program; declare it with the default `False`."""

VerboseOption = Annotated[
    bool, typer.Option("--verbose", "-v", help="Log what is of interest when looking for a fault.")
]
"""How much is logged on stderr; declare it with the default `False`."""

DEFAULT_CONFIG = Path("crosswalk.yaml")
"""The configuration file in the current folder."""
