"""The wall clocks of the hub's processes, which jump while these run: forwards and backwards, and stay wrong.

A library that is made of `wall_clock.c` stands between a process and libc. Where it cannot be made (there is no C
compiler, or it is no Linux with the GNU libc), clocks stay right, and the suite says so.
"""

import shutil
import struct
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).with_name("wall_clock.c")
OFFSET = struct.Struct("=q")


class WallClock:
    """The clock of one process, and of whoever is started in its place.

    Parameters
    ----------
    library
        What `make_library` made; `None` for a clock that stays right.
    file
        Where the offset is kept.
    """

    def __init__(self, library: Path | None, file: Path) -> None:
        self._library = library
        self._file = file
        self.ahead_s = 0.0
        file.write_bytes(OFFSET.pack(0))

    @property
    def environ(self) -> dict[str, str]:
        """The environment variables of its process."""
        if self._library is None:
            return {}
        return {"LD_PRELOAD": str(self._library), "CROSSWALK_CHAOS_CLOCK": str(self._file)}

    def jump(self, seconds: float) -> None:
        """Let it jump, from wherever it is."""
        self.ahead_s += seconds
        with self._file.open("r+b") as file:  # in place: the process has it mapped
            file.write(OFFSET.pack(round(self.ahead_s * 1e9)))


def make_library(folder: Path) -> Path | None:
    """Make the library in a folder; `None` where that cannot be done."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        return None
    library = folder / "wall_clock.so"
    command = [compiler, "-O1", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl"]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode != 0:
        sys.stderr.write(made.stderr)
        return None
    return library
