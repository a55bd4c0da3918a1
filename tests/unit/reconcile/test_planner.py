"""From identity and record to the writes."""

from typing import Any

import pytest
from msgspec.structs import replace

from crosswalk.domain.candidate import Candidate
from crosswalk.domain.evaluation import Evaluation
from crosswalk.domain.link import Link
from crosswalk.domain.plan import Conflict, FieldConflict, FieldError, Plan, Situation
from crosswalk.domain.values import Owner, ValueType
from crosswalk.domain.write import Action, FieldWrite, Reason, RecordWrite, UserWrite
from crosswalk.matching.resolution import AlreadyLinked, Ambiguous, Matched, NoMatch
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.reconcile.planner import plan_deleted, plan_linked, settled_by
from crosswalk.reconcile.unlinked import plan_unlinked
from tests.core_builders import (
    EXTERNAL_ID,
    UserId,
    a_field,
    a_link,
    a_place,
    a_record,
    a_rule,
    a_sync,
    a_target,
    an_identity,
    evaluate_one,
)

ADA = UserId("auth0|ada")
EXTERNAL = (EXTERNAL_ID, "auth0|ada")
CONTACT = a_target(
    a_field("LastName", "user.family_name", line=2),
    a_field("Email", "user.email", type_=ValueType.EMAIL, line=3),
    a_field("Company__c", "user.company", Owner.INITIAL, line=4),
    a_field("Rating__c", "user.rating", Owner.SALESFORCE, line=5),
)
SYNC = CompiledSync(a_sync(CONTACT, filter_="user.active !== false"))


NOT_CREATING = CompiledSync(
    a_sync(a_target(*CONTACT.fields, create=False), filter_="user.active !== false"),
)


def ada(**profile: object) -> Evaluation:
    return evaluate_one(
        SYNC, an_identity("auth0|ada", **{"family_name": "Lovelace", "email": "ada@example.com", **profile})
    )


def a_write(field: str, old: str | None, new: str | None, reason: Reason, line: int) -> FieldWrite:
    return FieldWrite(field, old, new, reason, a_place(line))


def test_change_in_auth0_becomes_one_update_of_the_fields_that_differ() -> None:
    record = a_record(LastName="Byron", Email="ada@example.com", Company__c="Old", Rating__c="Hot")
    link = a_link(record, {"LastName": "Byron", "Email": "ada@example.com", "Company__c": "Old", "Rating__c": "Hot"})

    plan = plan_linked(SYNC, ada(company="New", rating="Cold"), link)

    fields = (a_write("LastName", "Byron", "Lovelace", Reason.CHANGED, 2),)
    assert plan == Plan(
        user_id=ADA,
        situation=Situation.LINKED,
        target="Contact",
        writes=(RecordWrite(Action.UPDATE, "Contact", record.id, EXTERNAL, fields),),
        record=record,
        base={"LastName": "Lovelace", "Email": "ada@example.com", "Company__c": "Old", "Rating__c": "Hot"},
        evidence="email",
    )


def test_nothing_changed_means_nothing_to_write() -> None:
    record = a_record(LastName="Lovelace", Email="ada@example.com")
    link = a_link(record, {"LastName": "Lovelace", "Email": "ada@example.com"})

    plan = plan_linked(SYNC, ada(), link)

    assert (plan.writes, plan.base) == ((), {"LastName": "Lovelace", "Email": "ada@example.com"})


def test_field_in_error_keeps_its_base_while_the_others_proceed() -> None:
    record = a_record(LastName="Byron", Email="old@example.com")
    link = a_link(record, {"LastName": "Byron", "Email": "old@example.com"})

    plan = plan_linked(SYNC, ada(email="nonsense"), link)

    assert [write.field for write in plan.writes[0].fields] == ["LastName"]
    assert plan.base == {"LastName": "Lovelace", "Email": "old@example.com"}
    assert [(error.field, error.place) for error in plan.errors] == [("Email", a_place(3))]


