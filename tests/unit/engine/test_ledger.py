"""What each result of a write leaves behind."""

import pytest
from msgspec import UNSET

from crosswalk.connectors.base import (
    ConfigurationWrong,
    ConflictFound,
    LinkLost,
    Rejected,
    RetryLater,
    WriteResult,
    Written,
)
from crosswalk.domain.begun import BegunField, BegunWrites
from crosswalk.domain.ids import RecordId, SyncName, UserId
from crosswalk.domain.link import EndedLink, Link, LinkEnd, Standing
from crosswalk.domain.place import Place
from crosswalk.domain.plan import FieldError, Plan, Situation
from crosswalk.domain.record import Record
from crosswalk.domain.values import Side
from crosswalk.domain.write import Action, FieldWrite, Reason, RecordWrite
from crosswalk.engine.books import Books
from crosswalk.engine.conflict_view import candidates_of
from crosswalk.store.problems import ProblemKind

ADA = UserId("auth0|1")
LEAD = RecordId("00Q000000000001AAA")
HERE = Place("crosswalk.yaml", 7)
BOOKS = Books(SyncName("customers"), {ADA: 42})


def an_update(**changes: object) -> Plan:
    record = Record("Lead", LEAD, {"Company": "Old", "Auth0_User_Id__c": ADA})
    write = RecordWrite(
        Action.UPDATE,
        "Lead",
        LEAD,
        ("Auth0_User_Id__c", ADA),
        (FieldWrite("Company", "Old", "New", Reason.CHANGED, HERE),),
    )
    return Plan(ADA, Situation.LINKED, "Lead", (write,), record, {"Company": "New"}, "created", **changes)  # type: ignore[arg-type]


def test_a_written_record_leaves_a_link_with_the_new_base_and_an_audit_row():
    booking = BOOKS.book(an_update(), [Written(LEAD, created=False)], None)

    assert booking.outcome == "written"
    assert booking.link == Link(
        ADA, Record("Lead", LEAD, {"Company": "New", "Auth0_User_Id__c": ADA}), {"Company": "New"}, "created"
    )
    (entry,) = booking.audit
    assert (entry.field, entry.old, entry.new, entry.reason, entry.event_seq, entry.place) == (
        "Company",
        "Old",
        "New",
        "changed",
        42,
        "crosswalk.yaml:7",
    )
    assert booking.problems == ()


def test_what_nobody_lived_to_book_is_booked_before_what_is_written_now_and_only_once_that_is_done():
    fields = (FieldWrite("LastName", None, "Lovelace", Reason.CREATED, HERE),)
    made = RecordWrite(Action.CREATE, "Lead", LEAD, ("Auth0_User_Id__c", ADA), fields)
    plan = an_update(unbooked=(made,))

    booked = BOOKS.book(plan, [Written(LEAD, created=False)], None)
    later = BOOKS.book(plan, [RetryLater("UNABLE_TO_LOCK_ROW", "locked")], None)

    assert [(entry.action, entry.record_id, entry.field, entry.new) for entry in booked.audit] == [
        ("create", LEAD, "LastName", "Lovelace"),
        ("update", LEAD, "Company", "New"),
    ]
    assert later.audit == ()


def test_of_what_was_begun_only_what_failed_stays_unknown():
    link = Link(ADA, Record("Lead", LEAD, {"Company": "Old"}), {"Company": "Old"}, "created")
    company, title = BegunField("Company", Side.SALESFORCE, "New", "Old"), BegunField("Title", Side.AUTH0, "Countess")
    begun = BegunWrites("Lead", LEAD, "created", (company, title))
    locked = RetryLater("UNABLE_TO_LOCK_ROW", "locked")

    assert BOOKS.book(an_update(), [locked], link, begun).begun == BegunWrites("Lead", LEAD, "created", (company,))
    assert BOOKS.book(an_update(), [Written(LEAD, created=False)], link, begun).begun is None
    assert BOOKS.book(an_update(), [locked], None, begun).begun is UNSET, "whether the record carries the id is unknown"
    assert BOOKS.book(an_update(), [locked], link).begun is UNSET, "nothing was begun"


