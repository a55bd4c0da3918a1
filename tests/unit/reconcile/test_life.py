"""Where links go: the pure part, for every fate of a record and of a user."""

import pytest
from msgspec.structs import replace

from crosswalk.domain.accounts import linked_accounts
from crosswalk.domain.candidate import Candidate
from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.fate import Alive, Converted, Deleted, Fate, Merged, Vanished
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.life import RecordDeleted
from crosswalk.domain.link import EndedLink, LinkEnd, Standing
from crosswalk.domain.plan import Plan, Situation
from crosswalk.domain.record import Record
from crosswalk.domain.values import Owner
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.reconcile.life import (
    Course,
    End,
    Move,
    Onward,
    Rest,
    course_of,
    plan_account,
    plan_moved,
    plan_taken,
    without_recreating,
)
from crosswalk.reconcile.planner import plan_created
from tests.core_builders import EXTERNAL_ID, a_field, a_link, a_record, a_sync, a_target, an_identity, evaluate_one

ADA, BOB = UserId("auth0|ada"), UserId("auth0|bob")
LEAD = a_record("00Q000000000001AAA", "Lead", LastName="Byron", **{EXTERNAL_ID: "auth0|ada"})
CONTACT_ID, ACCOUNT_ID = RecordId("003000000000001AAA"), RecordId("001000000000001AAA")
CONVERTED = Converted(CONTACT_ID, ACCOUNT_ID)

LEADS = a_target(a_field("LastName", "user.family_name"), a_field("Company", "'Unknown'"), object_="Lead")
CONTACTS = a_target(
    a_field("LastName", "user.family_name"),
    a_field("Title", "user.user_metadata?.title", Owner.LATEST, to=("user_metadata", "title")),
    create=False,
)
PERSONS = a_target(a_field("PersonTitle", "'x'"), object_="Account", match=())
COMPANIES = a_target(a_field("Name", "'x'"), object_="Account", match=())

TO_CONTACT = Onward("Contact", CONTACT_ID, LinkEnd.CONVERTED)
TO_PERSON = Onward("Account", ACCOUNT_ID, LinkEnd.CONVERTED)
AT_REST = Rest(Situation.CONVERTED, Standing.CONVERTED)


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        (a_sync(CONTACTS, LEADS), TO_CONTACT),
        (a_sync(LEADS), AT_REST),
        (a_sync(PERSONS, LEADS), TO_PERSON),
        (a_sync(PERSONS, CONTACTS, LEADS), TO_PERSON),
        (a_sync(CONTACTS, PERSONS, LEADS), TO_CONTACT),
        (a_sync(COMPANIES, LEADS), AT_REST),
    ],
)
def test_a_converted_lead_goes_on_as_the_first_target_that_is_the_person(definition: SyncDefinition, expected: Course):
    assert course_of(LEAD, CONVERTED, definition) == expected


@pytest.mark.parametrize("fate", [Deleted(), Vanished()])
@pytest.mark.parametrize(
    ("reaction", "expected"),
    [
        (RecordDeleted.UNLINK, End(LinkEnd.DELETED)),
        (RecordDeleted.RECREATE, End(LinkEnd.DELETED)),
        (RecordDeleted.KEEP, Rest(Situation.RECORD_DELETED, Standing.DELETED)),
    ],
)
def test_a_deleted_record_ends_its_link_unless_it_is_kept(fate: Fate, reaction: RecordDeleted, expected: Course):
    assert course_of(LEAD, fate, replace(a_sync(LEADS), on_record_deleted=reaction)) == expected


def test_a_merged_record_goes_on_as_the_one_that_is_left():
    master = RecordId("00Q000000000009AAA")

    assert course_of(LEAD, Merged(master), a_sync(LEADS)) == Onward("Lead", master, LinkEnd.MERGED)


def test_a_record_that_is_there_stays():
    assert course_of(LEAD, Alive(LEAD), a_sync(LEADS)) == Alive(LEAD)


def moved(link_user: str = "auth0|ada", **contact: str | None) -> Plan:
    """Ada's plan when a lead of `link_user` became a contact."""
    sync = CompiledSync(a_sync(CONTACTS, LEADS))
    link = a_link(LEAD, {"LastName": "Byron", "Company": "Unknown", "Title": "Ensign"}, link_user)
    identity = an_identity("auth0|ada", family_name="Lovelace", user_metadata={"title": "Ensign"})
    record = Record("Contact", CONTACT_ID, {"LastName": "Byron", **contact})
    return plan_moved(sync, evaluate_one(sync, identity), Move(link, record, LinkEnd.CONVERTED))


