"""What ought to be while a user is blocked or deleted."""

from typing import Any

import pytest
from msgspec.structs import replace

from crosswalk.domain.effect import Effect, HeldEffect, Step
from crosswalk.domain.flow import DeactivationFlow, TaskTemplate
from crosswalk.domain.ids import UserId
from crosswalk.domain.link import EndedLink, LinkEnd, Standing
from crosswalk.domain.plan import Plan, Situation
from crosswalk.domain.record import Record
from crosswalk.domain.write import Action, RecordWrite, Write
from crosswalk.flows.deactivation import NAME, CompiledDeactivation, SoFar, wanted_effects, with_deactivation
from crosswalk.flows.tasks import Surroundings
from tests.core_builders import a_place, a_record, an_identity

TASK = TaskTemplate("Find out why", "Ask.", 3, "High", "Not Started", "Completed")
FLOW = DeactivationFlow(
    "user.blocked === true", {"Contact": {"Standing__c": "Inactive"}}, "Deactivated", TASK, "Key__c", a_place()
)
AROUND = Surroundings("005000000000001AAA", "001000000000001AAA")
CONTACT = a_record("003000000000001AAA", Standing__c="Good")


def fields(write: Write | None) -> dict[str, Any]:
    assert isinstance(write, RecordWrite)
    return {field.field: field.new for field in write.fields}


def wanted(flow: DeactivationFlow = FLOW, record: Record = CONTACT, episode: int = 0) -> list[Effect]:
    return wanted_effects(flow, an_identity(blocked=True), record, AROUND, episode)


@pytest.mark.parametrize(("user", "inactive"), [({"blocked": True}, True), ({"blocked": False}, False), ({}, False)])
def test_the_condition_says_who_counts_as_inactive(user: dict[str, Any], inactive: bool) -> None:
    assert CompiledDeactivation(FLOW).inactive([an_identity(**user)]) == {"auth0|ada": inactive}


def test_a_deleted_user_counts_whatever_the_condition_says() -> None:
    gone = replace(an_identity(), deleted=True)

    assert CompiledDeactivation(FLOW).inactive([gone]) == {"auth0|ada": True}


def test_a_condition_that_fails_says_why() -> None:
    flow = replace(FLOW, when="user.missing.deeper")

    [reason] = CompiledDeactivation(flow).inactive([an_identity()]).values()

    assert isinstance(reason, str)
    assert reason.startswith("the condition of the flow failed: TypeError: cannot read property 'deeper'")


def test_the_mark_gives_back_what_was_there_before() -> None:
    mark = wanted()[0]

    assert (fields(mark.write), fields(mark.undo)) == ({"Standing__c": "Inactive"}, {"Standing__c": "Good"})
    assert isinstance(mark.write, RecordWrite)
    assert (mark.write.action, mark.write.record_id) == (Action.UPDATE, CONTACT.id)


def test_the_note_stays_and_the_task_is_closed() -> None:
    _, note, task = wanted()

    assert fields(note.write) == {
        "Subject": "Deactivated",
        "Status": "Completed",
        "WhoId": CONTACT.id,
        "OwnerId": AROUND.owner,
        "WhatId": AROUND.account,
    }
    assert note.undo is None
    assert fields(task.write)["ActivityDate"] == "2026-01-05"
    assert fields(task.undo) == {"Status": "Completed"}


def test_each_episode_makes_a_task_of_its_own_and_doing_one_again_does_not() -> None:
    names = [
        [each.write.external_id for each in wanted(episode=number) if isinstance(each.write, RecordWrite)][1:]
        for number in (0, 0, 1)
    ]

    assert names[0] == names[1]
    assert not set(names[0]) & set(names[2])


def test_a_lead_has_no_account_and_an_account_is_one() -> None:
    lead = fields(wanted(record=a_record("00Q000000000001AAA", "Lead"))[-1].write)
    account = fields(wanted(record=a_record("001000000000009AAA", "Account"))[-1].write)

    assert (lead["WhoId"], "WhatId" in lead) == ("00Q000000000001AAA", False)
    assert (account["WhatId"], "WhoId" in account) == ("001000000000009AAA", False)


def test_what_is_not_configured_is_not_wanted() -> None:
    assert wanted(replace(FLOW, fields={}, note=None, task=None)) == []


def test_surroundings_prefer_the_owner_of_the_account() -> None:
    read = a_record("003000000000001AAA", **{"Account.OwnerId": "a", "OwnerId": "b", "AccountId": "c"})

    assert Surroundings.of(read) == Surroundings("a", "c")
    assert Surroundings.of(a_record("00Q000000000001AAA", "Lead", OwnerId="b")) == Surroundings("b", None)


def a_plan(situation: Situation, standing: Standing = Standing.LIVE) -> Plan:
    return Plan(UserId("auth0|ada"), situation, "Contact", record=CONTACT, standing=standing)


def extended(plan: Plan, held: tuple[HeldEffect, ...] = ()) -> list[Step]:
    deleted = replace(an_identity("auth0|ada"), deleted=True)
    plan = with_deactivation(FLOW, plan, deleted, True, SoFar(held))
    return [each.step for each in plan.effects]


def test_a_record_that_cannot_be_written_is_not_marked() -> None:
    assert extended(a_plan(Situation.DELETED)) == [Step.DO, Step.DO, Step.DO]
    assert extended(a_plan(Situation.CONVERTED, Standing.CONVERTED)) == []
    assert extended(a_plan(Situation.DELETED, Standing.DELETED)) == []


