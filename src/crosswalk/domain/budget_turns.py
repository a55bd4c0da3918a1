"""The rules of a shared budget: what a worker tells, and how many calls it gets. Pure.

A worker takes its turn about once a second while it makes calls. One turn after the other changes the state, whoever
takes it: the store sees to that.
"""

from collections.abc import Mapping

from msgspec.structs import replace

from crosswalk.domain import breaker as breakers
from crosswalk.domain.budget import LEASE_S, TOKEN, BudgetState, Endpoint, EndpointState, Lease, Second, Terms, counted
from crosswalk.domain.budget_looks import seconds_to_look
from crosswalk.domain.budget_news import hear
from crosswalk.domain.budget_room import (
    DAY_S,
    HOUR_S,
    LONGEST_RATE_WAIT_S,
    day_room,
    day_share,
    most_at_once,
    rate_room,
    rate_share,
    rate_wait_s,
)
from crosswalk.domain.forecast import seconds_left
from crosswalk.domain.lease import Granted, Turn, Wait, Why
from crosswalk.domain.purpose import Purpose

LONGEST_STEP_S = 5.0
"""How far the budget's own clock goes on in one turn at most; workers take turns more often."""

STALE_S = 60.0
CAUTIOUS = 10
"""What one lease is at most when the vendor's count is that old: others may have spent the rest."""

DAY_WAIT_S = 60.0
SHORTEST_DAY_WAIT_S = 1.0
"""When the calls of the day are used up, it is worth asking again after so long at most and at least."""

RATE_LASTS_S = 2.0
"""What a vendor told of a rate that was used up says little after so long: then one call, out of the reserve, asks it.
How fast calls come back is only guessed, and mostly the vendor gives them back much faster than the hub dares to."""

SLOTS_LAST_S = 1.0
"""For so long a worker keeps a place for calls under way that others wait for."""


def take_turn(state: BudgetState, terms: Terms, turn: Turn, now: float) -> tuple[BudgetState, Granted]:
    """Return the state after a worker's turn, and what the worker gets.

    Parameters
    ----------
    now
        The database's time, Unix time in seconds.
    """
    state = _without_the_dead(_later(state, now))
    state = _without_vain_probes(hear(_settled(state, terms, turn), turn, now), turn)
    before = state.leases.get(turn.worker)
    state = _with_lease(state, turn, dict(turn.held), 0)
    if turn.leaves:
        state = state if any(turn.held.values()) else _left(state, turn.worker)
        return state, _granted(state, terms, {}, {}, 0, now)
    slots = _slots(state, terms, turn, before, now)
    calls: dict[Endpoint, int] = {}
    waits: dict[Endpoint, Wait] = {}
    looked_at = state.looked_at
    looks: set[Endpoint] = set()
    for endpoint, wanted in turn.wanted.items():
        state, got = _grant(state, terms, turn, endpoint, wanted, now)
        if state.looked_at != looked_at:
            looks, looked_at = {endpoint}, state.looked_at
        if isinstance(got, Wait):
            waits[endpoint] = got
            continue
        calls[endpoint] = got
        held = {**state.leases[turn.worker].calls}
        held[endpoint] = held.get(endpoint, 0) + got
        state = _with_lease(state, turn, held, 0)
    state = _with_slots(state, turn, before, slots)
    return state, replace(_granted(state, terms, calls, waits, slots, now), looks=frozenset(looks))


def _later(state: BudgetState, now: float) -> BudgetState:
    if now < state.seen:
        state = _set_back(state, state.seen - now)
    step = min(max(0.0, now - state.seen), LONGEST_STEP_S) if state.seen else 0.0
    return replace(state, clock=state.clock + step, seen=now)


def _set_back(state: BudgetState, by_s: float) -> BudgetState:
    """The state as if the database's clock had always been so much behind: what was to last for seconds still does."""
    endpoints = {
        name: replace(
            known,
            blocked_until=known.blocked_until - by_s,
            rate=known.rate and replace(known.rate, at=known.rate.at - by_s),
            breaker=known.breaker and replace(known.breaker, until=known.breaker.until - by_s),
        )
        for name, known in state.endpoints.items()
    }
    crowded = state.crowded and replace(state.crowded, at=state.crowded.at - by_s)
    second = state.second and replace(state.second, at=state.second.at - by_s)
    return replace(state, endpoints=endpoints, crowded=crowded, second=second)


def _without_the_dead(state: BudgetState) -> BudgetState:
    """What a dead worker held counts as spent: it may have made those calls, and the vendor's next count tells."""
    for worker in [name for name, lease in state.leases.items() if lease.ends <= state.clock]:
        state = _left(_spent(state, state.leases[worker].calls), worker)
    return state


