"""A process that was started by another one ends with it, however that one ends."""

import os
import signal
import sys
import threading
import time


def end_with_parent(within_s: float) -> None:
    """Stop this process once the one that started it is gone: its end of our standard input closes.

    Parameters
    ----------
    within_s
        How long stopping in order may take, seconds. Whoever hangs is ended on the spot then: nobody else is left who
        would notice.
    """
    threading.Thread(target=_watch, args=(within_s,), daemon=True).start()


def _watch(within_s: float) -> None:
    while os.read(sys.stdin.fileno(), 4096):  # by the descriptor: a thread inside sys.stdin would upset the exit
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(within_s)
    os._exit(1)
