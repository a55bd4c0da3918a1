"""Whatever people, both vendors and the network do: in the end both sides agree, and nobody has two records."""

from collections.abc import Iterator
from functools import partial

import pytest
import structlog
from hypothesis import given, note, settings

from crosswalk.store.due import ROUTING
from tests.core_builders import EXTERNAL_ID
from tests.nightly import NIGHTLY
from tests.properties.two_sides.outcome import check_second_thought, run
from tests.properties.two_sides.process import Interruption, Outage, Process, every_door
from tests.properties.two_sides.steps import (
    EMAILS,
    Convert,
    CreateRecord,
    DeleteRecord,
    DeleteUser,
    EditRecord,
    EditUser,
    Hear,
    HearAll,
    LinkUsers,
    MergeRecords,
    Probe,
    SecondThought,
    SignUp,
    Step,
    Undelete,
    Wait,
    Work,
    World,
    probes,
    second_thoughts,
    sequences,
)
from tests.properties.two_sides.store import in_memory

SEQUENCES = 10_000 if NIGHTLY else 300


@pytest.fixture(scope="module", autouse=True)
def _tables_in_memory() -> Iterator[None]:
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    with in_memory():
        yield
    structlog.configure(**before)


@settings(max_examples=SEQUENCES)
@given(sequences, probes)
def test_both_sides_agree_in_the_end(steps: list[Step], probe: Probe) -> None:
    note(f"run({', '.join(map(repr, steps))}, probe={probe!r})")
    run(*steps, probe=probe)


