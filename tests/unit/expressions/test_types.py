"""Each value type: what it accepts, the form it gives, what it refuses, and what it takes for equal."""

import pytest

from crosswalk.domain.values import FieldValue, ValueType
from crosswalk.expressions.types.problem import WrongValue
from crosswalk.expressions.types.registry import equal_values, normaliser_of

T = ValueType


@pytest.mark.parametrize(
    ("type_", "value", "normal"),
    [
        (T.TEXT, "  Ada ", "Ada"),
        (T.TEXT, " \n\t ", None),
        (T.TEXT, "", None),
        (T.TEXT, "two\nlines", "two\nlines"),
        (T.EMAIL, "Ada.Lovelace@EXAMPLE.com", "Ada.Lovelace@example.com"),
        (T.EMAIL, " ada@example.test ", "ada@example.test"),
        (T.EMAIL, "ada@bücher.example", "ada@bücher.example"),
        (T.EMAIL, "ada@xn--bcher-kva.example", "ada@bücher.example"),
        (T.EMAIL, "o'hara+tag@mail.example.co.uk", "o'hara+tag@mail.example.co.uk"),
        (T.EMAIL, "", None),
        (T.PHONE, "+12125550100", "+12125550100"),
        (T.PHONE, "+1 (212) 555-0100", "+12125550100"),
        (T.PHONE, "(212) 555-0100", "+12125550100"),
        (T.PHONE, "+49 30 901820", "+4930901820"),
        (T.PHONE, "", None),
        (T.URL, "https://example.com/a?b=c#d", "https://example.com/a?b=c#d"),
        (T.URL, "HTTPS://Example.COM/Path", "https://example.com/Path"),
        (T.URL, "www.example.com", "www.example.com"),
        (T.URL, "http://localhost:8080/", "http://localhost:8080/"),
        (T.DATE, "2026-01-31", "2026-01-31"),
        (T.DATE, "20260131", "2026-01-31"),
        (T.DATE, "2026-01-31T23:30:00-05:00", "2026-02-01"),
        (T.DATETIME, "2026-01-31T10:00:00Z", "2026-01-31T10:00:00.000+0000"),
        (T.DATETIME, "2026-01-31T10:00:00.987Z", "2026-01-31T10:00:00.000+0000"),
        (T.DATETIME, "2026-01-31T10:00:00.000+0000", "2026-01-31T10:00:00.000+0000"),
        (T.DATETIME, "2026-01-31T10:00:00+02:00", "2026-01-31T08:00:00.000+0000"),
        (T.DATETIME, "20260131T100000Z", "2026-01-31T10:00:00.000+0000"),
        (T.BOOLEAN, True, True),
        (T.BOOLEAN, False, False),
        (T.INTEGER, 5, 5),
        (T.INTEGER, 5.0, 5),
        (T.NUMBER, 5.5, 5.5),
        (T.NUMBER, 5.0, 5),
        (T.PICKLIST, " Gold ", "Gold"),
        (T.MULTIPICKLIST, ["B", " A ", "B", ""], "B;A"),
        (T.MULTIPICKLIST, "B; A;;B", "B;A"),
        (T.MULTIPICKLIST, ["A"], "A"),
        (T.MULTIPICKLIST, [""], None),
        (T.MULTIPICKLIST, "", None),
        (T.REFERENCE, "0015g00000ABCde", "0015g00000ABCdeAAH"),
        (T.REFERENCE, "0015g00000ABCdeAAH", "0015g00000ABCdeAAH"),
        (T.REFERENCE, "0015g00000ABCdeaah", "0015g00000ABCdeAAH"),
    ],
)
def test_value_is_normalised(type_: ValueType, value: object, normal: FieldValue) -> None:
    result = normaliser_of(type_, "US")(value)

    assert (result, type(result)) == (normal, type(normal))


