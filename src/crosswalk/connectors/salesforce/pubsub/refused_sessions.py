"""For how long the Pub/Sub API is left alone after it refused sessions that had just begun.

Where the org gives a token and the Pub/Sub API does not take it (another organization is configured, or another
endpoint), each further try is a login that leads nowhere.
"""

from collections.abc import Callable

from crosswalk.connectors.errors import CredentialsRefused

FIRST_S = 5.0
LONGEST_S = 300.0


class RefusedSessions:
    """What one org's Pub/Sub API refused.

    Parameters
    ----------
    clock
        Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._in_a_row = 0
        self._until = 0.0
        self._last: CredentialsRefused | None = None

    def check(self) -> None:
        """Raise the last refusal (`CredentialsRefused`) again, unless it is time to try anew."""
        if self._last is not None and self._clock() < self._until:
            raise self._last

    def refused(self, error: CredentialsRefused) -> None:
        """A session that had just begun was refused: wait for twice as long as the last time."""
        self._until = self._clock() + min(LONGEST_S, FIRST_S * 2.0 ** min(self._in_a_row, 20))
        self._in_a_row += 1
        self._last = error

    def accepted(self) -> None:
        """A session was taken."""
        self._in_a_row = 0
        self._last = None
