"""What a process of the hub is for."""

from dataclasses import dataclass

STOP_WITHIN_S = 60.0
"""How long work under way may take to finish when the hub stops; what it does not finish is done again later."""


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
    """

    api: bool
    worker: bool
    monitoring_port: int | None = None
    stop_within_s: float = STOP_WITHIN_S
