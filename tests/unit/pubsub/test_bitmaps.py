"""The lists of fields in a change event's header, by the vendor's own examples."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk_pubsub import FieldLayout
from crosswalk_pubsub.bitmaps import BitmapUnreadableError, record_field

# The fields of an account's change event in the Change Data Capture guide ("Delivered Enriched Event Messages").
ACCOUNT = [
    "ChangeEventHeader",
    "Name",
    "Type",
    "ParentId",
    "BillingAddress",
    "ShippingAddress",
    "Phone",
    "Fax",
    "AccountNumber",
    "Website",
    "Sic",
    "Industry",
    "AnnualRevenue",
    "NumberOfEmployees",
    "Ownership",
    "TickerSymbol",
    "Description",
    "Rating",
    "Site",
    "OwnerId",
    "CreatedDate",
    "CreatedById",
    "LastModifiedDate",
    "LastModifiedById",
    "Jigsaw",
    "JigsawCompanyId",
    "AccountSource",
    "SicDesc",
    "External_Account_ID__c",
]
ADDRESS = ("Street", "City", "State", "PostalCode", "Country", "Latitude", "Longitude", "GeocodeAccuracy")
LAYOUT = FieldLayout(tuple(ACCOUNT), {"BillingAddress": ADDRESS, "ShippingAddress": ADDRESS})


def test_the_guides_account_update_changed_its_fax():
    assert LAYOUT.decode(["0x400080"]) == ["Fax", "LastModifiedDate"]


def test_the_guides_account_update_is_written_the_same():
    assert LAYOUT.encode(["LastModifiedDate", "Fax"]) == ["0x400080"]


def test_the_considerations_example_names_the_positions_that_its_bits_stand_for():
    layout = FieldLayout(tuple(f"f{n}" for n in range(32)), {"f4": ADDRESS, "f7": ("Salutation", "First", "Last")})

    found = layout.decode(["0x650004E0", "4-0x10", "7-0x06"])

    assert found == ["f5", "f6", "f7", "f10", "f24", "f26", "f29", "f30", "f4.Country", "f7.First", "f7.Last"]
    assert layout.encode(found) == ["0x650004E0", "4-0x10", "7-0x06"]


def test_fields_inside_others_alone_have_no_first_bitmap():
    assert LAYOUT.encode(["ShippingAddress.Latitude", "ShippingAddress.Street"]) == ["5-0x21"]
    assert LAYOUT.decode(["5-0x21"]) == ["ShippingAddress.Street", "ShippingAddress.Latitude"]


def test_bitmaps_are_whole_bytes():
    layout = FieldLayout(tuple(f"f{n}" for n in range(70)), {})

    assert layout.encode(["f3"]) == ["0x08"]
    assert layout.encode(["f58"]) == ["0x0400000000000000"]
    assert layout.encode([]) == []
    assert layout.decode([]) == []


def test_the_layout_is_read_from_a_schema_that_names_a_record_again():
    address: dict[str, Any] = {"type": "record", "name": "Address", "fields": [{"name": "Street", "type": "string"}]}
    person = {"type": "record", "name": "Switchable_PersonName", "fields": [{"name": "LastName", "type": "string"}]}
    fields = [
        {"name": "Name", "type": ["null", "string", person]},
        {"name": "BillingAddress", "type": ["null", address]},
        {"name": "ShippingAddress", "type": ["null", "Address"]},
        {"name": "Phone", "type": ["null", "string"]},
    ]

    layout = FieldLayout.of({"type": "record", "name": "AccountChangeEvent", "fields": fields})

    inner = {"Name": ("LastName",), "BillingAddress": ("Street",), "ShippingAddress": ("Street",)}
    assert layout == FieldLayout(("Name", "BillingAddress", "ShippingAddress", "Phone"), inner)


@pytest.mark.parametrize(
    ("bitmap", "problem"),
    [
        ("Fax", "hexadecimal"),
        ("0xZZ", "hexadecimal"),
        ("0x", "hexadecimal"),
        ("0xFFFFFFFFFF", "29 fields"),
        ("4-0x0100", "8 fields"),
        ("6-0x01", "Phone"),
        ("77-0x01", "position"),
        ("x-0x01", "position"),
    ],
)
def test_what_fits_no_field_is_refused_with_its_reason(bitmap: str, problem: str):
    with pytest.raises(BitmapUnreadableError, match=problem):
        LAYOUT.decode([bitmap])


def test_a_field_that_the_schema_lacks_cannot_be_written():
    for name in ("Nickname", "Phone.Street", "BillingAddress.Floor"):
        with pytest.raises(KeyError):
            LAYOUT.encode([name])


INNER = [f"{outer}.{part}" for outer in LAYOUT.inner for part in ADDRESS]


@given(st.sets(st.sampled_from([*ACCOUNT, *INNER])))
def test_what_is_written_is_read(names: set[str]):
    assert set(LAYOUT.decode(LAYOUT.encode(names))) == names


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("Email", "Email"),
        ("Name", "Name"),
        ("Name.FirstName", "FirstName"),
        ("MailingAddress.PostalCode", "MailingPostalCode"),
        ("Address.City", "City"),
        ("Place__c.Latitude", "Place__Latitude__s"),
    ],
)
def test_a_part_of_a_field_is_a_field_of_the_record(name: str, field: str):
    assert record_field(name) == field
