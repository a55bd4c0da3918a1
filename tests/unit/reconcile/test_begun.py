"""What is noted before it is written, so that it is known even if nobody lives to book it."""

import pytest

from crosswalk.domain.begun import BegunField, BegunWrites
from crosswalk.domain.evaluation import Evaluation
from crosswalk.domain.values import Owner, Side
from crosswalk.domain.write import Action, Reason
from crosswalk.matching.resolution import Matched, NoMatch
from crosswalk.reconcile.begun import begun_by, link_after, plan_found_again
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.reconcile.planner import plan_linked
from crosswalk.reconcile.unlinked import plan_unlinked
from tests.core_builders import a_field, a_link, a_record, a_sync, a_target, an_identity, evaluate_one

CONTACT = a_target(a_field("LastName", "user.family_name"), a_field("Title", "user.title", Owner.LATEST, line=4))
SYNC = CompiledSync(a_sync(CONTACT))


def ada(**profile: object) -> Evaluation:
    return evaluate_one(SYNC, an_identity("auth0|ada", **{"family_name": "Lovelace", **profile}))


def test_a_record_that_is_about_to_be_made_is_noted() -> None:
    plan = plan_unlinked(SYNC, ada(), NoMatch())

    assert begun_by(SYNC, plan, {}, None) == BegunWrites("Contact", None, "created")


def test_a_record_that_is_about_to_be_marked_as_the_users_is_noted_whatever_else_is_written() -> None:
    record = a_record(LastName="Lovelace")
    plan = plan_unlinked(SYNC, ada(), Matched(0, record, "email"))

    assert begun_by(SYNC, plan, {}, None) == BegunWrites("Contact", record.id, "email")


def test_a_newer_value_is_noted_with_what_it_replaces_and_what_both_sides_agreed_on() -> None:
    record = a_record(LastName="Lovelace", Title="Lady")
    link = a_link(record, {"LastName": "Lovelace", "Title": "Lady"})
    plan = plan_linked(SYNC, ada(title="Countess"), link)

    noted = begun_by(SYNC, plan, link.base, None)

    field = BegunField("Title", Side.SALESFORCE, "Countess", old="Lady", base="Lady")
    assert noted == BegunWrites("Contact", record.id, "email", (field,))


def test_what_auth0_owns_is_not_noted_since_it_is_written_whatever_the_record_holds() -> None:
    record = a_record(LastName="Byron")
    link = a_link(record, {"LastName": "Byron"})

    assert begun_by(SYNC, plan_linked(SYNC, ada(), link), link.base, None) is None


NOTED = BegunWrites(
    "Contact", a_record().id, "email", (BegunField("Title", Side.SALESFORCE, "Countess", old="Lady", base="Lady"),)
)


@pytest.mark.parametrize(
    ("found", "agreed"),
    [("Countess", "Countess"), ("Lady", "Lady"), ("Duchess", "Countess")],
    ids=["it was written", "it was not", "somebody changed it since"],
)
def test_what_both_sides_agreed_on_is_told_from_what_the_record_has_now(found: str, agreed: str) -> None:
    link = a_link(a_record(LastName="Lovelace", Title=found), {"LastName": "Lovelace", "Title": "Lady"})

    assert link_after(SYNC, ada(title="Countess"), link, NOTED).base == {"LastName": "Lovelace", "Title": agreed}


def test_a_note_about_another_record_says_nothing() -> None:
    link = a_link(a_record("0030000000000002AAA", LastName="Lovelace", Title="Duchess"), {"Title": "Lady"})

    assert link_after(SYNC, ada(title="Countess"), link, NOTED).base == {"Title": "Lady"}


def test_a_second_note_keeps_what_was_agreed_on_before_the_first_where_that_one_was_not_written() -> None:
    record = a_record(LastName="Lovelace", Title="Lady")
    link = a_link(record, {"LastName": "Lovelace", "Title": "Miss"})
    plan = plan_linked(SYNC, ada(title="Baroness"), link_after(SYNC, ada(title="Baroness"), link, NOTED))

    noted = begun_by(SYNC, plan, link.base, NOTED)

    assert noted is not None
    assert noted.fields == (BegunField("Title", Side.SALESFORCE, "Baroness", old="Lady", base="Lady"),)


def test_a_second_note_keeps_what_the_first_wrote() -> None:
    record = a_record(LastName="Lovelace", Title="Countess")
    link = a_link(record, {"LastName": "Lovelace", "Title": "Lady"})
    plan = plan_linked(SYNC, ada(title="Baroness"), link_after(SYNC, ada(title="Baroness"), link, NOTED))

    noted = begun_by(SYNC, plan, link.base, NOTED)

    assert noted is not None
    assert noted.fields == (BegunField("Title", Side.SALESFORCE, "Baroness", old="Countess", base="Countess"),)


MADE = BegunWrites("Contact", None, "created")


def test_a_record_that_was_made_and_not_booked_is_booked_when_it_is_found_again() -> None:
    record = a_record(LastName="Lovelace", Title="Countess", Auth0_User_Id__c="auth0|ada")
    found = plan_unlinked(SYNC, ada(title="Countess"), Matched(0, record, "external_id"))

    plan = plan_found_again(SYNC, ada(title="Countess"), found, MADE)

    [made] = plan.unbooked
    assert (plan.evidence, plan.writes) == ("created", ())
    assert (made.action, made.record_id) == (Action.CREATE, record.id)
    assert {each.field: each.new for each in made.fields} == {"LastName": "Lovelace", "Title": "Countess"}


def test_what_somebody_changed_of_it_since_is_not_booked_as_the_hubs() -> None:
    record = a_record(LastName="Lovelace", Title="Duchess", Auth0_User_Id__c="auth0|ada")
    found = plan_unlinked(SYNC, ada(title="Countess"), Matched(0, record, "external_id"))

    [made] = plan_found_again(SYNC, ada(title="Countess"), found, MADE).unbooked

    assert [each.field for each in made.fields] == ["LastName"]


def test_a_record_that_is_found_by_another_key_was_not_made_by_the_hub() -> None:
    record = a_record(LastName="Lovelace")
    found = plan_unlinked(SYNC, ada(), Matched(0, record, "email"))

    plan = plan_found_again(SYNC, ada(), found, MADE)

    assert (plan.evidence, plan.unbooked) == ("email", ())


def test_a_record_that_was_marked_and_not_booked_keeps_why_it_was_found() -> None:
    record = a_record(LastName="Lovelace", Auth0_User_Id__c="auth0|ada")
    found = plan_unlinked(SYNC, ada(), Matched(0, record, "external_id"))

    plan = plan_found_again(SYNC, ada(), found, BegunWrites("Contact", record.id, "email"))

    [marked] = plan.unbooked
    assert (plan.evidence, plan.writes) == ("email", ())
    assert [(each.field, each.new, each.reason) for each in marked.fields] == [
        ("Auth0_User_Id__c", "auth0|ada", Reason.LINKED)
    ]


def test_a_record_that_carried_the_id_before_was_not_marked_by_the_hub() -> None:
    record = a_record(LastName="Lovelace", Auth0_User_Id__c="auth0|ada")
    found = plan_unlinked(SYNC, ada(), Matched(0, record, "external_id"))

    plan = plan_found_again(SYNC, ada(), found, BegunWrites("Contact", record.id, "external_id"))

    assert (plan.evidence, plan.unbooked) == ("external_id", ())
