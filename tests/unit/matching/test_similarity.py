"""How alike two values are, by what they say about a person."""

import pytest

from crosswalk.domain.values import ValueType
from crosswalk.matching.similarity import Kind, kind_of, similarity


@pytest.mark.parametrize(
    ("field", "type_", "kind"),
    [
        ("Email", ValueType.EMAIL, Kind.EMAIL),
        ("PersonEmail", ValueType.TEXT, Kind.EMAIL),
        ("Contact__c", ValueType.PHONE, Kind.PHONE),
        ("FirstName", ValueType.TEXT, Kind.NAME),
        ("Name", ValueType.TEXT, Kind.NAME),
        ("Company", ValueType.TEXT, Kind.COMPANY),
        ("MailingPostalCode", ValueType.TEXT, Kind.POSTAL_CODE),
        ("BillingStreet", ValueType.TEXT, Kind.STREET),
        ("PersonBirthdate", ValueType.DATE, Kind.BIRTH),
        ("Plan__c", ValueType.PICKLIST, Kind.OTHER),
    ],
)
def test_the_name_and_type_of_a_field_say_what_it_is_about(field: str, type_: ValueType, kind: Kind) -> None:
    assert kind_of(field, type_) is kind


@pytest.mark.parametrize(
    ("kind", "alike", "other", "different"),
    [
        (Kind.NAME, "Müller", "MULLER", "Meier"),
        (Kind.NAME, "Ada Lovelace", "Lovelace, Ada", "Grace Hopper"),
        (Kind.EMAIL, "ada@example.com", "ADA@example.com", "grace@example.com"),
        (Kind.PHONE, "+12125550100", "(212) 555-0100", "+13105559876"),
        (Kind.PHONE, "+442079460958", "020 7946 0958", "020 1234 5678"),
        (Kind.COMPANY, "Acme Inc.", "ACME", "Globex Corporation"),
        (Kind.STREET, "12 High Street", "High Street 12", "7 Mill Lane"),
        (Kind.BIRTH, "1990-01-31", "1990-01-31", "1957-12-02"),
        (Kind.POSTAL_CODE, "SW1A 1AA", "sw1a 1aa", "EC2N 4AY"),
    ],
)
def test_what_is_written_differently_is_alike_and_what_is_different_is_not(
    kind: Kind, alike: str, other: str, different: str
) -> None:
    assert similarity(alike, other, kind) == pytest.approx(1.0, abs=0.01)
    assert similarity(alike, different, kind) < 0.6


@pytest.mark.parametrize(
    ("kind", "right", "slip", "least", "most"),
    [
        (Kind.NAME, "Lovelace", "Lovlace", 0.8, 0.95),
        (Kind.EMAIL, "ada.lovelace@example.com", "ada.lovelase@example.com", 0.8, 0.95),
        (Kind.EMAIL, "ada.lovelace@example.com", "ada.lovelace@other.example", 0.55, 0.65),
        (Kind.PHONE, "+12125550100", "+12125550101", 0.7, 0.9),
        (Kind.BIRTH, "1990-01-31", "1990-01-13", 0.7, 0.9),
    ],
)
def test_a_slip_leaves_values_alike_but_not_the_same(
    kind: Kind, right: str, slip: str, least: float, most: float
) -> None:
    assert least <= similarity(right, slip, kind) <= most
