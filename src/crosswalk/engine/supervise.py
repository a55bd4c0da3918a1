"""Keep a part of the hub running: whatever ends it, it is started again, ever more slowly while it keeps failing."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

import structlog
from msgspec import Struct

from crosswalk.connectors.backoff import backoff
from crosswalk.engine import metrics

log = structlog.get_logger()

LONGEST_PAUSE_S = 15.0

PAUSE_S = 0.1
"""Between two runs of a part that ended well, such as a stream that the other side closed."""

HEALTHY_AFTER_S = 30.0
"""A part that ran this long has recovered: its next failure is the first again."""


WELL_AFTER_S = 90.0
"""A part whose last failure is this long ago runs well: a call that hangs fails within less."""

_failures: dict[str, "_Failing"] = {}


class _Failing(Struct):
    """A part that failed: with what kind of error, and when first and last, on the monotonic clock (seconds)."""

    error: str
    first: float
    last: float


def failing(now: float) -> dict[str, tuple[str, float]]:
    """The parts of this process that fail: the kind of error, and for how many seconds. `now` is monotonic."""
    return {name: (f.error, now - f.first) for name, f in _failures.items() if now - f.last < WELL_AFTER_S}


def _note_failure(name: str, error: Exception, now: float) -> None:
    before = _failures.get(name)
    is_new = before is None or now - before.last >= WELL_AFTER_S
    _failures[name] = _Failing(type(error).__name__, now if is_new or before is None else before.first, now)


async def keep_running(name: str, part: Callable[[], Awaitable[None]]) -> None:
    """Run `part` for ever, again after each end, until cancelled."""
    failures = 0
    while True:
        started = time.monotonic()
        try:
            await part()
        except Exception as error:  # a part must not take the hub with it; the log says what happened
            _end_if_cancelled()
            if time.monotonic() - started > HEALTHY_AFTER_S:
                failures = 0
            failures += 1
            _note_failure(name, error, time.monotonic())
            metrics.part_failed(name)
            log.warning("part_failed", part=name, failures=failures, error=f"{type(error).__name__}: {error}")
            await asyncio.sleep(backoff(failures, random.random, longest_s=LONGEST_PAUSE_S))
        else:
            _end_if_cancelled()
            failures = 0
            _failures.pop(name, None)
            await asyncio.sleep(PAUSE_S)


def _end_if_cancelled() -> None:
    """Carry a cancellation out that a library turned into an error of its own, as a connection under way may do."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
