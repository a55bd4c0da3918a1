"""API calls spent in the last 24 hours and calls that run for long, and how many of each the org may have."""

from collections import deque
from collections.abc import Callable

_DAY_SECONDS = 24 * 3600
_SLOT_SECONDS = 60
LONG_SECONDS = 20.0


class ApiUsage:
    """A rolling count of calls, kept by the minute.

    Parameters
    ----------
    daily_limit
        Calls allowed in any 24 hours.
    monotonic
        Clock in seconds.
    """

    def __init__(self, daily_limit: int, monotonic: Callable[[], float]) -> None:
        self.daily_limit = daily_limit
        self._monotonic = monotonic
        self._slots: deque[list[int]] = deque()
        self._used = 0

    def used(self) -> int:
        """Calls of the last 24 hours."""
        oldest = int((self._monotonic() - _DAY_SECONDS) // _SLOT_SECONDS)
        while self._slots and self._slots[0][0] <= oldest:
            self._used -= self._slots.popleft()[1]
        return self._used

    def spend(self) -> bool:
        """Count one call; False, counting nothing, when the limit is reached."""
        if self.used() >= self.daily_limit:
            return False
        slot = int(self._monotonic() // _SLOT_SECONDS)
        if self._slots and self._slots[-1][0] == slot:
            self._slots[-1][1] += 1
        else:
            self._slots.append([slot, 1])
        self._used += 1
        return True

    def exhaust(self) -> None:
        """Count as many calls of this minute as reach the limit."""
        missing = self.daily_limit - self.used()
        if missing > 0:
            self._slots.append([int(self._monotonic() // _SLOT_SECONDS), missing])
            self._used += missing


class RunningCalls:
    """The calls that are being served, by the time they started.

    Parameters
    ----------
    limit
        How many of them may have lasted 20 seconds or more before further calls are refused: 25 in an org that works,
        5 in a developer edition (the vendor's "API Request Limits and Allocations").
    monotonic
        Clock in seconds.
    """

    def __init__(self, limit: int, monotonic: Callable[[], float]) -> None:
        self.limit = limit
        self._monotonic = monotonic
        self._entered = 0
        self._started: dict[int, float] = {}

    def enter(self) -> int:
        """Note the start of a call and return its number."""
        self._entered += 1
        self._started[self._entered] = self._monotonic()
        return self._entered

    def leave(self, number: int) -> None:
        """Note the end of a call."""
        self._started.pop(number, None)

    def has_room(self) -> bool:
        """Whether one more call may start: fewer calls than the limit have lasted for long."""
        if len(self._started) <= self.limit:
            return True
        before = self._monotonic() - LONG_SECONDS
        return sum(1 for started in self._started.values() if started <= before) < self.limit
