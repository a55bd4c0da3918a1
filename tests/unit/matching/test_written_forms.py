"""How a key may be written in Salesforce: what a look-up asks for."""

import pytest

from crosswalk.domain.match_rule import MatchPart, Normalisation
from crosswalk.domain.values import ValueType
from crosswalk.matching.written_forms import is_quoted, phone_forms, written_forms

# Each as people write it, in the countries' own habits and as Salesforce's own page formats it.
AS_PEOPLE_WRITE = {
    ("+12125550100", "US"): [
        "+12125550100",
        "(212) 555-0100",
        "212-555-0100",
        "212.555.0100",
        "212 555 0100",
        "2125550100",
        "12125550100",
        "1-212-555-0100",
        "+1 212-555-0100",
        "+1 (212) 555-0100",
        "+1 212 555 0100",
        "+1-212-555-0100",
    ],
    ("+442079460958", "GB"): [
        "+442079460958",
        "+44 20 7946 0958",
        "+44 (0)20 7946 0958",
        "020 7946 0958",
        "02079460958",
        "020-7946-0958",
        "442079460958",
    ],
    ("+4930901820", "DE"): ["+49 30 901820", "030 901820", "030901820", "+49 (0)30 901820"],
    ("+390612345678", "IT"): ["06 1234 5678", "+39 06 1234 5678"],
}


@pytest.mark.parametrize(
    ("number", "region", "form"), [(*key, form) for key, each in AS_PEOPLE_WRITE.items() for form in each]
)
def test_a_number_is_asked_for_as_people_write_it(number: str, region: str, form: str) -> None:
    assert form in phone_forms(number, region)


def test_forms_without_a_country_code_are_only_for_the_default_region() -> None:
    assert [form for form in phone_forms("+442079460958", "US") if not form.lstrip("+").startswith("44")] == []
    assert [form for form in phone_forms("+12125550100", None) if not form.lstrip("+").startswith("1")] == []


def test_a_number_has_few_enough_forms_for_one_query_of_200() -> None:
    assert max(len(phone_forms(number, region)) for number, region in AS_PEOPLE_WRITE) <= 12


@pytest.mark.parametrize(
    ("value", "type_", "normalisation", "forms"),
    [
        ("Ada@example.com", ValueType.EMAIL, Normalisation(), ("Ada@example.com",)),
        (
            "a.da+shop@gmail.com",
            ValueType.EMAIL,
            Normalisation(plus_address=True, dots_of=("gmail.com",)),
            ("a.da+shop@gmail.com", "ada@gmail.com"),
        ),
        ("ada@bücher.example", ValueType.EMAIL, Normalisation(), ("ada@bücher.example", "ada@xn--bcher-kva.example")),
        ("Müller", ValueType.TEXT, Normalisation(), ("Müller",)),
        ("Müller", ValueType.TEXT, Normalisation(accents=True), ("Müller", "Muller")),
        ("SW1A  1AA", ValueType.TEXT, Normalisation(spaces=True), ("SW1A  1AA", "SW1A 1AA", "SW1A1AA")),
        ("1990-01-31", ValueType.DATE, Normalisation(), ("1990-01-31",)),
        ("2026-01-31T10:00:00.000+0000", ValueType.DATETIME, Normalisation(), ("2026-01-31T10:00:00.000Z",)),
    ],
)
def test_a_value_is_asked_for_in_these_forms(
    value: str, type_: ValueType, normalisation: Normalisation, forms: tuple[str, ...]
) -> None:
    assert written_forms(value, MatchPart(("F",), "user.f", type_, normalisation), "US") == forms


def test_dates_numbers_and_truth_stand_without_quotation_marks() -> None:
    assert {type_ for type_ in ValueType if not is_quoted(type_)} == {
        ValueType.BOOLEAN,
        ValueType.DATE,
        ValueType.DATETIME,
        ValueType.INTEGER,
        ValueType.NUMBER,
    }
