"""What time it is at a vendor.

This machine's clock may be wrong, and may jump. Whatever is compared with the vendor's own times (when records changed,
when an assertion expires, when a limit opens) therefore goes by the vendor's clock, which every answer tells in its
header `Date`, and which the monotonic clock carries on.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx


def told_time(headers: httpx.Headers) -> float | None:
    """The time at which an answer was made, Unix seconds, whole ones; `None` where it does not say."""
    try:
        return parsedate_to_datetime(headers["Date"]).timestamp()
    except (KeyError, ValueError):
        return None


class VendorClock:
    """The clock of one tenant or org.

    Parameters
    ----------
    wall
        Unix time of this machine, seconds: believed until the vendor has answered once.
    monotonic
        Monotonic seconds.
    """

    def __init__(self, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._ahead: float | None = None
        """By how much the vendor's clock is ahead of the monotonic one."""

    def hear(self, headers: httpx.Headers) -> None:
        """Take the time from an answer that has just come."""
        told = told_time(headers)
        if told is not None:
            self._ahead = told - self._monotonic()

    def unix(self) -> float:
        """Unix time in seconds, up to a second behind."""
        return self._wall() if self._ahead is None else self._ahead + self._monotonic()

    def now(self) -> datetime:
        """The same in UTC."""
        return datetime.fromtimestamp(self.unix(), UTC)
