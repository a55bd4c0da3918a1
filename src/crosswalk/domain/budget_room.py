"""How many calls a budget has room for: of the day, of a class of calls, of the second, and at once. Pure.

Every figure is what may still be *granted*: calls that workers hold are taken off already, whether they will be made
or not. So no interleaving of workers grants more than there is.
"""

from math import ceil

from crosswalk.domain.budget import BudgetState, Endpoint, Terms

UNTOLD = 25
"""Calls that may be held while the org has not said how many it allows."""

UNTOLD_RATE = 2
"""Calls of a class that may be held before the first of them was answered: no vendor's plan takes less at once."""

DAY_S = 86_400.0
HOUR_S = 3_600.0

SHORTEST_RATE_WAIT_S = 0.05
LONGEST_RATE_WAIT_S = 1.0

UNCROWD_S = 5.0
"""After so long one more call at once is risked again: what an org counts are calls that run for more than 20 seconds,
so that a refusal is over soon, and trying costs one call."""


def day_share(state: BudgetState, terms: Terms) -> int | None:
    """How many calls of the rolling 24 hours are the hub's in all; `None` while nothing bounds them."""
    bounds = [] if terms.calls_per_day is None else [terms.calls_per_day]
    if state.day is not None:
        limit = state.day.report.limit
        bounds.append(limit - ceil(limit * terms.reserve))
    return max(0, min(bounds)) if bounds else None


def day_used(state: BudgetState) -> int:
    """The vendor's count of the day at most, if nobody else has called since it told: with all calls settled since."""
    if state.day is None:
        return 0
    report = state.day.report
    return report.used + max(0, state.settled - report.mark)


def day_room(state: BudgetState, terms: Terms, now: float) -> int | None:
    """Calls of the day that may still be granted; negative where others have used the hub's share; `None` for any."""
    held = state.held()
    rooms: list[int] = []
    if terms.calls_per_day is not None:
        rooms.append(terms.calls_per_day - own_of_the_day(state, now) - held)
    if state.day is not None:
        limit = state.day.report.limit
        rooms.append(limit - ceil(limit * terms.reserve) - day_used(state) - held)
    elif terms.counts_by_day:
        rooms.append(UNTOLD - held)
    return min(rooms) if rooms else None


def own_of_the_day(state: BudgetState, now: float) -> int:
    """Our calls of the last 24 hours; an hour counts until the last of it is a day old."""
    return sum(calls for start, calls in state.own if start + HOUR_S > now - DAY_S)


def rate_share(state: BudgetState, terms: Terms, endpoint: Endpoint) -> int | None:
    """How many calls of a class the hub may make at once; `None` while the vendor has told no limit."""
    rate = state.endpoints[endpoint].rate if endpoint in state.endpoints else None
    if rate is None:
        return None
    return max(1, rate.report.limit - ceil(rate.report.limit * terms.reserve))


def rate_room(state: BudgetState, terms: Terms, endpoint: Endpoint, now: float) -> int | None:
    """Calls of a class that may be granted now; `None` where the vendor tells no limit."""
    share = rate_share(state, terms, endpoint)
    known = state.endpoints.get(endpoint)
    if known is None or not known.spent:
        # An org has one count for all its calls, and what may be held before it told that one is bounded with the day.
        return None if terms.counts_by_day else UNTOLD_RATE - state.held_of(endpoint)
    if share is None or known.rate is None:
        return None
    report = known.rate.report
    since = max(0, known.spent + state.held_of(endpoint) - report.mark)
    refilled = max(0.0, now - known.rate.at) * known.rate.refill_per_s
    return min(share - state.held_of(endpoint), int(report.left - (report.limit - share) - since + refilled))


def rate_wait_s(state: BudgetState, endpoint: Endpoint) -> float:
    """In how many seconds the next call of a limited class is likely to be free."""
    known = state.endpoints.get(endpoint)
    if known is None or known.rate is None:
        return LONGEST_RATE_WAIT_S
    return min(LONGEST_RATE_WAIT_S, max(SHORTEST_RATE_WAIT_S, 1.0 / known.rate.refill_per_s))


def most_at_once(state: BudgetState, terms: Terms, now: float) -> int | None:
    """How many calls may be under way at once; `None` for any number."""
    if state.crowded is None:
        return terms.concurrent_calls
    risked = state.crowded.most + int(max(0.0, now - state.crowded.at) / UNCROWD_S)
    return risked if terms.concurrent_calls is None else min(terms.concurrent_calls, risked)
