"""What a process that forks others has imported: the programs, with all that their commands import when they run."""

import gc
import sys
from collections.abc import Sequence

import crosswalk.api.app
import crosswalk.cases.suite
import crosswalk.cli.process
import crosswalk.engine.explaining
import crosswalk.engine.recording
import crosswalk.engine.replaying  # for what they import
from crosswalk.cli import main as crosswalk
from crosswalk_sandbox import __main__ as sandbox

PROGRAMS = {"crosswalk": crosswalk.main, "crosswalk_sandbox": sandbox.main}

gc.freeze()  # nobody looks through it for garbage again, in none of the processes


def run(program: str, arguments: Sequence[str]) -> None:
    """Run `crosswalk` or `crosswalk_sandbox`, to its end."""
    sys.argv = [program, *arguments]
    sys.exit(PROGRAMS[program]())
