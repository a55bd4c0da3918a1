"""What a process spends from memory, and what it tells."""

from msgspec.structs import replace

from crosswalk.connectors.allowance import Answer
from crosswalk.domain.budget import DayReport
from crosswalk.domain.lease import Granted, Wait, Why
from crosswalk.domain.purpose import Purpose, Spender
from crosswalk.engine.budget.purse import Purse, Taken

PROFILE, ACTIVITY = Spender(Purpose.PROFILE), Spender(Purpose.ACTIVITY)


def a_grant(calls: int = 10, *, room: int | None = None, share: int | None = None, slots: int | None = None) -> Granted:
    return Granted({"query": calls}, slots, room, share, None, 0, {}, {}, frozenset())


def a_purse(granted: Granted) -> Purse:
    purse = Purse("ada")
    purse.turn({"query": Purpose.PROFILE}, trims=False)
    purse.take_grant(granted, 100.0, 100.0)
    return purse


def taken(purse: Purse, spender: Spender = PROFILE, at: float = 101.0) -> Taken:
    call = purse.take("query", spender, at)
    assert call is not None
    return call


def test_a_lease_is_good_for_so_many_calls_and_for_five_seconds():
    purse = a_purse(a_grant(2))
    assert purse.take("query", PROFILE, 105.0) is None
    assert purse.take("records", PROFILE, 101.0) is None

    taken(purse)
    taken(purse, at=104.9)

    assert purse.take("query", PROFILE, 104.9) is None


def test_a_report_counts_only_the_calls_that_had_ended_when_its_own_was_sent():
    """Of two calls side by side nobody knows which one the org counted first."""
    purse = a_purse(a_grant())
    first, second = taken(purse), taken(purse)

    purse.ended(second, Answer(day=(1, 100)))
    early = purse.turn({}, trims=False)
    purse.take_grant(a_grant(0), 101.0, 101.0)
    purse.ended(first, Answer(day=(2, 100)))
    purse.ended(taken(purse), Answer(day=(3, 100)))

    assert (early.day, early.spent, early.held["query"]) == (DayReport(1, 1, 100), {"query": 1}, 9)
    assert purse.turn({}, trims=False).day == DayReport(2, 3, 100)


def test_a_turn_that_nobody_heard_is_told_again_as_it_was():
    purse = a_purse(a_grant())
    purse.ended(taken(purse), Answer())
    told = purse.turn({}, trims=False)
    purse.ended(taken(purse), Answer())

    again = purse.turn({}, trims=True)
    purse.take_grant(a_grant(0), 101.0, 101.0)
    rest = purse.turn({}, trims=False)

    assert again == told
    assert (told.number, told.spent) == (2, {"query": 1})
    assert (rest.number, rest.spent) == (3, {"query": 1})


def test_what_is_not_urgent_stops_at_its_floor_and_what_is_goes_on():
    """A fifth of 100 is left for more than activity: 12 in this lease, and 9 that nobody holds."""
    purse = a_purse(a_grant(12, room=9, share=100))

    taken(purse, ACTIVITY)

    assert purse.take("query", ACTIVITY, 101.0) is None
    assert purse.why_not("query", Purpose.ACTIVITY, 101.0) == Wait(Why.DAY, 60.0)
    taken(purse, PROFILE)


def test_whoever_stopped_at_the_floor_asks_again_after_a_moment():
    purse = a_purse(a_grant(0, room=10, share=100))

    assert purse.why_not("query", Purpose.ACTIVITY, 104.9) == Wait(Why.DAY, 60.0)
    assert purse.why_not("query", Purpose.ACTIVITY, 105.0) is None


def test_one_call_below_the_floor_looks_whether_calls_have_become_free():
    purse = a_purse(replace(a_grant(2, room=-1, share=100), looks=frozenset({"query"})))

    taken(purse, ACTIVITY)

    assert purse.take("query", ACTIVITY, 101.0) is None


def test_no_more_calls_are_under_way_than_there_are_slots():
    purse = a_purse(a_grant(slots=1))
    call = taken(purse)
    assert purse.take("query", PROFILE, 101.0) is None
    assert purse.why_not("query", Purpose.PROFILE, 101.0) is None

    purse.ended(call, Answer())

    taken(purse)


def test_after_five_failures_in_a_row_no_call_goes_out_before_the_others_were_told():
    purse = a_purse(a_grant())
    for _ in range(5):
        purse.ended(taken(purse), Answer(healthy=False))

    assert purse.take("query", PROFILE, 101.0) is None
    assert purse.is_urgent("query")
    assert purse.turn({}, trims=False).failures == {"query": 5}


def test_who_leaves_gives_everything_back_but_what_is_under_way():
    purse = a_purse(a_grant())
    taken(purse)

    turn = purse.turn({}, trims=False, leaves=True)

    assert ({endpoint: n for endpoint, n in turn.held.items() if n}, turn.wanted, turn.leaves) == (
        {"query": 1},
        {},
        True,
    )
