"""The mass-change gate: what is too much waits, everything else goes on."""

import pytest

from crosswalk.domain.effect import Effect, EffectStep, Step
from crosswalk.domain.flow import DEACTIVATION
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.place import Place
from crosswalk.domain.plan import Plan, Situation
from crosswalk.domain.record_writes import RecordDelete
from crosswalk.domain.threshold import Threshold, WriteKind
from crosswalk.domain.user_writes import RoleChange
from crosswalk.domain.write import Action, FieldsWrite, FieldWrite, Reason, RecordWrite, UserWrite, Write
from crosswalk.reconcile.gate import Verdict, gate
from crosswalk.reconcile.kinds import fingerprint_of, kinds_of
from crosswalk.reconcile.summary import FieldLine, Line, Summary

ADA, BOB, EVE = UserId("auth0|ada"), UserId("auth0|bob"), UserId("auth0|eve")
CLEAR, UPDATE, REVOKE = WriteKind.CLEAR, WriteKind.UPDATE, WriteKind.REVOKE


def a_field(name: str = "Phone", old: str | None = "1", new: str | None = "2", line: int = 1) -> FieldWrite:
    return FieldWrite(name, old, new, Reason.CHANGED, Place("mapping.yaml", line))


def an_update(*fields: FieldWrite, action: Action = Action.UPDATE) -> RecordWrite:
    return RecordWrite(action, "Contact", RecordId("003"), ("Auth0_User_Id__c", ADA), fields)


def a_plan(*writes: FieldsWrite, situation: Situation = Situation.LINKED) -> Plan:
    return Plan(ADA, situation, writes=writes)


def a_step(write: Write, undo: Write | None = None, step: Step = Step.DO, flow: str = "closed_won") -> Plan:
    effect = Effect("key", write, undo, "because")
    return Plan(ADA, Situation.LINKED, effects=(EffectStep(step, flow, effect, Place("crosswalk.yaml", 1)),))


@pytest.mark.parametrize(
    ("plan", "kinds"),
    [
        (a_plan(), set()),
        (a_plan(an_update(a_field())), {UPDATE}),
        (a_plan(an_update(a_field(new=None))), {UPDATE, CLEAR}),
        (a_plan(an_update(a_field(new=""))), {UPDATE, CLEAR}),
        (a_plan(an_update(a_field(old=None, new=None))), {UPDATE}),
        (a_plan(an_update(a_field(), action=Action.CREATE), situation=Situation.NO_MATCH), {WriteKind.CREATE}),
        (a_plan(an_update(a_field()), situation=Situation.MATCHED), {WriteKind.LINK}),
        (a_plan(UserWrite(ADA, (a_field(new=None),), ("Phone",), b"{}")), {WriteKind.USER_UPDATE, CLEAR}),
        (a_step(RoleChange(ADA, "gold")), {WriteKind.GRANT}),
        (a_step(RoleChange(ADA, "gold"), RoleChange(ADA, "gold", granted=False), Step.UNDO), {REVOKE}),
        (a_step(RoleChange(ADA, "gold"), None, Step.RELEASE), set()),
        (a_step(an_update(a_field()), None, Step.DO, DEACTIVATION), {WriteKind.DEACTIVATE}),
        (a_step(an_update(a_field()), RecordDelete("Task", ("Key__c", "1")), Step.UNDO), {WriteKind.DELETE}),
    ],
)
def test_a_plan_has_the_kinds_of_its_writes(plan: Plan, kinds: set[WriteKind]) -> None:
    assert kinds_of(plan) == kinds


def test_all_of_a_kind_wait_when_a_batch_would_bring_it_above_what_is_allowed() -> None:
    wanted = {ADA: {CLEAR, UPDATE}, BOB: {CLEAR}, EVE: {UPDATE}}

    assert gate(wanted, {CLEAR: 1}, {}) == Verdict({ADA: CLEAR, BOB: CLEAR}, {CLEAR: 2}, {})


def test_what_is_allowed_goes_on_and_is_counted() -> None:
    assert gate({ADA: {CLEAR, UPDATE}, BOB: {CLEAR}}, {CLEAR: 2}, {}) == Verdict({}, {}, {CLEAR: 2})


def test_what_was_written_before_counts() -> None:
    assert gate({ADA: {CLEAR}}, {CLEAR: 2}, {CLEAR: 2}) == Verdict({ADA: CLEAR}, {CLEAR: 3}, {})


def test_a_kind_that_waits_for_a_person_takes_in_even_a_single_one() -> None:
    assert gate({ADA: {CLEAR}, BOB: {UPDATE}}, {CLEAR: 100}, {}, {CLEAR}) == Verdict({ADA: CLEAR}, {}, {})


def test_a_plan_waits_for_its_gravest_kind_and_does_not_count_for_others() -> None:
    wanted = {ADA: {CLEAR, REVOKE}, BOB: {CLEAR}}

    verdict = gate(wanted, {CLEAR: 1, REVOKE: 0}, {})

    assert verdict == Verdict({ADA: REVOKE}, {REVOKE: 1}, {CLEAR: 1})


@pytest.mark.parametrize(
    ("threshold", "linked", "allowed"),
    [(Threshold(100), 10_000, 100), (Threshold(100, 10), 500, 100), (Threshold(100, 10), 50_000, 5_000)],
)
def test_a_share_counts_where_it_is_more_than_the_number(threshold: Threshold, linked: int, allowed: int) -> None:
    assert threshold.allows(linked) == allowed


def test_a_fingerprint_is_of_what_is_written_and_not_of_the_lines_of_the_mapping() -> None:
    plan = a_plan(an_update(a_field()))

    assert fingerprint_of(plan) == fingerprint_of(a_plan(an_update(a_field(line=7))))
    assert fingerprint_of(plan) != fingerprint_of(a_plan(an_update(a_field(new="3"))))
    assert fingerprint_of(plan) != fingerprint_of(a_plan(an_update(a_field(old="0"))))
    assert fingerprint_of(plan) != fingerprint_of(a_plan(an_update(a_field("Fax"))))


def test_a_summary_counts_and_names_three_examples() -> None:
    summary = Summary()
    for number in range(5):
        user_id = UserId(f"auth0|{number}")
        summary.add(Plan(user_id, Situation.LINKED, writes=(an_update(a_field(new=None if number else "2")),)))
    summary.add(Plan(ADA, Situation.FILTERED))

    data = summary.data()

    assert (data.identities, data.with_writes, data.fields_written) == (6, 5, 5)
    assert data.fields == (
        FieldLine("Contact", "Phone", "changed", 5, 4, (UserId("auth0|0"), UserId("auth0|1"), UserId("auth0|2"))),
    )
    assert data.situations["filtered"] == Line(1, (ADA,))
    assert data.kinds[CLEAR] == Line(4, (UserId("auth0|1"), UserId("auth0|2"), UserId("auth0|3")))
    assert list(data.kinds) == [CLEAR, UPDATE]
