"""Laws that hold for values of every type, whatever the value."""

import string

from email_validator import EmailNotValidError, validate_email
from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crosswalk.domain.values import FieldValue, ValueType
from crosswalk.expressions.types.email import normalise_plain
from crosswalk.expressions.types.problem import WrongValue
from crosswalk.expressions.types.registry import equal_values, normaliser_of

LOCAL = st.text(string.ascii_letters + string.digits + "!#$%&'*+/=?^_`{|}~-. \"@", max_size=70)
SHARED = st.sampled_from(CASE_INSENSITIVE_MAILBOX_NAMES).flatmap(
    lambda name: st.sampled_from([name, name.upper(), name.title(), name + "s"])
)
LABEL = st.text(string.ascii_letters + string.digits + "-_", max_size=66)
TOP = st.one_of(LABEL, st.sampled_from(["com", "test", "local", "LOCALHOST", "invalid", "onion", "arpa", "c", "c0"]))
ADDRESSES = st.one_of(
    st.emails(),
    st.builds(
        lambda local, labels, top: f"{local}@{'.'.join([*labels, top])}",
        st.one_of(LOCAL, SHARED),
        st.lists(LABEL, max_size=4),
        TOP,
    ),
    st.text(max_size=30),
)


@settings(max_examples=1000)
@given(ADDRESSES)
@example("a@b--c.com")
@example("a@xn--a.com")
@example("a@" + "b" * 64 + ".com")
@example("a" * 64 + "@b.com")
@example("a" * 65 + "@b.com")
@example("a@" + "b." * 126 + "com")
@example("a@sub.local")
@example("a@b.com\n")
@example("a@b.com.")
@example(".a@b.com")
def test_plain_addresses_are_judged_as_the_library_judges_them(address: str) -> None:
    plain = normalise_plain(address)

    if plain is not None:
        assert plain == validate_email(address, check_deliverability=False, test_environment=True).normalized


@given(st.emails(domains=st.sampled_from(["example.com", "Mail.Example.ORG", "a-b.co.uk", "x1.example.test"])))
def test_usual_addresses_are_plain(address: str) -> None:
    try:
        expected = validate_email(address, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        assert normalise_plain(address) is None
    else:
        assert normalise_plain(address) == expected


PHONES = st.one_of(
    st.text("+0123456789 ()-.ext#;", max_size=25),
    st.builds("+{}{}".format, st.sampled_from(["1", "44", "49", "39", "380", "91"]), st.integers(10**5, 10**12)),
)


@settings(max_examples=500)
@given(PHONES, st.sampled_from([None, "US", "DE", "IT", "GB"]))
def test_normalised_telephone_number_stays_as_it_is_anywhere(number: str, region: str | None) -> None:
    try:
        normal = normaliser_of(ValueType.PHONE, region)(number)
    except WrongValue:
        return

    assert normaliser_of(ValueType.PHONE, None)(normal) == normal if normal is not None else True
    assert equal_values(ValueType.PHONE, number, normal, region)


RESULTS: st.SearchStrategy[object] = st.one_of(
    st.text(max_size=40),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.lists(st.text(max_size=10), min_size=1, max_size=4),
    st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat()),
    st.dates().map(str),
    st.from_regex(r"\A[A-Za-z0-9]{15}\Z"),
    st.from_regex(r"\Ahttps?://[a-z]{1,9}\.(com|EXAMPLE)(/[a-z?#=%]*)?\Z"),
)


@settings(max_examples=1000)
@given(st.sampled_from(ValueType), RESULTS)
def test_normal_form_is_stable_and_equal_to_itself(type_: ValueType, value: object) -> None:
    normalise = normaliser_of(type_, "US")
    try:
        normal = normalise(value)
    except WrongValue as refused:
        assert not isinstance(value, str) or len(value) < 4 or value not in str(refused)
        return

    assert normal is None or normalise(normal) == normal
    assert equal_values(type_, normal, normal, "US")


@given(
    st.sampled_from(ValueType), st.one_of(st.none(), st.text(max_size=20)), st.one_of(st.none(), st.text(max_size=20))
)
def test_equality_is_symmetric(type_: ValueType, a: FieldValue, b: FieldValue) -> None:
    assert equal_values(type_, a, b, "US") == equal_values(type_, b, a, "US")
