"""Change events become changes of records, with values in the form of the REST API; the payloads are a real org's."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from crosswalk.connectors.salesforce.changes import change_of
from crosswalk.connectors.salesforce.pubsub.change_events import ChangeEventReader, Overflow
from crosswalk.connectors.salesforce.pubsub.field_values import ValueUnreadable, rest_value
from crosswalk.connectors.salesforce.pubsub.subscription import topic_of
from crosswalk.domain.change import ChangeKind, RecordChange
from crosswalk.domain.ids import RecordId
from crosswalk.domain.values import FieldValue
from crosswalk_pubsub import EventSchema

RECORDED = Path(__file__).parents[1] / "pubsub" / "recorded"
SCHEMA = EventSchema((RECORDED / "AccountChangeEvent.json").read_text(encoding="utf-8"))
EVENTS: list[dict[str, Any]] = json.loads((RECORDED / "account_events.json").read_text(encoding="utf-8"))
CURRENCY, STREET, GEOCODED = (base64.b64decode(each["event"]["payload"]) for each in EVENTS)
BY_PERSON = "com/salesforce/api/soap/66.0;client=SfdcInternalAPI/"


def a_reader(*tracked: str) -> ChangeEventReader:
    return ChangeEventReader(SCHEMA, "Account", tracked)


def altered(payload: bytes, values: dict[str, Any] | None = None, **header: Any) -> bytes:
    """A recorded event with something else in it."""
    event = SCHEMA.decode(payload)
    event |= values or {}
    event["ChangeEventHeader"] |= header
    return SCHEMA.encode(event)


def test_a_recorded_change_of_a_custom_field_is_read() -> None:
    [event] = a_reader("Amount_Owed__c", "SystemModstamp").read(CURRENCY, "uuid")

    assert event.id == "Account/uuid/001Dp00000JJkkHIAT"
    assert (event.type, event.occurred_at.isoformat()) == ("Account.updated", "2026-02-17T01:29:32+00:00")
    assert change_of(event) == RecordChange(
        "Account",
        RecordId("001Dp00000JJkkHIAT"),
        ChangeKind.UPDATED,
        {"LastModifiedDate": "2026-02-17T01:29:32.000+0000", "Amount_Owed__c": 3233.0},
        BY_PERSON,
    )


def test_a_part_of_a_recorded_address_is_a_field_of_its_own() -> None:
    [event] = a_reader("ShippingStreet", "ShippingCity").read(STREET, "uuid")

    assert change_of(event).fields["ShippingStreet"] == "101 California St"
    assert "ShippingCity" not in change_of(event).fields
    assert change_of(event).untold == ()


@pytest.mark.parametrize(
    ("tracked", "payload", "untold"),
    [
        (("Score_Formula__c",), CURRENCY, ("Score_Formula__c",)),
        (("ShippingAddress", "BillingAddress"), GEOCODED, ("ShippingAddress",)),
        (("Parent.Name", "Id", "Phone"), CURRENCY, ()),
    ],
)
def test_computed_fields_may_have_changed_without_being_told(
    tracked: tuple[str, ...], payload: bytes, untold: tuple[str, ...]
) -> None:
    [event] = a_reader(*tracked).read(payload, "uuid")

    assert change_of(event).untold == untold


def test_a_field_of_a_parent_may_differ_when_the_record_has_another_parent() -> None:
    changed = SCHEMA.layout.encode(["ParentId"])
    payload = altered(CURRENCY, {"ParentId": "001Dp00000JJkkIIAT"}, changedFields=changed)

    [event] = a_reader("Parent.Name").read(payload, "uuid")

    assert change_of(event).untold == ("Parent.Name",)


def test_the_differences_of_a_long_text_are_not_taken_for_the_text() -> None:
    bits = SCHEMA.layout.encode(["Description"])
    payload = altered(CURRENCY, {"Description": "--- \n+++ \n"}, changedFields=bits, diffFields=bits)

    [event] = a_reader("Description").read(payload, "uuid")

    assert (dict(change_of(event).fields), change_of(event).untold) == ({}, ("Description",))


def test_a_list_of_fields_that_does_not_fit_the_schema_leaves_everything_open() -> None:
    payload = altered(CURRENCY, changedFields=["0x" + "F" * 80])

    [event] = a_reader("Phone", "Website").read(payload, "uuid")

    assert (dict(change_of(event).fields), change_of(event).untold) == ({}, ("Phone", "Website"))


def test_each_record_of_an_event_has_its_own_change_under_its_full_id() -> None:
    payload = altered(CURRENCY, recordIds=["001Dp00000JJkkHIAT", "001Dp00000JJkkI"])

    events = a_reader().read(payload, "uuid")

    assert [event.id for event in events] == ["Account/uuid/001Dp00000JJkkHIAT", "Account/uuid/001Dp00000JJkkIIAT"]


@pytest.mark.parametrize("kind", ["GAP_CREATE", "GAP_UPDATE", "GAP_DELETE", "GAP_UNDELETE"])
def test_what_says_nothing_is_unknown(kind: str) -> None:
    [event] = a_reader("Phone").read(altered(CURRENCY, changeType=kind), "uuid")

    assert (change_of(event).kind, dict(change_of(event).fields)) == (ChangeKind.UNKNOWN, {})


def test_an_overflow_is_no_change_of_a_record() -> None:
    payload = altered(CURRENCY, changeType="GAP_OVERFLOW", recordIds=["000000000000000AAA"])

    with pytest.raises(Overflow) as caught:
        a_reader().read(payload, "uuid")

    assert caught.value.committed_at.isoformat() == "2026-02-17T01:29:32+00:00"


@pytest.mark.parametrize(
    ("doc", "value", "expected"),
    [
        ("Data:DateTime", 1771291772000, "2026-02-17T01:29:32.000+0000"),
        ("CreatedDate:DateTime", 0, "1970-01-01T00:00:00.000+0000"),
        ("Data:DateTime:00NDp000009Rr9I", -86_400_000, "1969-12-31T00:00:00.000+0000"),
        ("Data:DateOnly", -86_400_000, "1969-12-31"),
        ("Data:TimeOnly:00NDp000009RrA1", 37_845_000, "10:30:45.000Z"),
        ("Data:Text", "text", "text"),
        ("Data:Currency", 12.5, 12.5),
        ("Data:Boolean", False, False),
        ("Data:DateTime", None, None),
        ("", 7, 7),
    ],
)
def test_values_take_the_form_of_the_rest_api(doc: str, value: object, expected: FieldValue) -> None:
    assert rest_value(doc, value) == expected


@pytest.mark.parametrize(("doc", "value"), [("Data:DateTime", 10**18), ("Data:Text", {"a": 1}), ("", b"bytes")])
def test_what_the_rest_api_would_not_give_is_refused(doc: str, value: object) -> None:
    with pytest.raises(ValueUnreadable):
        rest_value(doc, value)


def test_topics_are_named_after_their_objects() -> None:
    assert [topic_of(name) for name in ("Contact", "Thing__c", "Abc")] == [
        "/data/ContactChangeEvent",
        "/data/Thing__ChangeEvent",
        "/data/AbcChangeEvent",
    ]
