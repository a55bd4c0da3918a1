"""What is noted before it is written, so that it is known even if nobody lives to book it."""

from crosswalk.domain.begun import BegunField, BegunWrites
from crosswalk.domain.evaluation import Evaluation
from crosswalk.domain.values import Owner, Side
from crosswalk.matching.resolution import Matched, NoMatch
from crosswalk.reconcile.begun import begun_by
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
