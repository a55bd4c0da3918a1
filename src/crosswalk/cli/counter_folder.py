"""The folder in which the counters of several processes are, which goes with the last of them.

Whoever is killed cannot remove it: so each of the processes holds a lock on it for as long as it lives, and whoever
founds another one removes those on which nobody has a lock any more.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "crosswalk-counters-"
HELD = "held"
"""The file of the folder on which its processes have a lock."""


@contextmanager
def counter_folder() -> Iterator[Path]:
    """Make an empty folder for this process and those that it starts; removed at the end."""
    with _sole_founder():
        for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
            _remove_if_left(left)
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        held = hold(folder)
    try:
        yield folder
    finally:
        os.close(held)
        shutil.rmtree(folder, ignore_errors=True)


def hold(folder: Path) -> int:
    """Keep the folder for as long as this process lives, or until the descriptor that is returned is closed."""
    held = os.open(folder / HELD, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    fcntl.flock(held, fcntl.LOCK_SH)
    return held


@contextmanager
def _sole_founder() -> Iterator[None]:
    """Nobody else of this user makes or removes such a folder meanwhile: one that was just made is held by nobody."""
    path = Path(tempfile.gettempdir()) / f"crosswalk-counters.{os.getuid()}.lock"
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _remove_if_left(folder: Path) -> None:
    with suppress(OSError):  # somebody else's, or held by a process that lives
        if folder.is_symlink() or folder.stat().st_uid != os.getuid():
            return
        held = os.open(folder / HELD, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(held)