def _left(state: BudgetState, worker: str) -> BudgetState:
    state = _without_probes(state, worker, {})
    leases = {name: lease for name, lease in state.leases.items() if name != worker}
    return replace(state, leases=leases)


def _without_vain_probes(state: BudgetState, turn: Turn) -> BudgetState:
    """A probe that told nothing and that the worker holds no more was given back, or given up: another may be made."""
    return _without_probes(state, turn.worker, turn.held)


def _without_probes(state: BudgetState, worker: str, held: Mapping[Endpoint, int]) -> BudgetState:
    """The state without the worker's probes, but for those that it holds."""
    endpoints = {
        name: replace(known, breaker=breakers.without_prober(known.breaker, worker))
        for name, known in state.endpoints.items()
        if known.breaker is not None and not held.get(name)
    }
    return replace(state, endpoints={**state.endpoints, **endpoints}) if endpoints else state


def _spent(state: BudgetState, calls: Mapping[Endpoint, int]) -> BudgetState:
    endpoints = dict(state.endpoints)
    for endpoint, number in calls.items():
        known = endpoints.get(endpoint, EndpointState())
        endpoints[endpoint] = replace(known, spent=known.spent + number)
    hour = state.seen - state.seen % HOUR_S
    # What a clock that was wrong by days has put into the future is forgotten.
    own = {start: n for start, n in state.own if abs(state.seen - start) <= DAY_S + HOUR_S}
    own[hour] = own.get(hour, 0) + counted(calls)
    return replace(state, endpoints=endpoints, own=sorted(own.items()))


def _settled(state: BudgetState, terms: Terms, turn: Turn) -> BudgetState:
    """Take what the worker spent off its lease; what it neither spent nor holds becomes free again."""
    lease = state.leases.get(turn.worker)
    if lease is None or lease.turn >= turn.number:
        return state  # counted as spent when it was taken for dead, or told before, when the answer got lost
    given_back = sum(lease.calls.values()) - sum(turn.spent.values()) - sum(turn.held.values())
    state = _spent(state, turn.spent)
    if terms.calls_per_second is not None and state.second is not None:
        most = max(1.0, terms.calls_per_second)
        level = min(most, state.second.level + max(0, given_back))
        state = replace(state, second=replace(state.second, level=level))
    return state


def _with_lease(state: BudgetState, turn: Turn, calls: dict[Endpoint, int], slots: int) -> BudgetState:
    lease = Lease({name: n for name, n in calls.items() if n > 0}, slots, state.clock + LEASE_S, turn.number)
    return replace(state, leases={**state.leases, turn.worker: lease})


def _with_slots(state: BudgetState, turn: Turn, before: Lease | None, slots: int | None) -> BudgetState:
    """What is under way still has its place, even where the worker may begin nothing more."""
    if slots is None:
        return state
    lease = state.leases[turn.worker]
    since = before.since if before is not None and before.slots else state.clock
    lease = replace(lease, slots=max(slots, turn.in_use), since=since, waits=turn.waits and not slots)
    return replace(state, leases={**state.leases, turn.worker: lease})