@pytest.mark.parametrize(
    ("result", "outcome", "kind"),
    [
        (RetryLater("UNABLE_TO_LOCK_ROW", "locked"), None, ProblemKind.RETRYING),
        (ConflictFound("DUPLICATES_DETECTED", "there is another"), "conflict", ProblemKind.CONFLICT),
        (LinkLost("ENTITY_IS_DELETED", "entity is deleted"), "conflict", ProblemKind.CONFLICT),
        (Rejected("STRING_TOO_LONG", "data value too large", ("Company",)), "dead_letter", ProblemKind.DEAD_LETTER),
        (ConfigurationWrong("INVALID_FIELD", "No such column"), "dead_letter", ProblemKind.DEAD_LETTER),
    ],
)
def test_a_failed_write_is_a_problem_in_the_vendors_words_and_moves_no_base(
    result: WriteResult, outcome: str | None, kind: ProblemKind
):
    booking = BOOKS.book(an_update(), [result], None)

    assert (booking.outcome, booking.link, booking.audit) == (outcome, None, ())
    (problem,) = booking.problems
    assert (problem.kind, problem.code, problem.event_seq) == (kind, result.code, 42)  # type: ignore[union-attr]


def test_the_records_that_a_duplicate_rule_names_are_the_candidates_of_the_conflict():
    named = (RecordId("003000000000001AAA"), RecordId("00Q000000000002AAA"), RecordId("a01000000000003AAA"))

    (problem,) = BOOKS.book(
        an_update(), [ConflictFound("DUPLICATES_DETECTED", "Use one of these", named)], None
    ).problems

    assert [(each.object, each.id) for each in candidates_of(problem)] == [
        ("Contact", "003000000000001AAA"),
        ("Lead", "00Q000000000002AAA"),
        ("Lead", "a01000000000003AAA"),
    ]


def test_the_vendors_waiting_time_is_kept():
    assert BOOKS.book(an_update(), [RetryLater("REQUEST_LIMIT_EXCEEDED", "full", 300.0)], None).wait_s == 300.0


def test_an_unchanged_link_is_not_stored_again():
    record = Record("Lead", LEAD, {"Company": "New"})
    link = Link(ADA, record, {"Company": "New"}, "created")

    booking = BOOKS.book(Plan(ADA, Situation.LINKED, "Lead", (), record, {"Company": "New"}, "created"), [], link)

    assert (booking.outcome, booking.link) == ("unchanged", None)


def test_a_field_error_is_a_problem_of_that_field_while_the_rest_is_written():
    error = FieldError(ADA, "Lead", "Phone", HERE, "expected a phone number")

    booking = BOOKS.book(an_update(errors=(error,)), [Written(LEAD, created=False)], None)

    assert booking.outcome == "written"
    assert [(p.kind, p.field, p.message) for p in booking.problems] == [
        (ProblemKind.FIELD_ERROR, "Phone", "expected a phone number")
    ]


@pytest.mark.parametrize("code", ["ENTITY_IS_DELETED", "CANNOT_UPDATE_CONVERTED_LEAD"])
def test_a_record_that_a_write_does_not_find_is_looked_for(code: str):
    link = Link(ADA, Record("Lead", LEAD, {"Company": "Old"}), {"Company": "Old"}, "created")

    booking = BOOKS.book(an_update(), [LinkLost(code, "gone")], link)

    assert booking.outcome is None
    assert booking.link is not None
    assert (booking.link.standing, booking.link.base) == (Standing.LOST, {"Company": "Old"})
    assert [(each.kind, each.code) for each in booking.problems] == [(ProblemKind.RETRYING, code)]


def test_a_record_that_was_looked_for_and_still_cannot_be_written_needs_a_person():
    link = Link(ADA, Record("Lead", LEAD, {}), {}, "created", Standing.LOST)

    booking = BOOKS.book(an_update(), [LinkLost("NOT_FOUND", "gone")], link)

    assert (booking.outcome, [each.kind for each in booking.problems]) == ("conflict", [ProblemKind.CONFLICT])


def test_a_link_moves_once_the_new_record_is_written_and_stays_to_be_looked_for_until_then():
    old = Link(ADA, Record("Lead", RecordId("00Q000000000009AAA"), {}), {}, "created")
    ended = EndedLink.of(old, LinkEnd.MERGED, moved_to=LEAD)
    plan = an_update(ends=(ended,), wakes=(UserId("auth0|2"),))

    done = BOOKS.book(plan, [Written(LEAD, created=False)], old)
    refused = BOOKS.book(plan, [Rejected("STRING_TOO_LONG", "too large")], old)

    assert done.link is not None
    assert (done.link.record.id, done.ends, done.wakes) == (LEAD, (ended,), ("auth0|2",))
    assert refused.link is not None
    assert (refused.link.record.id, refused.link.standing) == ("00Q000000000009AAA", Standing.LOST)
    assert (refused.ends, refused.wakes) == ((), ())
