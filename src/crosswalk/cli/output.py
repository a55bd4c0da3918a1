"""How commands speak: text for people on a terminal or in a pipe, JSON for programs, errors on stderr."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from rich.console import Console
from rich.text import Text

JsonValue: TypeAlias = "str | int | float | bool | Mapping[str, JsonValue] | Sequence[JsonValue] | None"


def print_json(value: JsonValue) -> None:
    """Print one JSON document on stdout, and nothing else may be printed there."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def print_line(*parts: str | Text) -> None:
    """Print one line on stdout; plain strings are taken literally, `Text` may be coloured.

    Lines are never broken at the terminal's width, so that they can be searched and cut.
    """
    Console().print(Text.assemble(*parts), soft_wrap=True, highlight=False)


def print_error(message: str) -> None:
    """Print an error on stderr, `error:` before it."""
    text = Text.assemble(Text("error: ", style="bold red"), message)
    Console(stderr=True).print(text, soft_wrap=True, highlight=False)


def coloured(text: str, style: str) -> Text:
    """Give text a colour or weight, shown only where the output is a terminal."""
    return Text(text, style=style)


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun: `1 sync`, `2 syncs`, `2 identities`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
