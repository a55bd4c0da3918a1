"""Events of a real org are read with the schema that it gave them."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from crosswalk_pubsub import (
    EventSchema,
    PayloadUnreadableError,
    ReplayIdMalformedError,
    format_replay_id,
    read_replay_id,
)

RECORDED = Path(__file__).parent / "recorded"
ACCOUNT = EventSchema((RECORDED / "AccountChangeEvent.json").read_text(encoding="utf-8"))
EVENTS: list[dict[str, Any]] = json.loads((RECORDED / "account_events.json").read_text(encoding="utf-8"))
CURRENCY, STREET, GEOCODED = (base64.b64decode(each["event"]["payload"]) for each in EVENTS)


def test_a_recorded_update_is_read():
    event = ACCOUNT.decode(CURRENCY)

    assert event["ChangeEventHeader"] == {
        "entityName": "Account",
        "recordIds": ["001Dp00000JJkkHIAT"],
        "changeType": "UPDATE",
        "changeOrigin": "com/salesforce/api/soap/66.0;client=SfdcInternalAPI/",
        "transactionKey": "00034c74-0500-aa77-fc35-265917470e99",
        "sequenceNumber": 1,
        "commitTimestamp": 1771291772000,
        "commitNumber": 12279578624413,
        "commitUser": "005Dp000000PpjsIAC",
        "nulledFields": [],
        "diffFields": [],
        "changedFields": ["0x100000000000800000"],
    }
    assert {name: value for name, value in event.items() if value is not None and name != "ChangeEventHeader"} == {
        "LastModifiedDate": 1771291772000,
        "Amount_Owed__c": 3233.0,
    }


@pytest.mark.parametrize(
    ("payload", "changed"),
    [
        (CURRENCY, ["LastModifiedDate", "Amount_Owed__c"]),
        (STREET, ["LastModifiedDate", "ShippingAddress.Street"]),
        (GEOCODED, ["ShippingAddress.Latitude", "ShippingAddress.Longitude"]),
    ],
)
def test_recorded_bitmaps_name_the_fields_that_came_with_values(payload: bytes, changed: list[str]):
    event = ACCOUNT.decode(payload)

    assert ACCOUNT.header_fields(event) == {"changedFields": changed, "nulledFields": [], "diffFields": []}
    assert ACCOUNT.layout.encode(changed) == event["ChangeEventHeader"]["changedFields"]
    for name in changed:
        outer, _, part = name.partition(".")
        assert (event[outer][part] if part else event[outer]) is not None


@pytest.mark.parametrize("payload", [CURRENCY, STREET, GEOCODED])
def test_a_recorded_event_is_written_byte_for_byte(payload: bytes):
    assert ACCOUNT.encode(ACCOUNT.decode(payload)) == payload


@pytest.mark.parametrize(
    ("payload", "values"),
    [
        (CURRENCY, {"LastModifiedDate": 1771291772000, "Amount_Owed__c": 3233.0}),
        (STREET, {"LastModifiedDate": 1771300995000, "ShippingStreet": "101 California St"}),
        (GEOCODED, {"ShippingLatitude": 37.793113, "ShippingLongitude": -122.398524}),
    ],
)
def test_an_update_tells_the_records_own_fields(payload: bytes, values: dict[str, Any]):
    assert ACCOUNT.record_values(ACCOUNT.decode(payload)) == values


def test_a_new_record_tells_all_its_fields_and_a_deleted_one_none():
    event = ACCOUNT.decode(STREET)
    event["ChangeEventHeader"] |= {"changeType": "CREATE", "changedFields": []}

    values = ACCOUNT.record_values({**event, "Name": "Engines"})
    person = ACCOUNT.record_values({**event, "Name": {"Salutation": None, "FirstName": "Ada", "LastName": "Byron"}})

    assert (values["Name"], values["ShippingStreet"], values["BillingStreet"]) == ("Engines", "101 California St", None)
    assert {"BillingAddress", "LastName", "ChangeEventHeader"}.isdisjoint(values)
    assert (person["FirstName"], person["LastName"], "Name" in person) == ("Ada", "Byron", False)
    for kind in ("DELETE", "GAP_UPDATE", "GAP_OVERFLOW"):
        event["ChangeEventHeader"]["changeType"] = kind
        assert ACCOUNT.record_values(event) == {}


def test_what_was_emptied_is_none_also_inside_an_address_that_is_null():
    event = ACCOUNT.decode(STREET)

    assert ACCOUNT.record_values({**event, "ShippingAddress": None})["ShippingStreet"] is None


def test_fields_that_are_left_out_are_written_as_null():
    full = ACCOUNT.decode(CURRENCY)
    given = {name: value for name, value in full.items() if value is not None}

    assert ACCOUNT.encode(given) == CURRENCY


@pytest.mark.parametrize("payload", [b"", CURRENCY[:-1], CURRENCY + b"\x00", b"\xff" * 40])
def test_bytes_that_are_no_such_event_are_refused(payload: bytes):
    with pytest.raises(PayloadUnreadableError, match="AccountChangeEvent"):
        ACCOUNT.decode(payload)


@pytest.mark.parametrize("change", [{"NumberOfEmployees": "many"}, {"Nickname": "A"}, {"ChangeEventHeader": None}])
def test_a_value_that_does_not_fit_is_refused(change: dict[str, Any]):
    with pytest.raises(PayloadUnreadableError, match="AccountChangeEvent"):
        ACCOUNT.encode({**ACCOUNT.decode(CURRENCY), **change})


@pytest.mark.parametrize("text", ["[]", '{"type": "string"}', '{"type": "record", "name": "X", "fields": [{}]}', "{"])
def test_what_is_no_schema_is_refused(text: str):
    with pytest.raises(ValueError, match=r"expected|Expecting"):
        EventSchema(text)


def test_recorded_replay_ids_are_numbers_in_order():
    numbers = [read_replay_id(base64.b64decode(each["replayId"])) for each in EVENTS]

    assert numbers == [1544233, 1544272, 1544273]
    assert [base64.b64encode(format_replay_id(number)).decode() for number in numbers] == [
        each["replayId"] for each in EVENTS
    ]


def test_a_replay_id_is_known_without_its_last_zeros():
    assert read_replay_id(b"\x00\x00\x00\x00\x00\x17\x90\x29") == 1544233


@pytest.mark.parametrize("replay_id", [b"", b"12345", b"\x00" * 8 + b"\x00\x01", b"\x00" * 9, b"\x00" * 11])
def test_other_bytes_are_no_replay_id(replay_id: bytes):
    with pytest.raises(ReplayIdMalformedError):
        read_replay_id(replay_id)
