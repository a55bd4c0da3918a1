"""How far a long command has come: one line on stderr that replaces itself, only on a terminal."""

import sys
import time

EVERY_S = 1.0


class Progress:
    """Says how many things were done, once a second, from the first second on.

    Parameters
    ----------
    what
        What is counted: `identities planned`.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._shown = sys.stderr.isatty()
        self._next = time.monotonic() + EVERY_S
        self._any = False

    def at(self, number: int) -> None:
        """So many are done."""
        if not self._shown or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + EVERY_S
        self._any = True
        sys.stderr.write(f"\r{number:,} {self._what} ...")
        sys.stderr.flush()

    def end(self) -> None:
        """Take the line away."""
        if self._any:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
