"""Small realistic companies, the same at each run: CRM records, and the Auth0 users of some of these people."""

import random
import unicodedata
from dataclasses import dataclass
from typing import Any

from crosswalk_sandbox.auth0 import Tenant
from crosswalk_sandbox.salesforce import Org

SCENARIOS = ("company", "contacts")
DEFAULT_PEOPLE = 25


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a person lives: names, phone numbers and the language follow from it."""

    country: str
    city: str
    locale: str
    phone_start: str
    further_digits: int
    given_names: tuple[str, ...]
    family_names: tuple[str, ...]


_PLACES = (
    _Place(
        "Austria",
        "Graz",
        "de-AT",
        "+43 664 ",
        7,
        ("Anna", "Jürgen", "Sabine", "Lukas"),
        ("Gruber", "Höfler", "Öllinger", "Wallner"),
    ),
    _Place(
        "Poland",
        "Łódź",
        "pl-PL",
        "+48 512 ",
        6,
        ("Agnieszka", "Paweł", "Zofia", "Marek"),
        ("Wiśniewska", "Żak", "Nowak", "Lis"),
    ),
    _Place(
        "Ireland",
        "Cork",
        "en-IE",
        "+353 87 ",
        7,
        ("Aoife", "Sean", "Niamh", "Conor"),
        ("O'Brien", "Murphy", "Ní Dhuibhir", "Walsh"),
    ),
    _Place(
        "Spain",
        "Málaga",
        "es-ES",
        "+34 612 ",
        6,
        ("María José", "Íñigo", "Lucía", "Pablo"),
        ("Núñez Ruiz", "García", "Peña", "Ibáñez"),
    ),
    _Place(
        "Japan", "Osaka", "ja-JP", "+81 90 1", 7, ("陽子", "健太", "さくら", "悠斗"), ("佐藤", "鈴木", "高橋", "伊藤")
    ),
    _Place(
        "United States",
        "Portland",
        "en-US",
        "+1 503 555 0",
        3,
        ("Maya", "DeShawn", "Eli", "Sofia"),
        ("Smith-Jones", "Lee", "Okafor", "Nguyen"),
    ),
    _Place(
        "Brazil",
        "Recife",
        "pt-BR",
        "+55 81 99",
        7,
        ("João", "Beatriz", "Caio", "Luiza"),
        ("dos Santos", "Araújo", "Lima", "Teixeira"),
    ),
    _Place(
        "Netherlands",
        "Utrecht",
        "nl-NL",
        "+31 6 2",
        7,
        ("Femke", "Daan", "Noor", "Bram"),
        ("van den Berg", "de Vries", "Bakker", "Visser"),
    ),
)
_ACCOUNTS = (
    ("Alpenblick Hotels", "Hospitality", "https://alpenblick.example"),
    ("Nordlicht Energie", "Energy", "https://nordlicht.example"),
    ("Harbour & Sons", "Shipping", "https://harbour-sons.example"),
    ("Kaizen Robotics", "Machinery", "https://kaizen-robotics.example"),
    ("Verde Foods", "Food & Beverage", "https://verde-foods.example"),
)
_TITLES = ("Buyer", "Head of Operations", "Engineer", "Office Manager", None)
_SOURCES = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List")


@dataclass(frozen=True, slots=True)
class _Person:
    place: _Place
    given_name: str
    family_name: str
    email: str
    phone: str
    title: str | None
    company: str


def seed(scenario: str, tenant: Tenant, org: Org, *, people: int = DEFAULT_PEOPLE, number: int = 1) -> None:
    """Fill a tenant and an org.

    Parameters
    ----------
    scenario
        `company`: of every ten people about four are existing customers (Contacts of an Account), three are Leads, and
        six have an Auth0 user; half of the customers have one too, with the same verified e-mail address.
        `contacts`: everyone is a Contact and nobody has an Auth0 user; the write log does not show them, so that a
        million takes well under 90 s and 3 GB.
    tenant, org
        What to fill; what they already hold stays.
    people
        How many people.
    number
        The same number makes the same people.

    Raises
    ------
    ValueError
        For an unknown scenario.
    """
    if scenario not in SCENARIOS:
        raise ValueError(f"expected one of the scenarios {', '.join(SCENARIOS)}, found {scenario!r}")
    draw = random.Random(number)  # noqa: S311 - reproducible names, not secrets
    accounts = [
        org.insert("Account", {"Name": name, "Industry": industry, "Website": website})
        for name, industry, website in _ACCOUNTS
    ]
    if scenario == "contacts":
        everyone = (_person(draw, index) for index in range(people))
        org.load("Contact", (_contact(person, draw.choice(accounts)) for person in everyone))
        return
    for index in range(people):
        person = _person(draw, index)
        if index % 10 < 4:
            org.insert("Contact", _contact(person, accounts[index % len(accounts)]))
        elif index % 10 < 7:
            org.insert("Lead", _lead(person, draw))
        if index % 10 in (0, 2, 4, 7, 8, 9):
            tenant.create_user(_user(person, draw, is_verified=index % 10 != 8))


def _person(draw: random.Random, index: int) -> _Person:
    place = _PLACES[index % len(_PLACES)]
    given_name, family_name = draw.choice(place.given_names), draw.choice(place.family_names)
    digits = "".join(draw.choice("0123456789") for _ in range(place.further_digits))
    return _Person(
        place=place,
        given_name=given_name,
        family_name=family_name,
        email=f"{_ascii(given_name) or 'person'}.{_ascii(family_name) or 'one'}.{index + 1}@example.com",
        phone=f"{place.phone_start}{digits}",
        title=draw.choice(_TITLES),
        company=f"{family_name} {draw.choice(('Trading', 'Studio', 'Partners'))}",
    )


def _ascii(name: str) -> str:
    """The letters of a name that an e-mail address can hold."""
    plain = unicodedata.normalize("NFKD", name.replace("Ł", "L").replace("ł", "l"))
    return "".join(char for char in plain.lower() if char.isascii() and char.isalpha())


def _contact(person: _Person, account_id: str) -> dict[str, Any]:
    return {
        **_names(person),
        "AccountId": account_id,
        "MailingCity": person.place.city,
        "MailingCountry": person.place.country,
    }


def _lead(person: _Person, draw: random.Random) -> dict[str, Any]:
    return {
        **_names(person),
        "Company": person.company,
        "City": person.place.city,
        "Country": person.place.country,
        "LeadSource": draw.choice(_SOURCES),
    }


def _names(person: _Person) -> dict[str, Any]:
    return {
        "FirstName": person.given_name,
        "LastName": person.family_name,
        "Email": person.email,
        "Phone": person.phone,
        "Title": person.title,
    }


def _user(person: _Person, draw: random.Random, *, is_verified: bool) -> dict[str, Any]:
    return {
        "email": person.email,
        "email_verified": is_verified,
        "given_name": person.given_name,
        "family_name": person.family_name,
        "name": f"{person.given_name} {person.family_name}",
        "user_metadata": {
            "phone": person.phone,
            "company": person.company,
            "title": person.title,
            "country": person.place.country,
            "locale": person.place.locale,
            "newsletter": draw.random() < 0.5,
        },
        "app_metadata": {"plan": draw.choice(("free", "pro"))},
    }
