"""What one process holds of a shared budget, and what it gives back."""

from crosswalk.connectors.allowance import Answer
from crosswalk.domain.budget import BudgetState, Terms
from crosswalk.domain.budget_turns import take_turn
from crosswalk.domain.purpose import Purpose, Spender
from crosswalk.engine.purse import Purse

TERMS = Terms(concurrent_calls=20)
RECORDS = "records"
NOON = 1_770_000_000.0


def a_turn(purse: Purse, state: BudgetState, at_s: float, *, trims: bool = False, leaves: bool = False) -> BudgetState:
    waiting = {} if trims or leaves else {RECORDS: Purpose.PROFILE}
    state, granted = take_turn(state, TERMS, purse.turn(waiting, trims=trims, leaves=leaves), NOON + at_s)
    purse.take_grant(granted, at_s, at_s)
    return state


def test_whoever_makes_no_more_calls_gives_its_places_back_to_the_others() -> None:
    first, second = Purse("first"), Purse("second")
    state = a_turn(first, BudgetState(), 0.0)
    taken = first.take(RECORDS, Spender(), 0.1)
    assert taken is not None
    first.ended(taken, Answer(healthy=True))
    for second_s in (1.0, 2.0):
        state = a_turn(first, state, second_s, trims=True)
    state = a_turn(second, state, 3.0)

    held_on = second.take(RECORDS, Spender(), 3.1)
    would_leave = not first.is_empty
    state = a_turn(first, state, 4.0, leaves=True)
    state = a_turn(second, state, 5.0)

    assert (held_on, would_leave, first.is_empty) == (None, True, True)
    assert second.take(RECORDS, Spender(), 5.1) is not None
