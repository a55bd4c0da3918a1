"""When calls to an endpoint stop because it does not answer, and how one worker finds out that it does again. Pure.

An endpoint that fails again and again is left alone for a while. Then one call of one worker, the probe, is let
through: if it is answered, everybody goes on; if not, the next wait is twice as long.
"""

from collections.abc import Collection

from msgspec import Struct

FAILURES = 5
"""Calls that fail one after the other before the endpoint is left alone."""

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 10.0
PROBE_LASTS_S = 60.0
"""After so long without a result another worker may probe: the first one's call must have ended by then."""


class Breaker(Struct, frozen=True, omit_defaults=True):
    """An endpoint that is left alone; a healthy one has none.

    Parameters
    ----------
    opened
        How often in a row it was found not to answer.
    until
        When a probe may go out, Unix time in seconds by the database.
    prober
        The worker whose probe is under way; empty for none.
    probe_ends
        When that probe counts as lost, on the budget's own clock.
    """

    opened: int
    until: float
    prober: str = ""
    probe_ends: float = 0.0


def wait_s(opened: int) -> float:
    """Seconds until the next probe, when the endpoint was found not to answer for the `opened`th time in a row."""
    return min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(opened - 1, 16))


def after_results(breaker: Breaker | None, worker: str, now: float, *, failures: int, answered: bool) -> Breaker | None:
    """Return the breaker once a worker has told what became of its calls.

    Parameters
    ----------
    failures
        How many of the worker's calls failed one after the other, up to the newest.
    answered
        Whether a call of the worker was answered since it told the last time.
    """
    if breaker is None:
        return Breaker(1, now + wait_s(1)) if failures >= FAILURES else None
    if breaker.prober != worker:
        return breaker  # calls that were under way when it opened say nothing about the time since
    if answered and not failures:
        return None
    if failures:
        return Breaker(breaker.opened + 1, now + wait_s(breaker.opened + 1))
    return breaker


def seconds_closed(breaker: Breaker, worker: str, calling: Collection[str], now: float, clock: float) -> float:
    """Seconds until the worker may ask for the probe again; 0 if it may send it now.

    Parameters
    ----------
    calling
        The workers that were heard of lately: the probe of another one is lost with it, or one call more than needed.
    """
    if breaker.until > now:
        return breaker.until - now
    if breaker.prober != worker and breaker.prober in calling and clock < breaker.probe_ends:
        return FIRST_WAIT_S
    return 0.0


def probing(breaker: Breaker, worker: str, clock: float) -> Breaker:
    """Return the breaker while the worker's probe is under way."""
    return Breaker(breaker.opened, breaker.until, worker, clock + PROBE_LASTS_S)


def without_prober(breaker: Breaker, worker: str) -> Breaker:
    """Return the breaker when the worker is gone: its probe, if any, tells nothing any more."""
    return Breaker(breaker.opened, breaker.until) if breaker.prober == worker else breaker
