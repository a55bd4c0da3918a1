"""The ledger read backwards: how an identity stood before some writes."""

import json
from typing import Any

from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.link import Link
from crosswalk.domain.record import Record
from crosswalk.domain.values import Owner
from crosswalk.engine.past import before_writes
from crosswalk.store.audit import AUTH0_USER, AuditEntry
from tests.core_builders import a_field, a_sync, a_target

SYNC = a_sync(
    a_target(
        a_field("Title"),
        a_field("Tier__c", "user.app_metadata?.tier", Owner.SALESFORCE, to=("app_metadata", "tier")),
    )
)
LINK = Link(
    UserId("auth0|ada"),
    Record("Contact", RecordId("003a"), {"Title": "Countess", "Tier__c": "gold", "Status__c": "Inactive"}),
    {"Title": "Countess", "Tier__c": "gold"},
    "email",
)
PROFILE = json.dumps({"user_id": "auth0|ada", "app_metadata": {"tier": "gold", "seats": 5}}).encode()


def an_entry(field: str, old: object, new: object, reason: str, **changes: Any) -> AuditEntry:
    values: dict[str, Any] = {
        "sync": "shop",
        "user_id": "auth0|ada",
        "object": "Contact",
        "record_id": "003a",
        "action": "update",
        "place": "mapping.yaml:1",
        "actor": "crosswalk",
        "event_seq": 7,
    }
    return AuditEntry(field=field, old=old, new=new, reason=reason, **{**values, **changes})  # type: ignore[arg-type]


def link_before(*written: AuditEntry) -> Link:
    before = before_writes(LINK, PROFILE, written, SYNC).link
    assert before is not None
    return before


def test_nothing_written_leaves_everything_as_it_is():
    before = before_writes(LINK, PROFILE, (), SYNC)

    assert (before.link, before.found, before.profile) == (LINK, None, json.loads(PROFILE))


def test_a_changed_field_had_its_old_value_on_both_sides():
    link = link_before(an_entry("Title", "Miss", "Countess", "changed"))

    assert (link.record.fields["Title"], link.base["Title"]) == ("Miss", "Miss")
    assert (link.record.fields["Tier__c"], link.base["Tier__c"]) == ("gold", "gold")


def test_a_restored_field_was_edited_while_the_base_stood():
    link = link_before(an_entry("Title", "Typo", "Countess", "restored"))

    assert (link.record.fields["Title"], link.base["Title"]) == ("Typo", "Countess")


def test_several_writes_of_a_field_go_back_to_the_first():
    link = link_before(
        an_entry("Title", "Lady", "Countess", "changed"),
        an_entry("Title", "Miss", "Lady", "changed"),
    )

    assert (link.record.fields["Title"], link.base["Title"]) == ("Miss", "Miss")


def test_before_its_record_was_made_an_identity_had_no_link():
    before = before_writes(LINK, PROFILE, [an_entry("Title", None, "Countess", "created", action="create")], SYNC)

    assert (before.link, before.found) == (None, None)


def test_before_it_was_matched_the_record_was_there_without_the_id():
    written = [
        an_entry("Title", None, "Countess", "filled"),
        an_entry("Auth0_User_Id__c", None, "auth0|ada", "linked"),
    ]

    for order in (written, written[::-1]):
        before = before_writes(LINK, PROFILE, order, SYNC)

        assert before.link is None
        assert before.found is not None
        assert (before.found.fields["Title"], before.found.fields["Auth0_User_Id__c"]) == (None, None)


def test_a_write_to_the_user_is_taken_out_of_the_user_and_of_the_base():
    written = an_entry("app_metadata.tier", "silver", "gold", "changed", object=AUTH0_USER, record_id="auth0|ada")

    before = before_writes(LINK, PROFILE, [written], SYNC)

    assert before.profile == {"user_id": "auth0|ada", "app_metadata": {"tier": "silver", "seats": 5}}
    assert before.link is not None
    assert (before.link.record.fields["Tier__c"], before.link.base["Tier__c"]) == ("gold", "silver")


def test_a_place_that_was_empty_is_empty_again():
    written = an_entry("app_metadata.tier", None, "gold", "changed", object=AUTH0_USER, record_id="auth0|ada")

    assert before_writes(LINK, PROFILE, [written], SYNC).profile == {
        "user_id": "auth0|ada",
        "app_metadata": {"seats": 5},
    }


def test_marks_of_a_flow_were_never_agreed_on():
    link = link_before(an_entry("Status__c", "Active", "Inactive", "flow"))

    assert link.record.fields["Status__c"] == "Active"
    assert "Status__c" not in link.base


def test_writes_to_other_records_change_nothing():
    assert (
        link_before(an_entry("Subject", None, "Call", "flow", object="Task", record_id="00T1", action="create")) == LINK
    )
