"""Troubles that a test or a demo asks for: outages, refusals, row locks, lost replies."""

from collections.abc import Callable

import msgspec

from crosswalk_sandbox.salesforce.errors import ApiError


class FaultOrder(msgspec.Struct, forbid_unknown_fields=True):
    """What the control API accepts; only what is named changes.

    Parameters
    ----------
    clear
        First end every trouble that was ordered before.
    status
        HTTP status of an outage, or of the next failures when `fail_next` is given.
    for_seconds
        How long the outage lasts; until cleared when None.
    fail_next
        How many of the next calls fail.
    error_code, message
        The vendor's code and words of an outage or failure.
    lock_once
        Record ids whose next write fails once with `UNABLE_TO_LOCK_ROW`.
    drop_after_write
        How many of the next successful writes are applied and then lose their reply with the connection.
    revoke_tokens
        End every session.
    """

    clear: bool = False
    status: int | None = None
    for_seconds: float | None = None
    fail_next: int = 0
    error_code: str = "SERVER_UNAVAILABLE"
    message: str = "The server is temporarily unavailable. Please try again later."
    lock_once: list[str] = []
    drop_after_write: int = 0
    revoke_tokens: bool = False


class Faults:
    """The troubles in force.

    Parameters
    ----------
    monotonic
        Clock for durations, in seconds.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self.clear()

    def clear(self) -> None:
        """End every trouble."""
        self._outage: ApiError | None = None
        self._outage_ends: float | None = None
        self._failures_left = 0
        self._failure: ApiError | None = None
        self._locked_once: set[str] = set()
        self._drops_left = 0

    def order(self, order: FaultOrder) -> None:
        """Put an order into force."""
        if order.clear:
            self.clear()
        error = ApiError(order.status or 503, order.error_code, order.message)
        if order.fail_next:
            self._failure, self._failures_left = error, order.fail_next
        elif order.status is not None:
            self._outage = error
            self._outage_ends = None if order.for_seconds is None else self._monotonic() + order.for_seconds
        self._locked_once.update(record_id[:15] for record_id in order.lock_once)
        self._drops_left += order.drop_after_write

    def refuse_call(self) -> None:
        """Raise what the next call has to fail with, if anything."""
        if self._outage is not None:
            if self._outage_ends is None or self._monotonic() < self._outage_ends:
                raise self._outage
            self._outage = None
        if self._failures_left > 0 and self._failure is not None:
            self._failures_left -= 1
            raise self._failure

    def take_lock(self, record_id: str) -> bool:
        """Whether this record's write has to fail now with a row lock; it will not the next time."""
        if not self._locked_once or record_id[:15] not in self._locked_once:
            return False
        self._locked_once.discard(record_id[:15])
        return True

    def take_drop(self) -> bool:
        """Whether the reply of a write that was just applied has to get lost."""
        if self._drops_left == 0:
            return False
        self._drops_left -= 1
        return True
