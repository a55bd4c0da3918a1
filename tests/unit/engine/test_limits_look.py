"""When an org is asked for its limits, and what its answer says."""

from datetime import UTC, datetime

import pytest

from crosswalk.connectors.base import ApiUsage
from crosswalk.connectors.salesforce.limits import usage_in_limits
from crosswalk.domain.budget import BudgetState, Day, DayReport, Terms
from crosswalk.engine.budget.limits_look import claim_look

NOON = 1_767_268_800.0
ORG = Terms(reserve=0.2, counts_by_day=True)
READ_AT = datetime(2026, 1, 1, 12, tzinfo=UTC)


def told(seconds_ago: float, used: int = 100) -> BudgetState:
    return BudgetState(day=Day(DayReport(0, used, 1000), NOON - seconds_ago))


@pytest.mark.parametrize(
    ("state", "asks"),
    [(BudgetState(), True), (told(3601.0), True), (told(3599.0), False), (told(-60.0), True)],
    ids=["never told", "told long ago", "told lately", "told by a clock that was ahead"],
)
def test_the_org_is_asked_where_nothing_was_told_for_an_hour(state: BudgetState, asks: bool):
    assert claim_look(state, ORG, NOON, 3600.0)[1] is asks


def test_of_all_processes_one_asks_and_not_again_before_the_hour_is_over():
    state, first = claim_look(BudgetState(), ORG, NOON, 3600.0)
    state, second = claim_look(state, ORG, NOON + 1.0, 3600.0)
    state, unanswered = claim_look(state, ORG, NOON + 3600.0, 3600.0)

    assert (first, second, unanswered) == (True, False, True)


def test_where_nothing_is_left_the_look_is_the_budgets_own():
    """Claiming it here would put that look off."""
    state, asks = claim_look(told(3601.0, used=790), ORG, NOON, 3600.0)

    assert (asks, state.looked_at) == (True, 0.0)


def test_the_limits_resource_tells_what_a_header_would():
    body = b'{"DailyApiRequests": {"Max": 15000, "Remaining": 14998, "Workbench": {"Max": 0, "Remaining": 0}}}'

    assert usage_in_limits(body, READ_AT) == ApiUsage(used=2, limit=15_000, at=READ_AT)
    assert usage_in_limits(b'{"HourlyODataCallout": {"Max": 1, "Remaining": 1}}', READ_AT) is None
    assert usage_in_limits(b"<html>", READ_AT) is None
