"""What a worker's turn tells about the vendor's limits, and what is kept of it. Pure."""

from msgspec.structs import replace

from crosswalk.domain.breaker import after_results
from crosswalk.domain.budget import BudgetState, Crowded, Day, DayReport, Endpoint, EndpointState, Rate, RateReport
from crosswalk.domain.budget_room import day_used
from crosswalk.domain.lease import Turn

LONGEST_BLOCK_S = 60.0
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
    report = replace(told, mark=min(told.mark, known.spent))
    if known.rate is not None:
        before = known.rate.report
        if (report.mark, -report.left) < (before.mark, -before.left):
            return known.rate
    return Rate(report, now)
