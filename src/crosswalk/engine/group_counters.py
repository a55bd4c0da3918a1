"""Counters of several processes that stand behind one address: each keeps its own in files, whoever is asked adds up.

Each process has a place in the group, and whoever takes a dead one's place goes on from its counts: so sums never
fall, and files do not pile up. This has to be imported before anything that makes a counter, so it imports nothing.
"""

import os
from pathlib import Path

from prometheus_client import values
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import CollectorRegistry

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable by which the library knows where the files are."""


def join_group(folder: Path, place: str) -> None:
    """Keep the counters that this process will make in files of the folder.

    Parameters
    ----------
    folder
        Where they are; without counters when the group starts, and its alone.
    place
        Names this process; no other that runs now has the same.
    """
    os.environ[FOLDER] = str(folder)
    values.ValueClass = values.MultiProcessValue(lambda: place)  # type: ignore[no-untyped-call]  # the library's own


def figures_of_group() -> CollectorRegistry | None:
    """The sums over all processes of the group; `None` where this process is alone."""
    folder = os.environ.get(FOLDER)
    if folder is None:
        return None
    registry = CollectorRegistry()
    MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]  # the library's own
    return registry
