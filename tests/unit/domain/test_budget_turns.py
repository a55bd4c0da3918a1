"""What a worker gets at its turn, rule by rule."""

from typing import Any

import pytest
from msgspec.structs import replace

from crosswalk.domain.budget import BudgetState, Day, DayReport, RateReport, Terms
from crosswalk.domain.budget_looks import free_at, seconds_to_look
from crosswalk.domain.budget_turns import take_turn
from crosswalk.domain.forecast import in_words, richness
from crosswalk.domain.lease import Granted, Turn, Wait, Why
from crosswalk.domain.purpose import Purpose

NOON = 1_767_268_800.0
"""2026-01-01 12:00 UTC."""
ORG = Terms(reserve=0.2, counts_by_day=True)


class Workers:
    """Takes turns, one after the other, at a time that the test sets."""

    def __init__(self, terms: Terms = ORG) -> None:
        self.terms = terms
        self.state = BudgetState()
        self.now = NOON
        self.turns: dict[str, int] = {}

    def turn(self, worker: str = "ada", **told: Any) -> Granted:
        self.turns[worker] = number = self.turns.get(worker, 0) + 1
        turn = Turn(worker, number, **{"purpose": Purpose.OFFBOARDING, **told})
        self.state, granted = take_turn(self.state, self.terms, turn, self.now)
        return granted

    def told(self, used: int, limit: int = 1000) -> None:
        """The org has told its count, and nothing is held."""
        self.turn("teller", wanted={"query": 1})
        self.turn("teller", spent={"query": 1}, day=DayReport(1, used, limit), leaves=True)


def test_nobody_gets_more_than_what_the_org_has_told_without_the_reserve():
    workers = Workers()
    workers.told(used=790)

    first = workers.turn(wanted={"query": 100})
    second = workers.turn("bob", wanted={"query": 100})
    later = [workers.turn(name, wanted={"query": 100}) for name in ("cid", "dan", "eve", "fay", "gus")]

    assert (first.calls, first.share) == ({"query": 5}, 800)
    assert second.calls == {"query": 1}
    assert sum(each.calls.get("query", 0) for each in later) == 4
    assert later[-1].waits == {"query": Wait(Why.DAY, 60.0)}


def test_what_a_worker_neither_spent_nor_keeps_is_free_for_the_others():
    workers = Workers()
    workers.told(used=798)
    assert workers.turn(wanted={"query": 9}).calls == {"query": 1}
    assert workers.turn("bob", wanted={"query": 9}).calls == {"query": 1}
    assert workers.turn("cid", wanted={"query": 9}).calls == {}

    workers.turn(leaves=True)

    assert workers.turn("cid", wanted={"query": 9}).calls == {"query": 1}


def test_what_a_dead_worker_held_counts_as_spent_once_it_was_not_heard_of_for_half_a_minute():
    workers = Workers()
    workers.told(used=700)
    workers.turn(wanted={"query": 40})

    for _ in range(7):
        workers.now += 5.0
        left = workers.turn("bob")

    assert "ada" not in workers.state.leases
    assert left.room == 60


def test_a_step_of_the_clock_ends_nobodys_lease():
    workers = Workers()
    workers.told(used=700)
    workers.turn(wanted={"query": 40})

    workers.now += 86_400.0
    workers.turn("bob")
    workers.now -= 2 * 86_400.0
    workers.turn("bob")

    assert workers.state.leases["ada"].calls == {"query": 40}


@pytest.mark.parametrize(
    ("purpose", "used_up_at"),
    [
        (Purpose.OFFBOARDING, 800),
        (Purpose.PROFILE, 760),
        (Purpose.ACTIVITY, 640),
        (Purpose.BACKFILL, 480),
        (Purpose.PROBE, 400),
    ],
)
def test_the_less_urgent_stop_earlier(purpose: Purpose, used_up_at: int):
    before, after = Workers(), Workers()
    before.told(used=used_up_at - 1)
    after.told(used=used_up_at)

    assert before.turn(wanted={"query": 1}, purpose=purpose).calls == {"query": 1}
    assert after.turn(wanted={"query": 1}, purpose=purpose).waits["query"].why is Why.DAY


