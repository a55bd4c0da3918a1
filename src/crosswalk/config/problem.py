"""A mistake in the configuration, in words and with a place that its writer can act on."""

from collections.abc import Sequence

from msgspec import Struct

from crosswalk.domain.errors import CrosswalkError
from crosswalk.domain.place import Place

KeyPath = tuple[str | int, ...]
"""Where a value stands in the tree that the configuration is: keys of mappings and positions in lists."""


class Problem(Struct, frozen=True):
    """One mistake.

    Parameters
    ----------
    place
        The file and line of the mistake.
    path
        The same place by names, for example `syncs.customers.targets[1].fields.Emial`.
    message
        What is wrong; never holds the value of a secret.
    expected
        What would have been right, or `""` when the message says it all.
    suggestion
        The nearest valid name, where the mistake looks like a slip of the keyboard.
    """

    place: Place
    path: str
    message: str
    expected: str = ""
    suggestion: str | None = None

    def __str__(self) -> str:
        words = [f"{self.place}  ", f"{self.path}  " if self.path else "", self.message]
        if self.expected:
            words.append(f" (expected {self.expected})")
        if self.suggestion:
            words.append(f", did you mean {self.suggestion}?")
        return "".join(words)


class ConfigurationError(CrosswalkError):
    """The configuration cannot be used; `problems` holds every mistake in it, in the order of files and lines."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        count = len(self.problems)
        heading = f"the configuration has {count} problem{'' if count == 1 else 's'}:"
        super().__init__("\n".join([heading, *map(str, self.problems)]))


def dotted(path: KeyPath) -> str:
    """Write a path the way people do: `targets[1].fields.Email`."""
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text
