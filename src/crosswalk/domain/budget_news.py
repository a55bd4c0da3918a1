"""What a worker's turn tells about the vendor's limits, and what is kept of it. Pure."""

from math import exp

from msgspec.structs import replace

from crosswalk.domain.breaker import after_results
from crosswalk.domain.budget import BudgetState, Crowded, Day, DayReport, Endpoint, EndpointState, Rate, RateReport
from crosswalk.domain.budget_room import day_used
from crosswalk.domain.lease import Turn

LONGEST_BLOCK_S = 60.0

SLOWEST_REFILL_PER_S = 1.0
"""What a limited class of calls is thought to get back at least: no vendor's plan gives less."""

SHORTEST_LOOK_S = 0.02
MOST_SENT = 10_000
"""More calls than one worker ever has under way: a mark beyond that is of a database that was put back."""

LEARNING_S = 0.5
"""A look of this length makes up for most of what was believed before; a shorter one for less."""

SAMPLE_EVERY_S = 300.0
SAMPLES = 13
"""An hour's worth, for the forecast."""


def hear(state: BudgetState, turn: Turn, now: float) -> BudgetState:
    """Return the state with the news of a turn; what the worker spent has to be settled before."""
    if turn.day is not None:
        state = _hear_day(state, turn.day, now)
    if turn.crowded:
        state = replace(state, crowded=Crowded(max(1, turn.crowded // 2), now))
    told = {*turn.rates, *turn.blocked_s, *turn.failures, *turn.answered}
    if not told:
        return state
    heard = {
        endpoint: _hear_endpoint(state.endpoints.get(endpoint, EndpointState()), turn, endpoint, now)
        for endpoint in sorted(told)
    }
    return replace(state, endpoints={**state.endpoints, **heard})


def _hear_day(state: BudgetState, told: DayReport, now: float) -> BudgetState:
    report = replace(told, mark=min(told.mark, state.settled))
    if state.day is not None:
        before = state.day.report
        if report.mark <= before.mark and report.used - report.mark < before.used - before.mark:
            return state  # an answer that took long: something newer is known
    state = replace(state, day=Day(report, now))
    samples = state.samples
    if samples and 0 <= now - samples[-1][0] < SAMPLE_EVERY_S:
        return state
    kept = [sample for sample in samples if sample[0] < now]
    return replace(state, samples=[*kept, (now, day_used(state))][-SAMPLES:])


def _hear_endpoint(known: EndpointState, turn: Turn, endpoint: Endpoint, now: float) -> EndpointState:
    rate = turn.rates.get(endpoint)
    if rate is not None:
        known = replace(known, rate=_newer(known, rate, now))
    blocked_s = turn.blocked_s.get(endpoint)
    if blocked_s is not None:
        known = replace(known, blocked_until=now + min(blocked_s, LONGEST_BLOCK_S))
        if known.rate is not None:
            slower = max(SLOWEST_REFILL_PER_S, known.rate.refill_per_s / 2)
            known = replace(known, rate=replace(known.rate, refill_per_s=slower))
    if endpoint in turn.failures or endpoint in turn.answered:
        breaker = after_results(
            known.breaker,
            turn.worker,
            now,
            failures=turn.failures.get(endpoint, 0),
            answered=endpoint in turn.answered,
        )
        known = replace(known, breaker=breaker)
    return known


def _newer(known: EndpointState, told: RateReport, now: float) -> Rate:
    report = replace(told, mark=min(told.mark, known.spent + MOST_SENT))
    before = known.rate
    if before is None:
        return Rate(report, now, SLOWEST_REFILL_PER_S)
    if (report.mark, -report.left) < (before.report.mark, -before.report.left):
        return before
    return Rate(report, now, _refill_per_s(before, report, now))


def _refill_per_s(before: Rate, report: RateReport, now: float) -> float:
    """What comes back in a second, as far as two reports tell: what is left now, without what was spent in between.

    It tells too little where nothing was missing, and where others call, too; both make the hub careful.
    """
    seconds = now - before.at
    came_back = report.left - before.report.left + report.mark - before.report.mark
    if seconds < SHORTEST_LOOK_S:
        return before.refill_per_s
    seen = came_back / seconds
    if report.left >= report.limit - 1 and seen < before.refill_per_s:
        return before.refill_per_s
    learnt = before.refill_per_s + (seen - before.refill_per_s) * (1.0 - exp(-seconds / LEARNING_S))
    return min(float(report.limit * 4), max(SLOWEST_REFILL_PER_S, learnt))