def test_when_nothing_is_left_one_call_in_a_quarter_of_an_hour_looks_whether_calls_have_become_free():
    workers = Workers()
    workers.told(used=900)
    workers.now += 901.0

    assert workers.turn(wanted={"query": 9}).calls == {"query": 1}
    assert workers.turn("bob", wanted={"query": 9}).waits["query"].why is Why.DAY


def test_a_spent_budget_is_looked_at_when_the_hubs_own_calls_of_the_day_before_leave_the_day():
    workers = Workers()
    workers.turn(wanted={"query": 25})
    workers.turn(spent={"query": 25}, day=DayReport(25, 600, 20_000), leaves=True)
    workers.now += 23 * 3600 + 3590
    workers.turn("bob", spent={}, day=DayReport(25, 16_000, 20_000), leaves=True)

    workers.now += 5.0
    early = workers.turn(purpose=Purpose.PROFILE, wanted={"query": 9})
    workers.now += 85.0
    too_few = workers.turn(purpose=Purpose.OFFBOARDING, wanted={"query": 9})
    workers.now += 65.0
    look = workers.turn(purpose=Purpose.OFFBOARDING, wanted={"query": 9})
    others = workers.turn("bob", purpose=Purpose.OFFBOARDING, wanted={"query": 9})

    # Of 25 calls in the hour from noon of the day before, the first ought to have left the day 144 seconds after noon.
    assert (early.calls, early.waits) == ({}, {"query": Wait(Why.DAY, 60.0)})
    assert too_few.calls == {}
    assert (look.calls, look.looks) == ({"query": 1}, {"query"})
    assert others.waits == {"query": Wait(Why.DAY, 60.0)}