@pytest.mark.parametrize(
    ("type_", "value", "message"),
    [
        (T.TEXT, 5, "expected text, got a number"),
        (T.TEXT, True, "expected text, got true or false"),
        (T.TEXT, "a\0b", "expected text without U+0000, got a text of 3 characters"),
        (T.EMAIL, "ada", "expected an e-mail address such as ada@example.com, got a text of 3 characters"),
        (T.EMAIL, "ada@example", "expected an e-mail address such as ada@example.com, got a text of 11 characters"),
        (T.EMAIL, "a b@example.com", "expected an e-mail address such as ada@example.com, got a text of 15 characters"),
        (T.EMAIL, "a@ab--c.com", "expected an e-mail address such as ada@example.com, got a text of 11 characters"),
        (T.EMAIL, "a@x.local", "expected an e-mail address such as ada@example.com, got a text of 9 characters"),
        (T.PHONE, "call me", "expected a telephone number such as +12125550100, got a text of 7 characters"),
        (T.PHONE, "123", "expected a telephone number such as +12125550100, got a text of 3 characters"),
        (T.PHONE, "+12345", "expected a telephone number such as +12125550100, got a text of 6 characters"),
        (T.PHONE, 12125550100, "expected text, got a number"),
        (T.URL, "not a link", "expected a web address without spaces, got a text of 10 characters"),
        (T.URL, "nothing", "expected a web address such as https://example.com/page, got a text of 7 characters"),
        (T.URL, "http://[", "expected a web address such as https://example.com/page, got a text of 8 characters"),
        (T.DATE, "31.01.2026", "expected a date such as 2026-01-31, got a text of 10 characters"),
        (T.DATE, "2026-02-30", "expected a date such as 2026-01-31, got a text of 10 characters"),
        (
            T.DATETIME,
            "2026-02-30T10:00:00Z",
            "expected a time with its zone, such as 2026-01-31T10:00:00Z, got a text of 20 characters",
        ),
        (
            T.DATETIME,
            "2026-01-31T10:00:00",
            "expected a time with its zone, such as 2026-01-31T10:00:00Z, got a text of 19 characters",
        ),
        (T.DATETIME, 1_700_000_000, "expected text, got a number"),
        (T.BOOLEAN, "true", "expected true or false, got a text of 4 characters"),
        (T.BOOLEAN, 1, "expected true or false, got a number"),
        (T.INTEGER, 5.5, "expected a whole number, got a number"),
        (T.INTEGER, True, "expected a whole number, got true or false"),
        (T.INTEGER, "5", "expected a whole number, got a text of 1 characters"),
        (T.NUMBER, "5", "expected a number, got a text of 1 characters"),
        (T.MULTIPICKLIST, ["A;B"], "expected picklist values without `;`, got a list of 1 texts"),
        (T.MULTIPICKLIST, 5, "expected text, got a number"),
        (T.REFERENCE, "0015g0000", "expected a record id of 15 or 18 characters, got a text of 9 characters"),
        (
            T.REFERENCE,
            "0015g00000ABCdeAAA",
            "expected a record id whose last three characters fit the first 15, got a text of 18 characters",
        ),
    ],
)
def test_value_of_the_wrong_type_is_refused_without_showing_it(type_: ValueType, value: object, message: str) -> None:
    with pytest.raises(WrongValue) as caught:
        normaliser_of(type_, "US")(value)

    assert str(caught.value) == message


def test_local_telephone_number_needs_a_region() -> None:
    with pytest.raises(WrongValue, match=r"with its country code \(no default region is configured\)"):
        normaliser_of(T.PHONE)("(212) 555-0100")


@pytest.mark.parametrize(
    ("type_", "a", "b"),
    [
        *((type_, None, "") for type_ in T if type_ is not T.BOOLEAN),
        *((type_, "  ", None) for type_ in T if type_ is not T.BOOLEAN),
        (T.BOOLEAN, None, False),
        (T.TEXT, "Ada", "Ada "),
        (T.EMAIL, "Ada@Example.com", "ada@example.com"),
        (T.PHONE, "+1 (212) 555-0100", "+12125550100"),
        (T.PHONE, "(212) 555-0100", "+12125550100"),
        (T.DATE, "2026-01-31", "20260131"),
        (T.DATETIME, "2026-01-31T10:00:00Z", "2026-01-31T10:00:00.000+0000"),
        (T.DATETIME, "2026-01-31T12:00:00+02:00", "2026-01-31T10:00:00.000+0000"),
        (T.INTEGER, 5, 5.0),
        (T.NUMBER, 5.5, 5.5),
        (T.MULTIPICKLIST, "A;B", "B;A"),
        (T.REFERENCE, "0015g00000ABCde", "0015g00000ABCdeAAH"),
    ],
)
def test_equal_to_salesforce(type_: ValueType, a: FieldValue, b: FieldValue) -> None:
    assert equal_values(type_, a, b, "US")
    assert equal_values(type_, b, a, "US")


@pytest.mark.parametrize(
    ("type_", "a", "b"),
    [
        (T.TEXT, "Ada", "ada"),
        (T.TEXT, "Ada", None),
        (T.PICKLIST, "Gold", "gold"),
        (T.EMAIL, "ada@example.com", "adb@example.com"),
        (T.PHONE, "+12125550100", "+12125550101"),
        (T.PHONE, "+12125550100", "unknown"),
        (T.DATE, "2026-01-31", "2026-02-01"),
        (T.DATE, "2026-01-31", "soon"),
        (T.DATETIME, "2026-01-31T10:00:00Z", "2026-01-31T10:00:01Z"),
        (T.DATETIME, "2026-01-31T10:00:00Z", "soon"),
        (T.BOOLEAN, True, False),
        (T.BOOLEAN, None, True),
        (T.INTEGER, 5, 6),
        (T.NUMBER, 0, None),
        (T.MULTIPICKLIST, "A;B", "A"),
        (T.REFERENCE, "0015g00000ABCde", "0015g00000ABCdf"),
        (T.REFERENCE, "0015g00000ABCde", "no id"),
    ],
)
def test_not_equal_to_salesforce(type_: ValueType, a: FieldValue, b: FieldValue) -> None:
    assert not equal_values(type_, a, b, "US")
    assert not equal_values(type_, b, a, "US")


@pytest.mark.parametrize("type_", [ValueType.TEXT, ValueType.PICKLIST, ValueType.REFERENCE])
def test_values_of_different_kinds_are_not_equal_because_the_language_says_so(type_: ValueType):
    assert not equal_values(type_, 1, True)
    assert not equal_values(type_, 0, False)