@settings(max_examples=SEQUENCES // 3)
@given(sequences, second_thoughts)
def test_the_later_of_two_changes_stands_whatever_fails_in_between(steps: list[Step], thought: SecondThought) -> None:
    note(f"world = run({', '.join(map(repr, steps))}); check_second_thought(world, {thought!r})")
    check_second_thought(run(*steps), thought)


def test_what_the_org_gives_to_a_new_record_by_itself_reaches_the_user() -> None:
    world = run(SignUp(user=0))

    assert world.tenant.users["auth0|a"]["app_metadata"] == {"tier": "bronze"}


def test_a_record_made_before_a_crash_stays_the_user_s_when_a_preferred_object_has_the_address_later() -> None:
    world = run(
        SignUp(user=1),
        Work(lane=0, hears=6, door=17, happens="death", users_first=True),
        CreateRecord("Contact", "one@example.com"),
    )

    assert [(row.object, row.fields[EXTERNAL_ID]) for row in world.org.alive() if row.made_by == "hub"] == [
        ("Lead", "auth0|b")
    ]
    assert len(world.hub.store.tables.links) == 1


def test_whoever_found_an_edited_record_in_the_way_is_woken_when_the_edit_is_undone() -> None:
    edited = (SignUp(user=2, email=1), Work(1, 6), SignUp(user=1), EditRecord(0, "Email", "one@example.com"))
    world = run(*edited, Hear(of_user=True, back=0), Work(0))

    assert [row.fields[EXTERNAL_ID] for row in world.org.alive()] == ["google-oauth2|c", "auth0|b"]


def test_an_account_of_an_account_is_never_marked_as_deleted() -> None:
    chained = (LinkUsers(1, 3), LinkUsers(0, 1), LinkUsers(0, 1))
    world = run(
        *(SignUp(user) for user in (0, 1, 3)), SignUp(2, 1), Work(0, 6), *chained, Work(0, 6, 0, DeleteRecord(0))
    )

    assert [row.object for row in world.org.rows.values() if row.object == "Task"] == []


def test_of_two_users_of_one_person_who_come_at_once_only_one_gets_a_new_record() -> None:
    for door in every_door():
        world = run(SignUp(user=0), SignUp(user=1), Work(0, 6, door, happens=1))

        assert len(world.org.alive()) == 1, f"door {door}"


def test_an_account_that_is_gone_with_its_user_is_marked_as_soon_as_that_is_known() -> None:
    world = run(SignUp(user=3), SignUp(user=0), Work(-1, 6), LinkUsers(0, 1), Work(1, 6), DeleteUser(0))

    assert [row.fields["Inactive__c"] for row in world.org.alive()] == [True]


BLOCKED = (SignUp(user=0), Work(1, 6), EditUser(0, "blocked", True), Work(1, 6), Work(1))


def test_marks_of_a_blocked_user_go_where_the_record_goes() -> None:
    world = run(*BLOCKED, CreateRecord("Lead", "other@example.com"), MergeRecords(master=1, loser=0))

    assert [row.fields["Inactive__c"] for row in world.org.alive()] == [True]


def test_marks_that_a_conversion_copied_are_taken_back_when_the_user_is_unblocked() -> None:
    world = run(*BLOCKED, Convert(lead=0), Work(1, 6), EditUser(0, "blocked", False))

    assert [row.fields["Inactive__c"] for row in world.org.alive()] == [False]


def test_marks_that_a_conversion_copied_are_taken_back_when_both_are_heard_of_at_once() -> None:
    world = run(*BLOCKED, Convert(lead=0), EditUser(0, "blocked", False))

    assert [row.fields["Inactive__c"] for row in world.org.alive()] == [False]


def test_marks_that_failed_because_the_lead_was_converted_meanwhile_are_made_on_the_contact() -> None:
    blocked = (SignUp(user=0), Work(1, 6), EditUser(0, "blocked", True), Convert(lead=0, with_external_id=False))
    world = run(*blocked, Hear(of_user=True, back=0), Work(1))

    assert [row.fields["Inactive__c"] for row in world.org.alive()] == [True]


@pytest.mark.parametrize("happens", ["death", Outage.UNANSWERED, Outage.REFUSED])
def test_marks_whose_answer_was_lost_are_taken_back_when_the_user_is_unblocked_meanwhile(
    happens: Outage | str,
) -> None:
    for door in every_door():
        synced = (SignUp(user=0), Work(1, 6), Work(1))
        world = run(*synced, EditUser(0, "blocked", True), Work(1, 6, door, happens), EditUser(0, "blocked", False))

        assert [row.fields["Inactive__c"] for row in world.org.alive()] == [False], f"door {door}"


@pytest.mark.parametrize("blocked", [True, False])
def test_marks_go_with_the_record_to_another_user_of_the_person(blocked: bool) -> None:
    gone = (SignUp(user=0), Work(1, 6), DeleteUser(0), Work(1, 6), Work(1))
    world = run(*gone, SignUp(user=1), EditUser(0, "blocked", blocked), Work(0, 6), Work(0))

    assert [(row.fields[EXTERNAL_ID], row.fields["Inactive__c"]) for row in world.org.alive()] == [("auth0|b", blocked)]


@pytest.mark.parametrize("blocked", [True, False])
@pytest.mark.parametrize(("first", "other"), [(0, 1), (1, 0)])
def test_marks_are_right_if_a_record_is_taken_over_while_it_is_marked(first: int, other: int, blocked: bool) -> None:
    for door in every_door():
        gone = (SignUp(user=0), Work(1, 6), DeleteUser(0), SignUp(user=1), EditUser(0, "blocked", blocked))
        world = run(*gone, Work(first, 6, door, happens=other))

        marks = [(row.fields[EXTERNAL_ID], row.fields["Inactive__c"]) for row in world.org.alive()]
        assert marks == [("auth0|b", blocked)], f"door {door}"


def test_marks_that_were_handed_over_are_taken_back_when_the_other_user_is_unblocked() -> None:
    gone = (SignUp(user=0), Work(1, 6), DeleteUser(0), Work(1, 6), Work(1))
    blocked = (SignUp(user=1), EditUser(0, "blocked", True), Work(0, 6), Work(0), Work(0))
    world = run(*gone, *blocked, EditUser(0, "blocked", False))

    assert [(row.fields[EXTERNAL_ID], row.fields["Inactive__c"]) for row in world.org.alive()] == [("auth0|b", False)]


def test_what_the_org_refuses_because_a_converted_lead_has_the_id_is_left_to_a_person() -> None:
    world = run(
        SignUp(3, 1),
        Work(-1, 6),
        Convert(2, None, True),
        DeleteUser(0),
        DeleteRecord(1),
        Work(0, 6, 9, happens=SignUp(3, 0), users_first=True),
        CreateRecord("Lead", "one@example.com", None),
    )

    assert world.org.refusals > 0
    assert [code for found in world.hub.store.tables.problems.values() for code in [p.code for p in found]] == [
        "DUPLICATE_VALUE"
    ]


def test_an_edit_while_the_record_is_being_linked_reaches_the_user_without_another_look() -> None:
    for door in every_door():
        world = World()
        for step in (CreateRecord("Contact"), SignUp(0), Hear(of_user=True, back=0)):
            step.take(world)

        before = Process.interruptions
        world.hub.work(1, Interruption(door, partial(_edit_tier, world)))
        world.hub.settle()

        tier = "gold" if Process.interruptions > before else "bronze"
        [row] = world.org.alive()
        [user] = world.tenant.users.values()
        assert (user["app_metadata"]["tier"], row.fields["Tier__c"]) == (tier, tier), f"door {door}"


async def _edit_tier(world: World) -> None:
    EditRecord(0, "Tier__c", "gold").take(world)
    Hear(of_user=False, back=0).take(world)
    await world.hub.batch(ROUTING)


@pytest.mark.parametrize("happens", ["death", Outage.UNANSWERED, Outage.REFUSED])
@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("second", [0, 1])
@pytest.mark.parametrize("untold", [False, True])
def test_a_change_beside_a_write_that_nobody_lived_to_book_is_the_newer_one(
    happens: Outage | str, first: int, second: int, untold: bool
) -> None:
    for door in every_door():
        world = run(SignUp(user=0), Work(1, 6), Work(1))
        changes, mishap = [(first, "+4930901820"), (second, "+12125550100")], Work(1, 6, door, happens)
        check_second_thought(world, SecondThought(0, "Phone", changes[0], mishap, changes[1], untold))


@pytest.mark.parametrize("happens", ["death", Outage.UNANSWERED])
def test_a_change_beside_the_making_of_the_record_reaches_it_though_nobody_lived_to_book_it(
    happens: Outage | str,
) -> None:
    for door in every_door():
        phones = [EditUser(0, "user_metadata.phone", phone) for phone in ("+4930901820", "+12125550100")]
        arrived = (SignUp(user=0), phones[0], HearAll(6), phones[1], Wait(60_000))
        world = run(*arrived, Work(1, 0, door, happens), HearAll(6))

        assert [row.fields["Phone"] for row in world.org.alive()] == ["+12125550100"], f"door {door}"


@pytest.mark.parametrize("happens", ["death", Outage.UNANSWERED])
def test_the_record_of_a_user_who_left_before_it_was_booked_is_marked(happens: Outage | str) -> None:
    for door in every_door():
        world = run(SignUp(user=0), Work(1, 6, door, happens), DeleteUser(0), HearAll(6))

        leads = [row.fields.get("Inactive__c") for row in world.org.alive() if row.object == "Lead"]
        assert leads in ([], [True]), f"door {door}"


def test_a_record_that_is_restored_after_its_user_got_another_is_let_go() -> None:
    known = (CreateRecord("Lead", EMAILS[1]), CreateRecord("Contact", EMAILS[1]), SignUp(user=3, email=1), Work(0, 6))
    world = run(*known, DeleteRecord(1), Work(0, 6), Undelete(0))

    assert [(row.object, row.fields.get(EXTERNAL_ID)) for row in world.org.alive()] == [
        ("Lead", "google-oauth2|d"),
        ("Contact", None),
    ]


@pytest.mark.parametrize("happens", ["death", Outage.UNANSWERED, Outage.REFUSED])
def test_what_was_done_because_of_a_state_that_no_event_told_yet_is_not_taken_back_after_a_crash(
    happens: Outage | str,
) -> None:
    for door in every_door():
        known = (CreateRecord("Contact", EMAILS[0]), SignUp(0), EditUser(0, "user_metadata.phone", "+4930901820"))
        newer = (HearAll(6), Wait(5000), EditRecord(0, "Phone", "+12125550100"), Wait(5000))
        newest = (EditUser(0, "blocked", True), Wait(5000), Work(1, 0, door, happens), Work(1), HearAll(6))
        world = run(*known, *newer, *newest)

        notes = [row for row in world.org.rows.values() if row.object == "Task"]
        assert len(notes) == 1, f"door {door}"
