"""What a process of the hub is for."""

import sys
from dataclasses import dataclass
from pathlib import Path

STOP_WITHIN_S = 60.0
"""How long work under way may take to finish when the hub stops; what it does not finish is done again later."""


@dataclass(frozen=True)
class Seat:
    """The place of a process among several that answer requests on one socket.

    Parameters
    ----------
    place
        Its number, from 1.
    descriptor
        The file descriptor of the socket, which listens already.
    """

    place: int
    descriptor: int


@dataclass(frozen=True)
class Roles:
    """What this process does: answer requests, work, or both.

    Parameters
    ----------
    api, worker
        Whether it answers requests; whether it works.
    monitoring_port
        Where it is watched, instead of where that is configured; 0 picks a free port.
    stop_within_s
        How long work under way may take to finish when the process is told to stop, seconds.
    seat
        Where it is one of several that answer requests, started by another one.
    processes, process_command
        How many processes answer requests, and how one is started; with 1, this one answers them itself. `None`: as
        many as are configured.
    """

    api: bool
    worker: bool
    monitoring_port: int | None = None
    stop_within_s: float = STOP_WITHIN_S
    seat: Seat | None = None
    processes: int | None = None
    process_command: tuple[str, ...] = ()


def serve_command(config: Path, *, verbose: bool, stop_within_s: float) -> list[str]:
    """How a process is started that answers requests beside others, but for its seat."""
    command = [sys.executable, "-m", "crosswalk", "serve", "--config", str(config), "--json", "--exit-with-parent"]
    return [*command, "--stop-within", str(stop_within_s), *(["--verbose"] if verbose else [])]
