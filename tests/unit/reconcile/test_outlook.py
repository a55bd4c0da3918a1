"""What a plan comes to in the report of a back-fill."""

from crosswalk.domain.backfill import Finding, Outlook
from crosswalk.domain.candidate import Candidate
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.place import Place
from crosswalk.domain.plan import Conflict, Plan, Situation
from crosswalk.domain.record import Record
from crosswalk.domain.write import Action, FieldWrite, Reason, RecordWrite
from crosswalk.reconcile.outlook import finding_of, outlook_of

ADA = UserId("auth0|ada")
RECORD = Record("Contact", RecordId("0031"), {"Email": "ada@example.com"})


def a_write(action: Action) -> RecordWrite:
    field = FieldWrite("Auth0_User_Id__c", None, ADA, Reason.CHANGED, Place("contact.yaml", 1))
    record_id = None if action is Action.CREATE else RECORD.id
    return RecordWrite(action, "Contact", record_id, ("Auth0_User_Id__c", ADA), (field,))


def outlook(plan: Plan) -> Outlook:
    return outlook_of(plan, makes_records=True)


def test_a_record_that_was_found_is_linked():
    plan = Plan(ADA, Situation.MATCHED, "Contact", writes=(a_write(Action.UPDATE),), record=RECORD)

    assert outlook(plan) is Outlook.LINK


def test_a_record_that_carries_the_users_id_is_linked_even_where_there_is_nothing_to_write():
    assert outlook(Plan(ADA, Situation.MATCHED, "Contact", record=RECORD)) is Outlook.LINK


def test_a_new_record_is_made_unless_none_is_wanted():
    plan = Plan(ADA, Situation.NO_MATCH, "Contact", writes=(a_write(Action.CREATE),))

    assert outlook_of(plan, makes_records=True) is Outlook.CREATE
    assert outlook_of(plan, makes_records=False) is Outlook.NO_RECORD


def test_a_linked_identity_is_in_step_or_brought_in_step():
    assert outlook(Plan(ADA, Situation.LINKED, "Contact", record=RECORD)) is Outlook.SAME
    written = Plan(ADA, Situation.LINKED, "Contact", writes=(a_write(Action.UPDATE),), record=RECORD)
    assert outlook(written) is Outlook.UPDATE


def test_what_needs_a_person_or_waits_is_told_as_such():
    conflict = Conflict(Situation.AMBIGUOUS, "email", (), "Two were found.")

    assert outlook(Plan(ADA, Situation.AMBIGUOUS, conflict=conflict)) is Outlook.CONFLICT
    assert outlook(Plan(ADA, Situation.KEY_MISSING, waits_for="There is no key.")) is Outlook.WAIT


def test_who_has_no_record_and_gets_none_differs_from_who_is_left_alone():
    assert outlook(Plan(ADA, Situation.NO_MATCH)) is Outlook.NO_RECORD
    assert outlook(Plan(ADA, Situation.FILTERED)) is Outlook.LEFT_ALONE
    assert outlook(Plan(ADA, Situation.DELETED)) is Outlook.LEFT_ALONE


def test_a_conflict_is_reported_with_its_rule_its_records_and_its_words():
    other = Record("Contact", RecordId("0032"), {})
    conflict = Conflict(
        Situation.AMBIGUOUS, "email", (Candidate(RECORD, 1.0), Candidate(other, 0.5)), "Two were found."
    )
    plan = Plan(ADA, Situation.AMBIGUOUS, "Contact", conflict=conflict)

    assert finding_of(plan, Outlook.CONFLICT) == Finding(
        ADA, Outlook.CONFLICT, "ambiguous", "email", "Contact", "0031 0032", "Two were found."
    )
