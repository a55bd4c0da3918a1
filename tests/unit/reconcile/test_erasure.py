"""What becomes of the record of a person who is erased."""

from msgspec.structs import replace

from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.effect import Step
from crosswalk.domain.erasure import ErasurePolicy, RecordErasure
from crosswalk.domain.plan import Plan
from crosswalk.domain.record_writes import RecordDelete
from crosswalk.domain.threshold import WriteKind
from crosswalk.domain.values import Owner
from crosswalk.reconcile.erasure import plan_erasure
from crosswalk.reconcile.kinds import kinds_of
from tests.core_builders import EXTERNAL_ID, a_field, a_link, a_record, a_sync, a_target

FIELDS = (a_field("LastName"), a_field("Email"), a_field("Tier__c", owner=Owner.SALESFORCE))
RECORD = a_record(LastName="Lovelace", Email="ada@example.com", Tier__c="Gold", **{EXTERNAL_ID: "auth0|ada"})


def a_plan(policy: ErasurePolicy, sync: SyncDefinition | None = None) -> Plan:
    return plan_erasure(replace(sync or a_sync(a_target(*FIELDS)), on_erasure=policy), a_link(RECORD, {}))


def test_by_default_the_record_is_left() -> None:
    assert kinds_of(a_plan(ErasurePolicy())) == frozenset()


def test_an_anonymous_record_has_none_of_the_values_and_not_the_users_id() -> None:
    (write,) = a_plan(ErasurePolicy(RecordErasure.ANONYMISE)).record_writes

    assert {field.field: (field.old, field.new) for field in write.fields} == {
        "LastName": ("Lovelace", "Erased"),
        "Email": ("ada@example.com", None),
        "Tier__c": ("Gold", None),
        EXTERNAL_ID: ("auth0|ada", None),
    }
    assert write.record_id == RECORD.id


def test_a_sync_may_keep_fields_and_say_what_others_get() -> None:
    values = {"LastName": "N. N.", "Description": "Erased on request"}
    (write,) = a_plan(ErasurePolicy(RecordErasure.ANONYMISE, values, keep=("Tier__c",))).record_writes

    assert {field.field: field.new for field in write.fields} == {
        "LastName": "N. N.",
        "Email": None,
        "Description": "Erased on request",
        EXTERNAL_ID: None,
    }


def test_a_deletion_is_one_to_the_thresholds_and_done_where_the_record_is_gone_already() -> None:
    plan = a_plan(ErasurePolicy(RecordErasure.DELETE))

    (step,) = plan.effects
    assert (step.step, step.effect.undo) == (Step.UNDO, RecordDelete("Contact", (EXTERNAL_ID, "auth0|ada")))
    assert kinds_of(plan) == {WriteKind.DELETE}


def test_a_record_of_an_object_that_is_no_target_any_more_is_left() -> None:
    sync = a_sync(a_target(*FIELDS, object_="Lead"))

    assert kinds_of(a_plan(ErasurePolicy(RecordErasure.DELETE), sync)) == frozenset()
