"""Ports of commands that people start: the same each time where they are free, so that bookmarks keep working."""

import fcntl
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def sole_chooser() -> Iterator[None]:
    """Wait until nobody else of this user chooses ports; held from the choice until the ports are listened at.

    Otherwise two commands that start in the same moment both find a port free, and one of them fails.
    """
    path = Path(tempfile.gettempdir()) / f"crosswalk-ports-{os.getuid()}.lock"
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # ends with the process, however that ends
        yield


def free_port(preferred: int, wanted: int | None = None, host: str = "127.0.0.1") -> int:
    """The port that is wanted; else the preferred one if it is free, and 0 (any) if it is not."""
    if wanted is not None:
        return wanted
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, preferred))
        except OSError:
            return 0
    return preferred