def test_a_converted_leads_contact_gets_the_id_and_what_people_changed_on_the_way_is_their_edit():
    plan = moved(Title="Captain", Auth0_User_Id__c=None)

    assert plan.situation is Situation.FOLLOWED
    assert [(field.field, field.new) for field in plan.record_writes[0].fields] == [
        (EXTERNAL_ID, "auth0|ada"),
        ("LastName", "Lovelace"),
    ]
    assert [(field.field, field.new) for field in plan.user_writes[0].fields] == [("user_metadata.title", "Captain")]
    assert plan.base == {"LastName": "Lovelace", "Title": "Captain"}
    assert plan.evidence == "converted from Lead 00Q000000000001AAA"
    assert plan.wakes == ()
    [ended] = plan.ends
    assert (ended.user_id, ended.record_id, ended.reason, ended.moved_to) == (
        ADA,
        LEAD.id,
        LinkEnd.CONVERTED,
        CONTACT_ID,
    )


def test_what_is_taken_over_from_another_user_was_never_agreed_on_and_wakes_that_user():
    plan = moved("auth0|bob", Title="Captain", Auth0_User_Id__c="auth0|bob")

    assert [(e.user_id, e.successor, e.moved_to) for e in plan.ends] == [(BOB, ADA, None)]
    assert plan.wakes == (BOB,)
    assert plan.record_writes[0].fields[0].new == "auth0|ada"


def test_a_record_that_another_user_has_is_a_conflict_that_names_both_and_leaves_the_link_to_be_looked_for():
    record = Record("Contact", CONTACT_ID, {})
    candidate = Candidate(record, 1.0, linked_to=BOB)

    plan = plan_taken(ADA, Move(a_link(LEAD, {}), record, LinkEnd.CONVERTED), candidate)

    assert (plan.writes, plan.standing, plan.record) == ((), Standing.LOST, LEAD)
    assert plan.conflict is not None
    assert plan.conflict.message == (
        "Lead 00Q000000000001AAA of auth0|ada was converted into Contact 003000000000001AAA, which belongs to"
        " auth0|bob. Link the two Auth0 users if they are one person, or give one another record."
    )


def test_two_records_of_one_person_are_a_conflict_and_one_record_waits_for_the_primary():
    mine = a_link(LEAD, {}, "auth0|bob")
    theirs = a_link(a_record(), {}, "auth0|ada")

    both, alone = plan_account(BOB, mine, ADA, theirs), plan_account(BOB, mine, ADA, None)

    assert both.conflict is not None and both.conflict.situation is Situation.USERS_LINKED
    assert [each.linked_to for each in both.conflict.candidates] == [ADA, BOB]
    assert (alone.conflict, alone.wakes, alone.record) == (None, (ADA,), LEAD)


def test_no_new_record_is_made_in_place_of_a_deleted_one():
    sync = CompiledSync(a_sync(LEADS))
    evaluation = evaluate_one(sync, an_identity(family_name="Lovelace"))
    created = plan_created(sync, evaluation, 0, Situation.NO_MATCH)
    former = EndedLink(ADA, "Lead", LEAD.id, LinkEnd.DELETED)

    plan = without_recreating(created, former)

    assert (plan.situation, plan.writes, plan.conflict) == (Situation.RECORD_DELETED, (), None)
    assert plan.waits_for == (
        "Lead 00Q000000000001AAA was deleted in Salesforce, and no new record is made in its place (on_record_deleted: "
        "unlink). Bring it back from the recycle bin, or decide that a new one is made."
    )


@pytest.mark.parametrize(
    ("profile", "accounts"),
    [
        (b'{"user_id": "auth0|1", "identities": [{"provider": "auth0", "user_id": "1"}]}', ()),
        (
            b'{"user_id": "auth0|1", "identities": [{"provider": "auth0", "user_id": "1"},'
            b' {"provider": "google-oauth2", "user_id": "1042"}, {"provider": "facebook", "user_id": 7}]}',
            ("google-oauth2|1042", "facebook|7"),
        ),
        (b'{"user_id": "auth0|1"}', ()),
        (b'{"user_id": "auth0|1", "identities": "none"}', ()),
        (b'{"identities": [', ()),
    ],
)
def test_the_accounts_of_a_user_are_told_by_its_identities(profile: bytes, accounts: tuple[str, ...]):
    assert linked_accounts(profile) == accounts