def test_filtered_identity_is_left_alone() -> None:
    record = a_record(LastName="Byron")
    link = a_link(record, {"LastName": "Byron"})

    linked = plan_linked(SYNC, ada(active=False), link)
    unlinked = plan_unlinked(SYNC, ada(active=False), NoMatch())

    assert (linked.situation, linked.writes, linked.base) == (Situation.FILTERED, (), {"LastName": "Byron"})
    assert (unlinked.situation, unlinked.writes) == (Situation.FILTERED, ())


def test_record_of_an_object_that_is_no_target_any_more_is_left_alone() -> None:
    record = a_record("00Q0000000000001AAA", "Lead", LastName="Byron")

    plan = plan_linked(SYNC, ada(), a_link(record, {"LastName": "Byron"}))

    assert (plan.situation, plan.writes, plan.base) == (Situation.LINKED, (), {"LastName": "Byron"})


def test_unknown_person_becomes_a_new_record() -> None:
    plan = plan_unlinked(SYNC, ada(company="Analytical", rating="Hot"), NoMatch())

    fields = (
        a_write("LastName", None, "Lovelace", Reason.CREATED, 2),
        a_write("Email", None, "ada@example.com", Reason.CREATED, 3),
        a_write("Company__c", None, "Analytical", Reason.CREATED, 4),
    )
    assert plan == Plan(
        user_id=ADA,
        situation=Situation.NO_MATCH,
        target="Contact",
        writes=(RecordWrite(Action.CREATE, "Contact", None, EXTERNAL, fields),),
        base={"LastName": "Lovelace", "Email": "ada@example.com", "Company__c": "Analytical"},
        evidence="created",
    )


def test_nothing_is_created_where_no_target_may_be() -> None:
    plan = plan_unlinked(NOT_CREATING, ada(), NoMatch())

    assert plan == Plan(user_id=ADA, situation=Situation.NO_MATCH)


def test_nothing_is_created_while_a_match_rule_fails() -> None:
    rule = a_rule("phone", "Phone", "user.phone.number")
    sync = CompiledSync(a_sync(a_target(a_field("LastName", "user.family_name"), match=(rule,))))

    plan = plan_unlinked(sync, evaluate_one(sync, an_identity(family_name="Lovelace")), NoMatch())

    assert plan.writes == ()
    assert [error.field for error in plan.errors] == ["Phone"]


def test_matched_record_gets_the_external_id_and_the_differences() -> None:
    record = a_record(LastName="Byron", Email="ADA@example.com", Company__c=None, Rating__c="Hot")

    plan = plan_unlinked(SYNC, ada(company="Analytical"), Matched(0, record, "email"))

    fields = (
        a_write(EXTERNAL_ID, None, "auth0|ada", Reason.LINKED, 90),
        a_write("LastName", "Byron", "Lovelace", Reason.CHANGED, 2),
        a_write("Company__c", None, "Analytical", Reason.FILLED, 4),
    )
    assert plan == Plan(
        user_id=ADA,
        situation=Situation.MATCHED,
        target="Contact",
        writes=(RecordWrite(Action.UPDATE, "Contact", record.id, EXTERNAL, fields),),
        record=record,
        base={"LastName": "Lovelace", "Email": "ada@example.com", "Company__c": "Analytical"},
        evidence="email",
    )


def test_record_that_has_the_external_id_and_the_values_needs_no_write() -> None:
    fields = {"LastName": "Lovelace", "Email": "ada@example.com", EXTERNAL_ID: "auth0|ada"}
    record = a_record(**fields)

    plan = plan_unlinked(SYNC, ada(), Matched(0, record, "external_id"))

    assert (plan.situation, plan.writes) == (Situation.MATCHED, ())


def test_mapping_of_the_external_id_field_itself_is_written_once() -> None:
    sync = CompiledSync(a_sync(a_target(a_field(EXTERNAL_ID, "user.user_id"), a_field("LastName", "user.name"))))
    evaluation = evaluate_one(sync, an_identity(name="Lovelace"))

    created = plan_unlinked(sync, evaluation, NoMatch())
    matched = plan_unlinked(sync, evaluation, Matched(0, a_record(LastName="Lovelace"), "email"))

    assert [write.field for write in created.writes[0].fields] == ["LastName"]
    assert [(write.field, write.reason) for write in matched.writes[0].fields] == [(EXTERNAL_ID, Reason.LINKED)]


