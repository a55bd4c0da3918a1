"""How times, numbers and values read."""

from datetime import UTC, datetime, timedelta

import pytest

from crosswalk.console import wording
from crosswalk.console.profile import Summary, summary_of
from crosswalk.console.rendering import identity_url, pretty_json
from crosswalk.domain.values import FieldValue
from crosswalk.store.overview import Outcome

NOW = datetime(2026, 3, 4, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "text"),
    [
        (timedelta(milliseconds=-20), "now"),
        (timedelta(milliseconds=900), "now"),
        (timedelta(seconds=1), "1 s ago"),
        (timedelta(seconds=59.9), "59 s ago"),
        (timedelta(seconds=60), "1 min ago"),
        (timedelta(hours=23, minutes=59), "23 h ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=3), "3 days ago"),
        (timedelta(days=90), "04 Dec 2025"),
    ],
)
def test_ages_are_told_in_their_largest_unit(before: timedelta, text: str) -> None:
    assert wording.ago(NOW - before, NOW) == text


def test_exact_times_have_milliseconds_and_their_zone() -> None:
    assert wording.exact(NOW + timedelta(microseconds=7_900)) == "2026-03-04 12:00:00.007 UTC"


@pytest.mark.parametrize(
    ("milliseconds", "text"), [(None, "–"), (0.4, "0 ms"), (999.4, "999 ms"), (1234.0, "1.2 s"), (150_000.0, "2 min")]
)
def test_durations_have_the_unit_that_suits_them(milliseconds: float | None, text: str) -> None:
    assert wording.duration(milliseconds) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (999, "999"), (1_234, "1,234"), (15_000, "15k"), (15_480, "15.5k"), (15_000_000, "15M")],
)
def test_large_numbers_are_compact(number: int, text: str) -> None:
    assert wording.compact(number) == text


def test_a_count_that_stopped_says_so() -> None:
    assert wording.count(10_000, 10_000) == "10,000+"
    assert wording.count(9_999, 10_000) == "9,999"


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (True, "true"), (False, "false"), (0, "0"), (1.5, "1.5"), ("A;B", "A;B")]
)
def test_values_read_as_salesforce_writes_them(value: FieldValue, text: str) -> None:
    assert wording.field_text(value) == text


@pytest.mark.parametrize(
    ("outcome", "name"),
    [
        (Outcome("s", "written", 0, NOW), "written"),
        (Outcome("s", None, 0, None), "waiting"),
        (Outcome("s", None, 2, None), "retrying"),
    ],
)
def test_an_event_without_an_outcome_waits_or_is_tried_again(outcome: Outcome, name: str) -> None:
    assert wording.outcome_name(outcome) == name


def test_a_name_without_words_is_still_legible() -> None:
    assert wording.label(wording.OUTCOMES, "something_new") == "Something new"


def test_a_reason_says_on_which_side_it_was() -> None:
    assert wording.reason_of("Contact", "changed") == "Changed in Auth0, and that change wins"
    assert wording.reason_of("Auth0 user", "changed") == "Changed in Salesforce, and that change wins"


@pytest.mark.parametrize(
    ("user_id", "url"),
    [
        ("auth0|65f1", "/console/identities/customers/auth0%7C65f1"),
        ("oidc|a/b?c#d%e", "/console/identities/customers/oidc%7Ca%2Fb%3Fc%23d%25e"),
        ("waad|zoë", "/console/identities/customers/waad%7Czo%C3%AB"),
    ],
)
def test_user_ids_are_percent_encoded_whole(user_id: str, url: str) -> None:
    assert identity_url("customers", user_id) == url


def test_a_person_is_named_by_the_best_the_profile_has() -> None:
    assert summary_of(b'{"name": "Ada", "email": "a@example.com", "email_verified": true}', "auth0|1") == Summary(
        "Ada", "a@example.com", True, False
    )
    assert summary_of(b'{"name": " ", "email": "a@example.com", "blocked": true}', "auth0|1").name == "a@example.com"
    assert summary_of(b'{"name": 5}', "auth0|1").name == "auth0|1"


@pytest.mark.parametrize("profile", [b"", b"[]", b"\xff", b"{"])
def test_a_profile_that_is_none_is_named_by_the_user_id(profile: bytes) -> None:
    assert summary_of(profile, "auth0|1") == Summary("auth0|1", "", False, False)


def test_raw_profiles_are_indented_where_they_are_json() -> None:
    assert pretty_json('{"a": "ä"}'.encode()) == '{\n  "a": "ä"\n}'
    assert pretty_json(b"not json") == "not json"
