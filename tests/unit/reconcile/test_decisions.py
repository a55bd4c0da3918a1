"""A person's decision about a field: it counts for the values that it was made about, and for no others."""

import pytest

from crosswalk.domain.decision import FieldDecision
from crosswalk.domain.plan import FieldConflict
from crosswalk.domain.quarantine import Quarantine
from crosswalk.domain.values import FieldValue, Owner, Side, ValueType
from crosswalk.domain.write import FieldWrite, Reason, RecordWrite
from crosswalk.mapping.compiled import CompiledTarget
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.reconcile.merge import Merge, merge_fields
from crosswalk.reconcile.planner import plan_linked
from tests.core_builders import (
    NOON,
    a_field,
    a_link,
    a_place,
    a_record,
    a_sync,
    a_target,
    an_identity,
    evaluate_one,
)


def decided(side: Side, identity_value: FieldValue = "theirs", record_value: FieldValue = "ours") -> FieldDecision:
    return FieldDecision(side, identity_value, record_value, "Grace Hopper", NOON)


def merge(decision: FieldDecision | None, identity_value: str = "theirs", type_: ValueType = ValueType.TEXT) -> Merge:
    """Both sides changed since they agreed on `old`."""
    target = CompiledTarget(a_target(a_field("F", owner=Owner.MANUAL, type_=type_, to=("user_metadata", "f"))))
    decisions = {} if decision is None else {"F": decision}
    return merge_fields(target, {"F": identity_value}, {"F": "old"}, {"F": "ours"}, decided=decisions)


def test_what_is_taken_from_auth0_goes_to_the_record_in_the_persons_name() -> None:
    write = FieldWrite("F", "ours", "theirs", Reason.DECIDED, a_place(), "Grace Hopper")

    assert merge(decided(Side.AUTH0)) == Merge((write,), {"F": "theirs"})


def test_what_is_taken_from_salesforce_goes_to_the_user_in_the_persons_name() -> None:
    write = FieldWrite("F", "theirs", "ours", Reason.DECIDED, a_place(), "Grace Hopper")

    assert merge(decided(Side.SALESFORCE)) == Merge((), {"F": "ours"}, (write,))


@pytest.mark.parametrize(
    "decision",
    [None, decided(Side.AUTH0, identity_value="earlier"), decided(Side.SALESFORCE, record_value="earlier")],
)
def test_a_decision_about_other_values_decides_nothing(decision: FieldDecision | None) -> None:
    dispute = FieldConflict("F", "theirs", "ours", a_place())

    assert merge(decision) == Merge((), {"F": "old"}, disputed=(dispute,))


def test_a_decision_counts_for_the_same_value_in_another_form() -> None:
    decision = decided(Side.AUTH0, identity_value="ADA@EXAMPLE.COM")

    assert [write.new for write in merge(decision, "ada@example.com", ValueType.EMAIL).writes] == ["ada@example.com"]


def test_a_field_in_quarantine_is_left_alone_and_the_others_are_written() -> None:
    sync = CompiledSync(a_sync(a_target(a_field("Title", "user.title"), a_field("Suffix", "user.suffix"))))
    link = a_link(a_record(Title="B", Suffix="B"), {"Title": "A", "Suffix": "A"})
    flips = Quarantine("Contact", link.record.id, "Title", Side.SALESFORCE, 6, "A", "B", (), NOON, NOON)
    elsewhere = Quarantine("Lead", link.record.id, "Suffix", Side.SALESFORCE, 6, "A", "B", (), NOON, NOON)

    evaluation = evaluate_one(sync, an_identity(title="A", suffix="A"))
    plan = plan_linked(sync, evaluation, link, quarantined=(flips, elsewhere))

    [write] = plan.writes
    assert isinstance(write, RecordWrite)
    assert [field.field for field in write.fields] == ["Suffix"]
    assert plan.quarantined == (flips,)
    assert plan.base == {"Title": "A", "Suffix": "A"}
