"""Python's collector of cyclic garbage, run more rarely while masses of objects come and go.

A chunk of a back-fill makes some hundred thousand objects that live until it is done, none of them in a cycle. By its
usual settings the collector looks through all of them again and again; that was a fifth of the time.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

RARELY = (1_000_000, 20, 100)
"""After so many new objects the youngest are looked through; after so many such rounds the older ones. Three chunks at
once have no more than that, and are gone before anybody looks."""


@contextmanager
def collecting_rarely() -> Iterator[None]:
    """Let the collector run rarely inside; afterwards as before."""
    before = gc.get_threshold()
    gc.set_threshold(*RARELY)
    try:
        yield
    finally:
        gc.set_threshold(*before)
