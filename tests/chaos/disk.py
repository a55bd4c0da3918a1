"""A small disk for PostgreSQL's data, which can be filled to the last byte.

Where this process may mount (as root), it is a memory file system of its own. Where not, the processes of PostgreSQL
are forbidden to write further into any file, which they meet in the same places as a full disk.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import psutil

SIZE_MB = 160


class Disk(Protocol):
    """Where PostgreSQL's data lies."""

    folder: Path

    def fill(self) -> None:
        """Leave no room for anything."""

    def free(self) -> None:
        """Give the room back."""


class SmallDisk:
    """A mounted memory file system and a file that takes what is left of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Take all the room that there is at this moment."""
        room = os.statvfs(self.folder)
        free = room.f_bavail * room.f_frsize
        if free:
            with self._ballast.open("ab") as file, suppress(OSError):
                os.posix_fallocate(file.fileno(), file.tell(), free)

    def free(self) -> None:
        """Give it back."""
        self._ballast.unlink(missing_ok=True)


class ForbiddenWrites:
    """An ordinary folder, and a limit on the files of the processes that write into it."""

    def __init__(self, folder: Path, processes: Callable[[], list[psutil.Process]]) -> None:
        self.folder = folder
        self._processes = processes

    def fill(self) -> None:
        """Let no byte be written."""
        self._limit(0)

    def free(self) -> None:
        """Let them write again."""
        self._limit(psutil.RLIM_INFINITY)

    def _limit(self, size: int) -> None:
        for process in self._processes():
            with suppress(psutil.Error):
                _, hard = process.rlimit(psutil.RLIMIT_FSIZE)
                process.rlimit(psutil.RLIMIT_FSIZE, (size if hard == psutil.RLIM_INFINITY else min(size, hard), hard))


@contextmanager
def a_disk(folder: Path, processes: Callable[[], list[psutil.Process]]) -> Iterator[Disk]:
    """A disk below `folder`, for as long as the block lasts."""
    place = folder / "disk"
    place.mkdir(parents=True)
    mounted = _mount(place)
    try:
        yield SmallDisk(place) if mounted else ForbiddenWrites(place, processes)
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", place], check=False, capture_output=True)
        shutil.rmtree(place, ignore_errors=True)


def _mount(place: Path) -> bool:
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return False
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m,mode=0755", "chaos", str(place)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0
