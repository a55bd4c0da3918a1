"""How long a lane waits for company: short where nobody comes, longer with traffic and with a budget that runs out."""

import pytest

from crosswalk.engine.linger import Linger, linger_s, seconds_left
from crosswalk.store.due import Waiting

USUAL = Linger(0.15, 1.0)
PATIENT = Linger(0.15, 60.0)


def test_a_change_that_comes_alone_waits_for_the_least_even_when_the_budget_is_spent():
    assert linger_s(PATIENT, 1, 1.0) == 0.15
    assert linger_s(PATIENT, 1, 0.0) == 0.15


def test_a_few_changes_a_second_hardly_wait_for_longer():
    assert linger_s(USUAL, 5, 1.0) == pytest.approx(0.21, abs=0.01)


def test_at_one_change_a_second_a_minute_is_used_for_full_calls():
    wait_s = linger_s(PATIENT, 60, 1.0)

    assert wait_s == pytest.approx(56, abs=1)
    assert 1000 / (1 + wait_s) <= 25


def test_the_wait_grows_with_traffic_and_never_beyond_the_longest():
    waits = [linger_s(USUAL, company, 1.0) for company in (1, 2, 5, 10, 16, 50, 200, 400)]

    assert waits == sorted(waits)
    assert waits[4] == pytest.approx(0.575)
    assert waits[-1] < 1.0


def test_the_wait_grows_as_the_budget_shrinks_up_to_the_longest():
    waits = [linger_s(USUAL, 5, richness) for richness in (1.0, 0.5, 0.1, 0.0)]

    assert waits == sorted(waits)
    assert waits[-1] == 1.0


def test_a_sync_whose_two_bounds_are_one_always_waits_for_as_long():
    assert linger_s(Linger(5.0, 5.0), 200, 0.0) == 5.0


def test_what_is_urgent_waits_for_the_least_whatever_else_comes():
    calm = Waiting(count=50, age_s=0.1, urgent=False, company=200)
    urgent = Waiting(count=50, age_s=0.1, urgent=True, company=200)

    assert seconds_left(PATIENT, calm, 1.0) > 50
    assert seconds_left(PATIENT, urgent, 1.0) == pytest.approx(0.05)
