"""API calls spent in the last 24 hours, and what the org may spend."""

from collections import deque
from collections.abc import Callable

_DAY_SECONDS = 24 * 3600
_SLOT_SECONDS = 60


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
