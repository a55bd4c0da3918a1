"""Batches are cut so that calls are full, as long as nobody waits too long for that."""

from crosswalk.engine.lane import whole_calls
from tests.unit.engine.builders import a_state


def events_of(users: int, *, age_s: float = 0.0, start: int = 0) -> list:
    return [a_state(number, f"auth0|{number}", age_s=age_s) for number in range(start, start + users)]


def test_young_leftovers_wait_for_company():
    assert len(whole_calls(events_of(450), 0.15, more_wait=False)) == 400


def test_leftovers_that_have_waited_go_along():
    assert len(whole_calls(events_of(450, age_s=0.2), 0.15, more_wait=False)) == 450


def test_with_a_backlog_only_whole_calls_go_out_however_old():
    assert len(whole_calls(events_of(450, age_s=60), 0.15, more_wait=True)) == 400


def test_a_batch_smaller_than_a_call_goes_out_as_it_is():
    assert len(whole_calls(events_of(50), 0.15, more_wait=False)) == 50
    assert len(whole_calls(events_of(50), 0.15, more_wait=True)) == 50


def test_all_events_of_a_kept_identity_stay_together():
    events = [*events_of(250), *events_of(200, start=0)]

    kept = whole_calls(events, 0.15, more_wait=False)

    assert len(kept) == 400
    assert {item.event.user_id for item in kept} == {f"auth0|{number}" for number in range(200)}
