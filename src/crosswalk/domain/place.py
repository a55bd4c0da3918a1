"""Where in the configuration something was written."""

from msgspec import Struct


class Place(Struct, frozen=True):
    """A line of a configuration file, so that every error and every reason can point at it."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"
