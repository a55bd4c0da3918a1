"""What an expression gave, as it comes out of the sandbox."""

from typing import Final, TypeAlias

from msgspec import Struct

Raw: TypeAlias = str | int | float | bool | list[str] | dict[str, str] | None
"""One result: text, number, true/false or a list of texts as they are; `None` for null (clear the field).

`[]` stands for `undefined` (no opinion; an empty list comes as null), `{"message": …}` for a failure.
"""

Row: TypeAlias = list[Raw]
"""The results of all expressions for one user, in their order."""

NO_OPINION: Final[Raw] = []
"""What `undefined` looks like."""


class BadProfile(Struct, frozen=True):
    """A profile that no expression can read; the message says why."""

    message: str


def failure(message: str) -> Raw:
    """A result that says what went wrong."""
    return {"message": message}
