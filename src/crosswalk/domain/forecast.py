"""How long a budget lasts if things go on as in the last hour, and how rich it is. Pure.

The vendor's count is of a rolling day: it grows with each call and shrinks as those of the day before drop out. What it
grew by in the last hour has both in it.
"""

from datetime import UTC, datetime

from crosswalk.domain.budget import BudgetState, Terms
from crosswalk.domain.budget_room import DAY_S, day_room, day_share, day_used

SHORTEST_LOOK_S = 900.0
"""A few minutes say little: a back-fill's first burst is no rate."""

PLENTY = 0.5
"""With half of its share left there is nothing to save."""


def growth_per_s(state: BudgetState, now: float) -> float | None:
    """By how many calls a second the vendor's count has grown within the last hour; `None` while too little is known.

    Negative when more calls of the day before drop out than new ones are made.
    """
    if not state.samples or state.day is None:
        return None
    first_at, first_used = state.samples[0]
    span = now - first_at
    return (day_used(state) - first_used) / span if span >= SHORTEST_LOOK_S else None


def seconds_left(state: BudgetState, terms: Terms, now: float) -> float | None:
    """In how many seconds the hub's share of the day is used up at the present rate.

    `None` where that is not in sight: the count does not grow, or too little is known.
    """
    room, growth = day_room(state, terms, now), growth_per_s(state, now)
    if room is None:
        return None
    if room <= 0:
        return 0.0
    return room / growth if growth is not None and growth > 0 else None


def richness(room: int | None, share: int | None, lasts_s: float | None) -> float:
    """How rich the rest of the day is: 1 is plenty (or bounded by nothing), 0 is nothing left to spend.

    It falls when less than half of the share is left, and when the share would be used up before a day is over.
    """
    if room is None or share is None:
        return 1.0
    by_room = room / share / PLENTY if share > 0 else 0.0
    by_time = 1.0 if lasts_s is None else lasts_s / DAY_S
    return min(1.0, max(0.0, min(by_room, by_time)))


def in_words(state: BudgetState, terms: Terms, now: float) -> str:
    """Say how long the budget lasts, in a sentence."""
    share, room = day_share(state, terms), day_room(state, terms, now)
    if share is None or room is None:
        if terms.counts_by_day:
            return "The org has not yet said how many calls it allows."
        return "No limit per day."
    if room <= 0:
        return "The calls of the day are used up; they become free again as the oldest are a day old."
    left_s = seconds_left(state, terms, now)
    if left_s is None and growth_per_s(state, now) is None:
        return "Too early to say how long the limit lasts."
    if left_s is None or left_s >= DAY_S:
        return "At this rate the limit lasts."
    until = datetime.fromtimestamp(now + left_s, UTC)
    return f"At this rate the limit lasts until {until:%H:%M} UTC."