def test_ambiguous_match_asks_a_person() -> None:
    candidates = (Candidate(a_record("0030000000000001AAA"), 0.9), Candidate(a_record("0030000000000002AAA"), 0.4))

    plan = plan_unlinked(SYNC, ada(), Ambiguous(0, "email", candidates))

    message = (
        "The match rule email found 2 records where one was expected. Choose the right one, or merge them in "
        "Salesforce."
    )
    conflict = Conflict(Situation.AMBIGUOUS, "email", candidates, message)
    assert plan == Plan(user_id=ADA, situation=Situation.AMBIGUOUS, target="Contact", conflict=conflict)


def test_record_of_somebody_else_asks_a_person() -> None:
    candidate = Candidate(a_record(), 0.9, (), UserId("auth0|bob"))

    plan = plan_unlinked(SYNC, ada(), AlreadyLinked(0, candidate, UserId("auth0|bob"), "email"))

    message = (
        "The match rule email found record 0030000000000001AAA, which belongs to auth0|bob already. Link the two Auth0 "
        "users, or correct the record."
    )
    conflict = Conflict(Situation.ALREADY_LINKED, "email", (candidate,), message)
    assert plan == Plan(user_id=ADA, situation=Situation.ALREADY_LINKED, target="Contact", conflict=conflict)


def test_deleted_user_keeps_the_record() -> None:
    record = a_record(LastName="Lovelace")

    linked = plan_deleted(ADA, a_link(record, {"LastName": "Lovelace"}))

    assert linked == Plan(
        user_id=ADA,
        situation=Situation.DELETED,
        target="Contact",
        record=record,
        base={"LastName": "Lovelace"},
        evidence="email",
    )
    assert plan_deleted(ADA, None) == Plan(user_id=ADA, situation=Situation.DELETED)


def test_a_linked_record_that_lost_the_users_id_gets_it_back() -> None:
    compiled = CompiledSync(a_sync(a_target(a_field("LastName", "user.name"))))
    identity = an_identity(name="Lovelace")
    (evaluation,) = compiled.evaluate([identity])
    record = a_record(**{"LastName": "Lovelace", EXTERNAL_ID: None})

    plan = plan_linked(compiled, evaluation, Link(identity.user_id, record, {"LastName": "Lovelace"}, "email"))

    [write] = plan.record_writes
    assert [(field.field, field.new, field.reason) for field in write.fields] == [
        (EXTERNAL_ID, "auth0|ada", Reason.LINKED)
    ]


CLEAN = Plan(UserId("auth0|ada"), Situation.LINKED, record=a_record())
AN_ERROR = FieldError(UserId("auth0|ada"), "Contact", "Title", a_place(), "no text")
A_USER_WRITE = UserWrite(UserId("auth0|ada"), (), (), b"{}")
A_DISPUTE = FieldConflict("Title", "a", "b", a_place())


def test_a_plan_that_leaves_nothing_open_settles_the_state_it_was_made_for() -> None:
    assert settled_by(CLEAN, "digest").settled == "digest"


@pytest.mark.parametrize(
    "changes",
    [
        {"errors": (AN_ERROR,)},
        {"disputed": (A_DISPUTE,)},
        {"writes": (A_USER_WRITE,)},
        {"situation": Situation.FILTERED},
        {"situation": Situation.AMBIGUOUS},
    ],
)
def test_a_plan_that_leaves_something_open_settles_nothing(changes: dict[str, Any]) -> None:
    assert settled_by(replace(CLEAN, **changes), "digest").settled == ""


def test_an_identity_with_a_field_in_quarantine_is_never_settled() -> None:
    assert settled_by(CLEAN, "digest", {CLEAN.user_id}).settled == ""
