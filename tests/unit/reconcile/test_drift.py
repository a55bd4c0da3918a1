"""Why two sides are not in step: by what the plan would write, and by which side changed behind the hub's back."""

from crosswalk.domain.drift import Cause, Mark, Sample
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.place import Place
from crosswalk.domain.plan import FieldConflict, Plan, Situation
from crosswalk.domain.record import Record
from crosswalk.domain.values import FieldValue, Side
from crosswalk.domain.write import Action, FieldWrite, Reason, RecordWrite, UserWrite
from crosswalk.reconcile.drift import causes

USER = UserId("auth0|1")
PLACE = Place("crosswalk.yaml", 7)
RECORD = Record("Contact", RecordId("003000000000001AAA"), {})
CHANGED_USER = {Mark.USER_CHANGED}
CHANGED_RECORD = {Mark.RECORD_CHANGED}


def to_record(reason: Reason, old: FieldValue = "Ada", new: FieldValue = "Augusta") -> Plan:
    """A plan that writes the first name to the record."""
    fields = (FieldWrite("FirstName", old, new, reason, PLACE),)
    write = RecordWrite(Action.UPDATE, "Contact", RECORD.id, ("Auth0_User_Id__c", USER), fields)
    return Plan(USER, Situation.LINKED, "Contact", (write,), RECORD)


def to_user(reason: Reason) -> Plan:
    """A plan that writes the department to the user."""
    fields = (FieldWrite("app_metadata.crm.department", "Mine", "Navy", reason, PLACE),)
    return Plan(USER, Situation.LINKED, "Contact", (UserWrite(USER, fields, ("Department",), b"{}"),), RECORD)


def in_short(plan: Plan, marks: set[Mark], pending: tuple[str, ...] = ()) -> list[tuple[Cause, Side | None, str]]:
    return [(each.cause, each.side, each.field) for each in causes(plan, marks, pending)]


def test_a_user_that_changed_without_an_event_was_missed():
    assert in_short(to_record(Reason.CHANGED), CHANGED_USER) == [(Cause.MISSED_EVENT, Side.AUTH0, "FirstName")]


def test_a_record_that_was_edited_in_what_auth0_owns_was_edited_outside():
    assert in_short(to_record(Reason.RESTORED), CHANGED_RECORD) == [(Cause.EDIT_OUTSIDE, Side.SALESFORCE, "FirstName")]


def test_a_user_that_was_edited_in_what_salesforce_owns_was_edited_outside():
    assert in_short(to_user(Reason.RESTORED), CHANGED_USER) == [(Cause.EDIT_OUTSIDE, Side.AUTH0, "Department")]


def test_a_record_that_changed_in_what_salesforce_owns_was_missed():
    assert in_short(to_user(Reason.CHANGED), CHANGED_RECORD) == [(Cause.MISSED_EVENT, Side.SALESFORCE, "Department")]


def test_a_field_that_is_to_be_filled_again_was_emptied_in_the_record():
    assert in_short(to_record(Reason.FILLED, old=None), CHANGED_RECORD) == [
        (Cause.MISSED_EVENT, Side.SALESFORCE, "FirstName")
    ]


def test_where_both_changed_the_side_whose_value_goes_over_was_missed():
    both = CHANGED_USER | CHANGED_RECORD

    assert in_short(to_record(Reason.NEWER), both) == [(Cause.MISSED_EVENT, Side.AUTH0, "FirstName")]
    assert in_short(to_user(Reason.NEWER), both) == [(Cause.MISSED_EVENT, Side.SALESFORCE, "Department")]


def test_what_was_refused_before_is_a_rejected_write_although_the_user_changed_since():
    assert in_short(to_record(Reason.CHANGED), {Mark.REJECTED, Mark.USER_CHANGED}, ("FirstName",)) == [
        (Cause.REJECTED_WRITE, None, "FirstName")
    ]


def test_another_field_of_an_identity_with_a_dead_letter_has_its_own_cause():
    assert in_short(to_record(Reason.CHANGED), {Mark.REJECTED, Mark.USER_CHANGED}, ("Website",)) == [
        (Cause.MISSED_EVENT, Side.AUTH0, "FirstName")
    ]


def test_what_differs_although_neither_side_changed_was_not_written():
    assert in_short(to_record(Reason.CHANGED), {Mark.REJECTED}) == [(Cause.UNWRITTEN, None, "FirstName")]
    assert in_short(to_record(Reason.RESTORED), CHANGED_USER) == [(Cause.MISSED_EVENT, Side.AUTH0, "FirstName")]


def test_a_field_that_people_decide_is_named_with_the_side_that_changed():
    disputed = (FieldConflict("MailingCity", "Vienna", "Graz", PLACE),)
    plan = Plan(USER, Situation.LINKED, "Contact", (), RECORD, disputed=disputed)

    assert in_short(plan, CHANGED_RECORD) == [(Cause.MISSED_EVENT, Side.SALESFORCE, "MailingCity")]
    assert in_short(plan, set()) == []


def test_a_plan_without_writes_is_no_difference():
    assert causes(Plan(USER, Situation.LINKED, "Contact", (), RECORD), CHANGED_USER) == []


def test_each_side_s_value_stands_under_its_name_whichever_is_written():
    [name], [department] = causes(to_record(Reason.CHANGED), ()), causes(to_user(Reason.CHANGED), ())

    assert (name.auth0, name.salesforce, name.object, name.record_id) == ("Augusta", "Ada", "Contact", RECORD.id)
    assert (department.auth0, department.salesforce) == ("Mine", "Navy")


def test_a_sample_is_a_number_or_a_share():
    assert Sample.parse("500") == Sample(count=500)
    assert Sample.parse(" 2.5% ") == Sample(share=0.025)
    assert [Sample.parse(text) for text in ("0", "-1", "0%", "101%", "some", "1.5", "")] == [None] * 7
    assert [Sample(count=500).size(known) for known in (100, 1000)] == [100, 500]
    assert Sample(share=0.05).size(1000) == 50
    assert [str(each) for each in (Sample(count=5), Sample(share=0.025))] == ["5", "2.5%"]