@pytest.mark.parametrize("situation", [Situation.USERS_LINKED, Situation.REPLACED])
def test_whoever_is_there_as_another_user_did_not_leave(situation: Situation) -> None:
    marked = replace(CONTACT, fields={"Standing__c": "Inactive"})
    held = tuple(HeldEffect(NAME, "auth0|ada", effect) for effect in wanted())

    assert extended(a_plan(situation)) == []
    assert extended(replace(a_plan(situation), record=marked), held) == [Step.UNDO, Step.RELEASE, Step.UNDO]


def plan_of(*, blocked: bool, so_far: SoFar, record: Record = CONTACT) -> Plan:
    plan = replace(a_plan(Situation.LINKED), record=record)
    return with_deactivation(FLOW, plan, an_identity(blocked=blocked), blocked, so_far)


def test_what_was_begun_is_done_again_as_it_was_whatever_the_record_has_by_now() -> None:
    begun = tuple(HeldEffect(NAME, "auth0|ada", effect) for effect in wanted())
    marked = replace(CONTACT, fields={"Standing__c": "Inactive"})

    plan = plan_of(blocked=True, so_far=SoFar(begun=begun), record=marked)

    assert [(each.step, each.effect) for each in plan.effects] == [(Step.DO, each.effect) for each in begun]


def test_of_what_was_begun_only_what_is_there_is_taken_back() -> None:
    begun = tuple(HeldEffect(NAME, "auth0|ada", effect) for effect in wanted())
    mark, _, task = (each.effect.key for each in begun)

    nothing_there = plan_of(blocked=False, so_far=SoFar(begun=begun))
    all_there = plan_of(blocked=False, so_far=SoFar(begun=begun, seen=frozenset({mark, task})))

    assert [each.step for each in nothing_there.effects] == [Step.RELEASE] * 3
    assert [each.step for each in all_there.effects] == [Step.UNDO, Step.RELEASE, Step.UNDO]


def test_marks_of_whoever_had_the_record_before_are_kept_and_not_made_twice() -> None:
    handed_over = HeldEffect(NAME, "auth0|ada", wanted()[0], episode=-1)

    plan = plan_of(blocked=True, so_far=SoFar((handed_over,)))

    assert [(each.step, each.effect.key) for each in plan.effects] == [
        (Step.DO, "deactivation/auth0|ada/note/0"),
        (Step.DO, "deactivation/auth0|ada/task/0"),
    ]


def test_a_record_that_was_another_users_until_now_is_marked_in_the_next_round() -> None:
    end = EndedLink(UserId("auth0|twin"), "Contact", CONTACT.id, LinkEnd.REPLACED, successor=UserId("auth0|ada"))
    plan = replace(a_plan(Situation.MATCHED), ends=(end,))

    plan = with_deactivation(FLOW, plan, an_identity(blocked=True), True, SoFar())

    assert (plan.effects, plan.unfinished) == ((), True)


@pytest.mark.parametrize(
    ("done", "lacking"), [([0, 1, 2], []), ([0], [1, 2]), ([0, 1], [2]), ([1, 2], [0]), ([2], [0, 1])]
)
def test_what_failed_when_the_rest_was_done_is_done_later(done: list[int], lacking: list[int]) -> None:
    """Mark, note and task go in calls of their own, and each may fail alone."""
    every = wanted()
    held = tuple(HeldEffect(NAME, "auth0|ada", every[number]) for number in done)

    plan = with_deactivation(FLOW, a_plan(Situation.LINKED), an_identity(), True, SoFar(held, around=AROUND))

    assert [each.effect.key for each in plan.effects] == [every[number].key for number in lacking]


def test_a_task_of_which_it_is_not_known_whether_it_was_closed_is_closed_when_the_next_time_begins() -> None:
    """It is not opened again beside the new one; and what is not there is not closed, for that would make it."""
    _, note, task = (HeldEffect(NAME, "auth0|ada", effect) for effect in wanted())
    so_far = SoFar(begun=(note, task), episode=1, around=AROUND)

    there = plan_of(blocked=True, so_far=replace(so_far, seen=frozenset({note.effect.key, task.effect.key})))
    nowhere = plan_of(blocked=True, so_far=so_far)

    anew = [
        (Step.DO, f"deactivation/{what}/1", None)
        for what in (CONTACT.id + "/marks", "auth0|ada/note", "auth0|ada/task")
    ]
    assert [(each.step, each.effect.key, each.episode) for each in there.effects] == [
        (Step.RELEASE, "deactivation/auth0|ada/note/0", 0),
        (Step.UNDO, "deactivation/auth0|ada/task/0", 0),
        *anew,
    ]
    assert [(each.step, each.effect.key, each.episode) for each in nowhere.effects] == [
        (Step.RELEASE, "deactivation/auth0|ada/note/0", 0),
        (Step.RELEASE, "deactivation/auth0|ada/task/0", 0),
        *anew,
    ]


def test_a_task_that_could_not_be_closed_is_closed_when_the_next_time_begins() -> None:
    """Blocked, unblocked while the org was away, and blocked again: the mark is there, the old task goes."""
    mark, _, task = (HeldEffect(NAME, "auth0|ada", effect) for effect in wanted())

    plan = plan_of(blocked=True, so_far=SoFar((mark, task), episode=1, around=AROUND))

    assert [(each.step, each.effect.key) for each in plan.effects] == [
        (Step.UNDO, "deactivation/auth0|ada/task/0"),
        (Step.DO, "deactivation/auth0|ada/note/1"),
        (Step.DO, "deactivation/auth0|ada/task/1"),
    ]
