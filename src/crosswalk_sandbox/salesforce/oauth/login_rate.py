"""How often each user may log in within an hour."""

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from crosswalk_sandbox.salesforce.oauth.refusals import refusal

LOGINS_PER_HOUR = 3_600
"""The vendor's limit for each user ("Login Rate Limit")."""
_WINDOW = timedelta(hours=1)


class LoginRate:
    """The logins of the last hour, by user.

    Parameters
    ----------
    clock
        Current time in UTC.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._logins: dict[str, deque[datetime]] = {}

    def clear(self) -> None:
        """Forget all of them."""
        self._logins.clear()

    def spend(self, user_id: str) -> None:
        """Count one login; `TokenRefused`, counting nothing, when the user has had too many."""
        now, logins = self._clock(), self._logins.setdefault(user_id, deque())
        while logins and now - logins[0] >= _WINDOW:
            logins.popleft()
        if len(logins) >= LOGINS_PER_HOUR:
            raise refusal("rate_limit")
        logins.append(now)