def _slots(state: BudgetState, terms: Terms, turn: Turn, before: Lease | None, now: float) -> int | None:
    """An equal part of what may be under way at once for each worker, as far as the others leave it.

    Where there is less than one for each, whoever had some for a while leaves them to those who wait.
    """
    most = most_at_once(state, terms, now)
    if most is None:
        return None
    calling = state.calling()
    others = [lease for worker, lease in state.leases.items() if worker in calling - {turn.worker}]
    is_over = before is not None and before.slots > 0 and state.clock - before.since >= SLOTS_LAST_S
    if most < len(calling) and is_over and any(lease.waits for lease in others):
        return 0
    part = max(1, most // len(calling))
    return max(0, min(turn.slots, part, most - sum(lease.slots for lease in others)))


def _grant(
    state: BudgetState, terms: Terms, turn: Turn, endpoint: Endpoint, wanted: int, now: float
) -> tuple[BudgetState, int | Wait]:
    """Return how many calls of one class the worker gets, or why none."""
    known = state.endpoints.get(endpoint, EndpointState())
    closed = _closed(known, state, turn, now)
    if closed is not None:
        return state, closed
    if known.breaker is not None:
        wanted = 1
    got: int | Wait = wanted
    if endpoint != TOKEN:
        state, got = _as_far_as_there_is_room(state, terms, turn, endpoint, wanted, now)
    if known.breaker is not None and not isinstance(got, Wait):
        # The worker's call finds out for all whether the endpoint answers again.
        probe = replace(known, breaker=breakers.probing(known.breaker, turn.worker, state.clock))
        state = replace(state, endpoints={**state.endpoints, endpoint: probe})
    return state, got


def _closed(known: EndpointState, state: BudgetState, turn: Turn, now: float) -> Wait | None:
    if known.blocked_until > now:
        return Wait(Why.RATE, known.blocked_until - now)
    closed_s = 0.0
    if known.breaker is not None:
        closed_s = breakers.seconds_closed(known.breaker, turn.worker, state.calling(), now, state.clock)
    return Wait(Why.CIRCUIT, closed_s) if closed_s > 0 else None


def _as_far_as_there_is_room(
    state: BudgetState, terms: Terms, turn: Turn, endpoint: Endpoint, wanted: int, now: float
) -> tuple[BudgetState, int | Wait]:
    above = _above_the_floor(state, terms, turn.purpose, now)
    if above is not None and above <= 0:
        look_in_s = seconds_to_look(state, terms, now, 1 - above)
        if look_in_s <= 0:
            return replace(state, looked_at=now), min(wanted, 1)
        return state, Wait(Why.DAY, min(DAY_WAIT_S, max(SHORTEST_DAY_WAIT_S, look_in_s)))
    day = None if above is None else _of_the_day(state, above, now)
    rate = _of_the_rate(state, terms, turn.purpose, endpoint, now)
    state, second = _of_the_second(state, terms, now)
    if rate is not None and rate <= 0 and _may_look_at_rate(state, endpoint, now):
        rate = 1
    got = min([wanted, *(room for room in (day, rate, second) if room is not None)])
    if got <= 0:
        if rate is not None and rate <= 0:
            return state, Wait(Why.RATE, rate_wait_s(state, endpoint))
        return state, Wait(Why.RATE, min(LONGEST_RATE_WAIT_S, 1.0 / (terms.calls_per_second or 1.0)))
    if state.second is not None:
        state = replace(state, second=replace(state.second, level=state.second.level - got))
    return state, got


def _above_the_floor(state: BudgetState, terms: Terms, purpose: Purpose, now: float) -> int | None:
    """What is left of the day without what is kept for what is more urgent; `None` where nothing bounds it."""
    room, share = day_room(state, terms, now), day_share(state, terms)
    return room - int(purpose.floor * share) if room is not None and share is not None else room


def _of_the_day(state: BudgetState, above: int, now: float) -> int:
    # Half of what is left is for the others, so that the last calls are not all in one worker's hands.
    part = max(1, above // (2 * len(state.leases)))
    stale = state.day is not None and now - state.day.at > STALE_S
    return min(part, CAUTIOUS) if stale else part


def _of_the_rate(state: BudgetState, terms: Terms, purpose: Purpose, endpoint: Endpoint, now: float) -> int | None:
    room, share = rate_room(state, terms, endpoint, now), rate_share(state, terms, endpoint)
    if room is None:
        return None
    above = room - int(purpose.floor * (share or 0))
    return above if above <= 0 else max(1, above // len(state.leases))


def _may_look_at_rate(state: BudgetState, endpoint: Endpoint, now: float) -> bool:
    """Whether one call may go out although none is left of its class: what the vendor told of that is old by now."""
    known = state.endpoints.get(endpoint)
    if known is None or known.rate is None or state.held_of(endpoint):
        return False
    return now - known.rate.at >= RATE_LASTS_S


def _of_the_second(state: BudgetState, terms: Terms, now: float) -> tuple[BudgetState, int | None]:
    if terms.calls_per_second is None:
        return replace(state, second=None), None
    most = max(1.0, terms.calls_per_second)
    before = state.second or Second(most, now)
    gained = max(0.0, now - before.at) * terms.calls_per_second
    second = Second(min(most, before.level + gained), now)
    return replace(state, second=second), int(second.level)


def _granted(
    state: BudgetState,
    terms: Terms,
    calls: Mapping[Endpoint, int],
    waits: Mapping[Endpoint, Wait],
    slots: int | None,
    now: float,
) -> Granted:
    return Granted(
        calls=calls,
        slots=slots,
        room=day_room(state, terms, now),
        share=day_share(state, terms),
        lasts_s=seconds_left(state, terms, now),
        mark=state.settled,
        marks={name: known.spent for name, known in state.endpoints.items()},
        waits=waits,
        open=frozenset(name for name, known in state.endpoints.items() if known.breaker is not None),
    )
