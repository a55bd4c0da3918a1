"""Words in names, e-mail addresses and phones, over one or several objects."""

from typing import Any

import httpx
import pytest

from .builders import API, a_lead

SEARCH = f"{API}/parameterizedSearch"


@pytest.fixture
def people(http: httpx.Client) -> httpx.Client:
    """A client of an org with a contact and two leads."""
    ada = {"FirstName": "Ada", "LastName": "Byron", "Email": "ada@example.com", "Phone": "+44 20 7946 0000"}
    http.post(f"{API}/sobjects/Contact", json=ada)
    for lead in (
        a_lead(FirstName="Charles", LastName="Babbage", Company="Byron & Sons"),
        a_lead(FirstName="Adam", LastName="Smith", Company="Pins", Email="adam@example.com"),
    ):
        http.post(f"{API}/sobjects/Lead", json=lead)
    return http


def names(people: httpx.Client, order: dict[str, Any]) -> list[str]:
    objects = [{"name": name, "fields": ["Name"]} for name in ("Contact", "Lead")]
    reply = people.post(SEARCH, json={"sobjects": objects, **order})
    assert reply.status_code == 200, reply.text
    return [each["Name"] for each in reply.json()["searchRecords"]]


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ({"q": "byron"}, ["Ada Byron", "Charles Babbage"]),
        ({"q": "byron", "in": "NAME"}, ["Ada Byron"]),
        ({"q": "Byron ada"}, ["Ada Byron"]),
        ({"q": "ada"}, ["Ada Byron"]),
        ({"q": "ada*"}, ["Ada Byron", "Adam Smith"]),
        ({"q": "ADA@example.com", "in": "EMAIL"}, ["Ada Byron"]),
        ({"q": "example.com", "in": "EMAIL"}, []),
        ({"q": "(020) 7946-0000", "in": "PHONE"}, []),
        ({"q": "20 7946-0000", "in": "PHONE"}, ["Ada Byron"]),
        ({"q": "nobody"}, []),
    ],
)
def test_search_finds_whole_words_in_its_scope(people: httpx.Client, order: dict[str, Any], found: list[str]) -> None:
    assert names(people, order) == found


def test_search_by_get_shows_the_fields_asked_for(people: httpx.Client) -> None:
    asked = {"q": "Byron", "sobject": "Contact", "Contact.fields": "Email,LastName", "Contact.limit": "1"}

    (record,) = people.get(f"{SEARCH}/", params=asked).json()["searchRecords"]

    record_id = record["Id"]
    address = f"/services/data/v62.0/sobjects/Contact/{record_id}"
    assert record == {
        "attributes": {"type": "Contact", "url": address},
        "Email": "ada@example.com",
        "LastName": "Byron",
        "Id": record_id,
    }


def test_search_without_objects_looks_everywhere(people: httpx.Client) -> None:
    found = people.get(SEARCH, params={"q": "Byron"}).json()["searchRecords"]

    assert [(each["attributes"]["type"], list(each)) for each in found] == [
        ("Contact", ["attributes", "Id"]),
        ("Lead", ["attributes", "Id"]),
    ]


def test_limits_bound_each_object_and_the_whole(people: httpx.Client) -> None:
    assert len(names(people, {"q": "ada*", "defaultLimit": 1})) == 2
    assert len(names(people, {"q": "ada*", "overallLimit": 1})) == 1


@pytest.mark.parametrize(
    "order",
    [{"q": "a"}, {}, {"q": "ada", "in": "DREAMS"}, {"q": "ada", "defaultLimit": "all"}, {"q": "ada", "sobjects": [1]}],
)
def test_search_that_breaks_a_rule_is_refused(people: httpx.Client, order: dict[str, Any]) -> None:
    reply = people.post(SEARCH, json=order)

    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, "INVALID_SEARCH")
