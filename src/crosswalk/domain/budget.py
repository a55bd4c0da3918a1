"""What a tenant's or an org's budget is: what is known of its limits, and who holds how much of it.

All workers share one budget. A worker does not ask for each call: it takes a *lease*, so many calls for the next
seconds, spends it from memory, and tells later what it spent. `crosswalk.domain.budget_turns` has the rules.

The vendor's own count arrives with its answers. To know how many of our calls are in it, and how many are not yet, each
report carries a *mark*: how many calls had ended when the one that was answered was sent, as far as its worker knew (of
all workers at its last turn, and its own since). So many are in the vendor's count; all others are added to it. No
clock is needed for that.
"""

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct

from crosswalk.domain.breaker import Breaker

Endpoint: TypeAlias = str
"""A class of calls that fail together, or are limited together: `query`, `records`, `read users`."""

TOKEN: Endpoint = "token"  # noqa: S105  the name of a class of calls
"""Asking for tokens counts against no limit of the API."""


class Terms(Struct, frozen=True):
    """What was configured.

    Parameters
    ----------
    reserve
        The share of each limit that is left to others, from 0 to less than 1.
    calls_per_day
        The most calls in 24 hours, whatever the vendor allows.
    calls_per_second
        The most calls per second of all workers together, with as many at once.
    concurrent_calls
        The most calls under way at once.
    counts_by_day
        Whether the vendor has a limit per day, which its answers tell.
    """

    reserve: float = 0.2
    calls_per_day: int | None = None
    calls_per_second: float | None = None
    concurrent_calls: int | None = None
    counts_by_day: bool = False


class DayReport(Struct, frozen=True):
    """The vendor's count of the rolling 24 hours, with the mark of the call that it was answered to."""

    mark: int
    used: int
    limit: int


class RateReport(Struct, frozen=True):
    """How many calls of a class the vendor takes at once, and how many were left; its mark counts calls sent."""

    mark: int
    limit: int
    left: int


class Day(Struct, frozen=True, array_like=True):
    """The newest report of the day, and when it came: Unix time in seconds by the database."""

    report: DayReport
    at: float


class Rate(Struct, frozen=True, array_like=True):
    """The newest report of the rate of a class of calls, when it came, and how many calls come back in a second."""

    report: RateReport
    at: float
    refill_per_s: float = 1.0


class EndpointState(Struct, frozen=True, omit_defaults=True):
    """What is known about a class of calls.

    Parameters
    ----------
    spent
        Calls of all workers that are settled, ever.
    rate
        The newest report of its rate.
    blocked_until
        Until when the vendor asked not to be called.
    breaker
        Whether it is left alone because it does not answer.
    """

    spent: int = 0
    rate: Rate | None = None
    blocked_until: float = 0.0
    breaker: Breaker | None = None


class Lease(Struct, frozen=True, omit_defaults=True):
    """What one worker holds.

    Parameters
    ----------
    calls
        Calls by class that it may have under way or still make.
    slots
        How many it may have under way at once.
    ends
        When it counts as dead unless it comes back, on the budget's own clock.
    turn
        The number of its last turn: a turn whose answer got lost is not taken twice.
    since
        Since when it has had slots, on the budget's own clock.
    waits
        Whether it has calls to make and got no slot.
    """

    calls: dict[Endpoint, int]
    slots: int
    ends: float
    turn: int
    since: float = 0.0
    waits: bool = False


class Second(Struct, frozen=True, array_like=True):
    """What is left of the configured calls per second, and when that was."""

    level: float
    at: float


class Crowded(Struct, frozen=True, array_like=True):
    """The vendor refused because too many calls were under way: how many are risked since, and when that was."""

    most: int
    at: float


LEASE_S = 30.0
"""A worker that was not heard of for so long is dead; what it held counts as spent."""

SILENT_S = 6.0
"""A worker that was not heard of for so long begins no calls any more (`engine/budget/purse.py`): it needs no places
for calls under way, and nothing of what is allowed within seconds."""


class BudgetState(Struct, frozen=True, omit_defaults=True):
    """Everything about one budget that the workers share.

    Parameters
    ----------
    clock
        The budget's own clock in seconds. It goes on with the database's, but never back, and never far at once: so
        that no step of the time ends the leases of workers that are alive.
    seen
        The database's time at the last turn.
    own
        Our calls by hour: `(start of the hour, calls)`.
    samples
        The vendor's count every few minutes: `(time, used)`.
    looked_at
        When a single call was last let through only to learn whether calls have become free.
    """

    clock: float = 0.0
    seen: float = 0.0
    day: Day | None = None
    endpoints: dict[Endpoint, EndpointState] = {}
    leases: dict[str, Lease] = {}
    second: Second | None = None
    crowded: Crowded | None = None
    own: list[tuple[float, int]] = []
    samples: list[tuple[float, int]] = []
    looked_at: float = 0.0

    @property
    def settled(self) -> int:
        """Calls that count against the day and are settled, ever: the mark of a report."""
        return sum(state.spent for name, state in self.endpoints.items() if name != TOKEN)

    def held(self, but: str = "") -> int:
        """Calls that count against the day and that workers hold, without those of the worker `but`."""
        return sum(counted(lease.calls) for worker, lease in self.leases.items() if worker != but)

    def calling(self) -> frozenset[str]:
        """The workers that may begin calls: they were heard of lately."""
        return frozenset(name for name, lease in self.leases.items() if lease.ends > self.clock + LEASE_S - SILENT_S)

    def held_of(self, endpoint: Endpoint) -> int:
        """Calls of one class that are held by workers that may begin them."""
        calling = self.calling()
        return sum(lease.calls.get(endpoint, 0) for worker, lease in self.leases.items() if worker in calling)


def counted(calls: Mapping[Endpoint, int]) -> int:
    """How many of these calls count against the day."""
    return sum(number for endpoint, number in calls.items() if endpoint != TOKEN)
