"""Ports of commands that people start: the same each time where they are free, so that bookmarks keep working."""

import socket


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