def test_looks_cost_a_twentieth_of_the_day_at_most_where_others_take_what_becomes_free():
    own = [(NOON - 86_400.0 + hour * 3600.0, 500) for hour in range(-1, 24)]
    state = BudgetState(day=Day(DayReport(0, 15_000, 15_000 * 5 // 4), NOON), own=own)
    looked = 0
    for minute in range(24 * 60):
        now = NOON + 60.0 * minute
        if seconds_to_look(state, ORG, now, missing=1) <= 0:
            looked += 1
            state = replace(state, looked_at=now, day=Day(DayReport(0, 15_000, 15_000 * 5 // 4), now))

    assert 300 < looked <= 0.05 * 15_000 * 5 / 4


def test_what_is_known_of_a_wrong_clock_keeps_nobody_from_looking():
    state = BudgetState(day=Day(DayReport(0, 800, 1000), NOON + 86_400.0), looked_at=NOON - 60.0)

    assert seconds_to_look(state, ORG, NOON, missing=1) == 840.0


def test_whose_own_limit_is_reached_looks_at_nothing():
    terms = Terms(calls_per_day=100, counts_by_day=True)
    state = BudgetState(day=Day(DayReport(0, 100, 1000), NOON - 3600.0), own=[(NOON - 7200.0, 100)])

    assert seconds_to_look(state, terms, NOON, missing=1) == float("inf")


@pytest.mark.parametrize(
    ("missing", "expected"),
    [(1, NOON + 60.0), (30, NOON + 1800.0), (61, NOON + 3600.0 + 36.0), (160, NOON + 7200.0), (161, None)],
)
def test_calls_of_the_day_before_become_free_hour_by_hour(missing: int, expected: float | None):
    own = [(NOON - 86_400.0 - 3600.0, 70), (NOON - 86_400.0, 60), (NOON - 82_800.0, 100)]

    assert free_at(own, NOON, missing) == expected


def test_a_look_that_the_org_would_refuse_costs_nothing_and_is_made_each_minute():
    workers = Workers()
    workers.told(used=1000)
    assert workers.turn(wanted={"query": 9}).waits["query"].why is Why.DAY
    workers.now += 61.0

    assert workers.turn(wanted={"query": 9}).calls == {"query": 1}


def test_an_endpoint_that_does_not_answer_is_probed_by_one_worker_alone():
    workers = Workers(Terms())
    workers.turn(spent={"records": 5}, failures={"records": 5})
    assert workers.turn("bob", wanted={"records": 9}).waits["records"] == Wait(Why.CIRCUIT, 1.0)

    workers.now += 1.0
    probe = workers.turn("bob", wanted={"records": 9, "query": 1})
    others = workers.turn("cid", wanted={"records": 9})

    assert (probe.calls, probe.open) == ({"records": 1, "query": 1}, {"records"})
    assert others.waits["records"].why is Why.CIRCUIT


def test_a_probe_that_is_answered_opens_the_way_for_all_and_one_that_fails_doubles_the_wait():
    workers = Workers(Terms())
    workers.turn(spent={"records": 5}, failures={"records": 5})
    workers.now += 1.0
    workers.turn(wanted={"records": 9})
    workers.turn(spent={"records": 1}, failures={"records": 6})
    assert workers.turn("bob", wanted={"records": 9}).waits["records"] == Wait(Why.CIRCUIT, 2.0)

    workers.now += 2.0
    workers.turn("bob", wanted={"records": 9})
    workers.turn("bob", spent={"records": 1}, answered=frozenset({"records"}))

    assert workers.turn("cid", wanted={"records": 9}).calls == {"records": 9}


def test_the_probe_of_a_worker_that_died_is_made_by_another():
    workers = Workers(Terms())
    workers.turn(spent={"records": 5}, failures={"records": 5})
    workers.now += 1.0
    workers.turn(wanted={"records": 9})
    workers.now += 5.0
    assert workers.turn("bob", wanted={"records": 9}).calls == {}

    workers.now += 1.0  # six seconds in silence: it begins nothing any more

    assert workers.turn("bob", wanted={"records": 9}).calls == {"records": 1}


def test_a_probe_that_its_worker_has_given_back_is_made_by_another():
    workers = Workers(Terms())
    workers.turn(spent={"token": 5}, failures={"token": 5})
    workers.now += 1.0
    assert workers.turn(wanted={"token": 9}).calls == {"token": 1}
    workers.turn(held={"token": 1})
    assert workers.turn("bob", wanted={"token": 9}).waits["token"].why is Why.CIRCUIT

    workers.turn()

    assert workers.turn("bob", wanted={"token": 9}).calls == {"token": 1}
    assert workers.turn("cid", wanted={"token": 9}).waits["token"].why is Why.CIRCUIT


@pytest.mark.parametrize("back_s", [3.0, 3_600.0, 86_400.0])
def test_a_clock_that_is_set_back_keeps_nothing_closed_for_longer(back_s: float):
    workers = Workers(Terms(reserve=0.2))
    workers.turn(spent={"records": 5}, failures={"records": 5})
    workers.turn(blocked_s={"read users": 7.0})
    workers.turn(spent={"write users": 1}, rates={"write users": RateReport(1, 50, 0)})
    wanted = {"records": 1, "read users": 1, "write users": 1}

    workers.now -= back_s
    waits = workers.turn(wanted=wanted).waits
    workers.now += 2.0
    soon = workers.turn(wanted=wanted).calls
    workers.now += 5.0
    later = workers.turn("bob", wanted={"read users": 1}).calls

    assert {name: (wait.why, round(wait.after_s, 3)) for name, wait in waits.items()} == {
        "records": (Why.CIRCUIT, 1.0),
        "read users": (Why.RATE, 7.0),
        "write users": (Why.RATE, 1.0),
    }
    assert soon == {"records": 1, "write users": 1}
    assert later == {"read users": 1}


def test_when_the_vendor_asks_to_wait_nobody_calls_that_endpoint():
    workers = Workers(Terms())
    workers.turn(blocked_s={"read users": 7.0})

    assert workers.turn("bob", wanted={"read users": 3}).waits == {"read users": Wait(Why.RATE, 7.0)}

    workers.now += 7.0
    assert workers.turn("bob", wanted={"read users": 3}).waits == {}


def test_workers_share_equally_what_may_be_under_way_at_once():
    workers = Workers(Terms(concurrent_calls=20))
    assert workers.turn(slots=64).slots == 20
    assert workers.turn("bob", slots=64).slots == 0

    assert [workers.turn(name, slots=64).slots for name in ("ada", "bob")] == [10, 10]


def test_the_places_of_a_worker_that_begins_no_calls_any_more_go_to_the_others_before_its_calls_do():
    workers = Workers(Terms(concurrent_calls=20))
    workers.turn(slots=64, wanted={"query": 5})
    workers.now += 5.0
    assert workers.turn("bob", slots=64).slots == 0

    workers.now += 1.0

    assert workers.turn("bob", slots=64).slots == 20
    assert workers.state.held(but="bob") == 2


def test_fewer_calls_at_once_are_risked_for_a_while_when_the_org_found_them_too_many():
    workers = Workers(Terms(concurrent_calls=20))
    workers.turn(slots=64)

    assert workers.turn(slots=64, crowded=20).slots == 10

    workers.now += 10.0
    assert workers.turn(slots=64).slots == 12


def test_a_place_that_is_not_enough_for_all_goes_round_among_those_who_have_calls_to_make():
    workers = Workers(Terms(concurrent_calls=1))
    assert workers.turn(slots=64).slots == 1
    assert workers.turn("bob", slots=64, waits=True).slots == 0
    workers.now += 0.5
    assert workers.turn(slots=64).slots == 1

    workers.now += 0.5
    assert workers.turn(slots=64, in_use=1).slots == 0
    assert workers.turn("bob", slots=64, waits=True).slots == 0, "a call of ada's is still under way"
    assert workers.turn(slots=64).slots == 0
    assert workers.turn("bob", slots=64, waits=True).slots == 1

    workers.now += 5.0
    assert workers.turn("bob", slots=64).slots == 1, "nobody waits"


def test_what_a_vendor_told_of_a_used_up_rate_is_asked_anew_by_one_call_after_a_moment():
    workers = Workers(Terms(reserve=0.2))
    workers.turn(wanted={"write users": 1})
    workers.turn(spent={"write users": 1}, rates={"write users": RateReport(1, 50, 0)})
    workers.now += 1.5
    assert workers.turn(wanted={"write users": 9}).calls == {}

    workers.now += 0.5

    assert workers.turn(wanted={"write users": 9}).calls == {"write users": 1}
    assert workers.turn("bob", wanted={"write users": 9}).calls == {}
    workers.turn(spent={"write users": 1}, rates={"write users": RateReport(2, 50, 49)})
    assert workers.turn("bob", wanted={"write users": 9}).calls == {"write users": 9}


def test_an_answer_that_took_long_does_not_replace_what_is_known_since():
    workers = Workers(Terms(counts_by_day=True, reserve=0.0))
    workers.turn(wanted={"query": 20})
    workers.turn(spent={"query": 10}, held={"query": 1}, day=DayReport(10, 510, 1000))

    workers.turn(spent={"query": 1}, day=DayReport(2, 102, 1000))

    assert workers.turn().room == 1000 - 511


def test_the_forecast_says_until_when_the_limit_lasts_at_the_rate_of_the_last_hour():
    workers = Workers(Terms(reserve=0.0, counts_by_day=True))
    assert in_words(workers.state, workers.terms, NOON) == "The org has not yet said how many calls it allows."
    workers.told(used=0, limit=2000)
    assert in_words(workers.state, workers.terms, NOON) == "Too early to say how long the limit lasts."

    workers.now += 3600.0
    workers.turn("teller", day=DayReport(1, 300, 2000))

    assert in_words(workers.state, workers.terms, workers.now) == "At this rate the limit lasts until 18:40 UTC."
    assert workers.turn().lasts_s == 5 * 3600 + 40 * 60
    workers.turn("teller", day=DayReport(1, 2000, 2000))
    assert in_words(workers.state, workers.terms, workers.now) == (
        "The calls of the day are used up; they become free again as the oldest are a day old."
    )


@pytest.mark.parametrize(
    ("room", "share", "lasts_s", "rich"),
    [
        (None, None, None, 1.0),
        (800, 800, None, 1.0),
        (200, 800, None, 0.5),
        (800, 800, 6 * 3600.0, 0.25),
        (0, 800, 0.0, 0.0),
        (-5, 800, None, 0.0),
    ],
)
def test_a_budget_is_rich_while_half_of_it_is_left_and_it_lasts_for_the_day(
    room: int | None, share: int | None, lasts_s: float | None, rich: float
):
    assert richness(room, share, lasts_s) == rich


def test_a_class_whose_rate_is_not_known_yet_begins_with_two_calls():
    workers = Workers(Terms(reserve=0.2))
    assert workers.turn(wanted={"read users": 9}).calls == {"read users": 2}

    told = RateReport(2, 50, 48)

    assert workers.turn(spent={"read users": 2}, rates={"read users": told}, wanted={"read users": 99}).calls == {
        "read users": 38
    }
