"""Which writes answer somebody else's, and which only carry what changed."""

import pytest

from crosswalk.domain.ids import UserId
from crosswalk.domain.values import Owner, Side
from crosswalk.domain.write import Reason
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.reconcile.loops import FieldStep, flips, suspects
from crosswalk.reconcile.planner import plan_linked
from tests.core_builders import a_field, a_link, a_record, a_sync, a_target, an_identity, evaluate_one

TO_RECORD, TO_USER = Side.SALESFORCE, Side.AUTH0


def steps(*written: tuple[Side, Reason]) -> list[FieldStep]:
    return [FieldStep(side, "before", "after", reason) for side, reason in written]


@pytest.mark.parametrize(
    ("written", "count"),
    [
        ([], 0),
        # A person who changes a field often, on one side: nobody answers.
        ([(TO_RECORD, Reason.CHANGED)] * 20, 0),
        ([(TO_USER, Reason.CHANGED)] * 20, 0),
        # Somebody keeps changing the record of what Auth0 owns.
        ([(TO_RECORD, Reason.CHANGED), (TO_RECORD, Reason.RESTORED), (TO_RECORD, Reason.RESTORED)], 2),
        ([(TO_USER, Reason.RESTORED)] * 3, 3),
        # Each side answers the other's newest value.
        ([(TO_RECORD, Reason.CHANGED), (TO_USER, Reason.CHANGED), (TO_RECORD, Reason.NEWER)], 2),
        # What was filled is emptied, again and again.
        ([(TO_RECORD, Reason.FILLED)] * 3, 2),
    ],
)
def test_writes_that_answer_somebody_elses(written: list[tuple[Side, Reason]], count: int) -> None:
    assert flips(steps(*written)) == count


@pytest.mark.parametrize(
    ("owner", "identity_value", "record_value", "suspect"),
    [
        (Owner.AUTH0, "new", "old", False),
        (Owner.AUTH0, "old", "edited", True),
        (Owner.SALESFORCE, "old", "new", False),
        (Owner.SALESFORCE, "edited", "old", True),
        (Owner.LATEST, "new", "old", True),
        (Owner.INITIAL, "new", None, True),
        (Owner.MANUAL, "new", "old", False),
    ],
)
def test_only_what_may_be_an_answer_is_looked_at(
    owner: Owner, identity_value: str, record_value: str | None, suspect: bool
) -> None:
    to = None if owner in (Owner.AUTH0, Owner.INITIAL) else ("user_metadata", "f")
    sync = CompiledSync(a_sync(a_target(a_field("F", "user.user_metadata.f", owner, to=to))))
    evaluation = evaluate_one(sync, an_identity(user_metadata={"f": identity_value}))
    plan = plan_linked(sync, evaluation, a_link(a_record(F=record_value), {"F": "old"}))

    assert list(suspects(sync, [plan])) == ([(UserId("auth0|ada"), "F")] if suspect else [])
