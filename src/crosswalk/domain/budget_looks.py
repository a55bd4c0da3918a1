"""When a budget of which nothing is left is looked at again. Pure.

A vendor tells its count with an answer alone: somebody has to call to learn that calls have become free. So one call is
let through, out of the reserve, at the moment when enough of the hub's own calls of the day before have left the
rolling 24 hours; and now and then, because others' calls leave it too, which nobody can foresee.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from crosswalk.domain.budget import BudgetState, Terms
from crosswalk.domain.budget_room import DAY_S, HOUR_S, day_room

LOOK_EVERY_S = 900.0
"""So often when nothing tells that calls ought to have become free."""

LOOK_WHEN_REFUSED_S = 60.0
"""The same while the org refuses every call, which it then does not count."""

SHORTEST_S = 30.0
MOST_OF_THE_DAY = 0.05
"""The share of what the org allows in a day that looks may cost at most, however often calls ought to be free."""

NEVER_S = float("inf")


def seconds_to_look(state: BudgetState, terms: Terms, now: float, missing: int) -> float:
    """In how many seconds one call may go out although nothing is left; 0 for now.

    Parameters
    ----------
    now
        The database's time, Unix time in seconds.
    missing
        How many calls have to become free.

    Returns
    -------
    float
        Infinite where a look would tell nothing: the vendor has told no limit, or it is the hub's own that is reached.
    """
    if state.day is None or (terms.calls_per_day is not None and _own_is_spent(state, terms, now)):
        return NEVER_S
    report = state.day.report
    # What a clock that was ahead for a while has noted in the future tells nothing.
    last = max((at for at in (state.day.at, state.looked_at) if at <= now), default=0.0)
    if report.used >= report.limit:
        return max(0.0, last + LOOK_WHEN_REFUSED_S - now)
    due = last + LOOK_EVERY_S
    expected = free_at(state.own, state.day.at, missing)
    if expected is not None:
        between_s = min(LOOK_EVERY_S, max(SHORTEST_S, DAY_S / max(1.0, MOST_OF_THE_DAY * report.limit)))
        due = min(due, max(expected, last + between_s))
    return max(0.0, due - now)


def free_at(own: Sequence[tuple[float, int]], since: float, missing: int) -> float | None:
    """When so many of the hub's own calls will have left the rolling day since a moment; `None` for not that many.

    Parameters
    ----------
    own
        The hub's calls by hour, `(start of the hour, calls)`; those of an hour are taken to be spread over it evenly.
    since
        When the vendor told its count, Unix time in seconds.
    """
    freed = 0.0
    for start, calls in sorted(own):
        begins, ends = max(start + DAY_S, since), start + DAY_S + HOUR_S
        if calls <= 0 or begins >= ends:
            continue
        here = calls * (ends - begins) / HOUR_S
        if freed + here >= missing:
            return begins + max(0.0, missing - freed) * HOUR_S / calls
        freed += here
    return None


def _own_is_spent(state: BudgetState, terms: Terms, now: float) -> bool:
    room = day_room(replace(state, day=None), terms, now)
    return room is not None and room <= 0
