"""People as they are, before any system has written them down: the same number makes the same people."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from crosswalk_sandbox.seeds.places import Name, Place, places

Option = TypeVar("Option")

_TITLES = ("Buyer", "Head of Operations", "Engineer", "Office Manager", "Analyst", "Managing Director", None)
_COMPANY_KINDS = ("Trading", "Studio", "Partners", "Logistics", "& Daughters", "Foods")
_DOMAINS = ("example.com", "example.org", "example.net", "mail.example", "post.example")
_IDN_DOMAINS = ("xn--mller-kva.example", "xn--caf-dma.example", "xn--strae-oqa.example")
"""`müller.example`, `café.example` and `straße.example`, as mail servers write them."""
_ADDRESS_KINDS = (
    (0.55, "{given}.{family}{number}@{domain}"),
    (0.75, "{initial}{family}{number}@{domain}"),
    (0.85, "{family}_{given}{number}@{domain}"),
    (0.90, "{given}.{family}{number}+shop@{domain}"),
    (0.94, "{initial}.{family}.{number}@{domain}"),
    (0.95, f"{{given}}{{number}}@{_IDN_DOMAINS[0]}"),
    (0.96, f"{{given}}{{number}}@{_IDN_DOMAINS[1]}"),
    (0.97, f"{{given}}{{number}}@{_IDN_DOMAINS[2]}"),
    (1.00, "{given}{number}@{family}.example"),
)
"""Kinds of addresses, each for the chances below its number and from the number before."""


@dataclass(frozen=True, slots=True)
class Person:
    """One person.

    Parameters
    ----------
    index
        Their place among the people of one seed, from 0; it makes their address their own.
    email
        Their address, in lower case.
    digits
        The digits that are theirs of a phone number of their place.
    is_consenting
        Whether they want marketing e-mail.
    """

    index: int
    place: Place
    given_name: Name
    family_name: Name
    city: str
    email: str
    digits: str
    title: str | None
    company: str
    is_consenting: bool

    @property
    def full_name(self) -> str:
        return f"{self.given_name.written} {self.family_name.written}"

    @property
    def phone(self) -> str:
        """The number in E.164 notation."""
        shown = self.phone_international
        return "+" + "".join(char for char in shown if char.isdigit())

    @property
    def phone_international(self) -> str:
        """The number with its country code, grouped as people write it."""
        return _filled(self.place.international, self.digits)

    @property
    def phone_national(self) -> str:
        """The number as it is dialled inside the country."""
        return _filled(self.place.national, self.digits)


def people(draw: random.Random, count: int) -> Iterator[Person]:
    """So many people with addresses of many kinds, all different."""
    for index in range(count):
        yield person(draw, index, _address_kind(draw.random()))


def person(draw: random.Random, index: int, address: str = "{given}.{family}.{number}@example.com") -> Person:
    """One person.

    Parameters
    ----------
    draw
        The chance of this seed.
    index
        Their place among the people of the seed, from 0.
    address
        How their address is made of `{given}`, `{family}`, `{initial}`, `{number}` and `{domain}`.
    """
    all_places = places()
    place = all_places[index % len(all_places)]
    chance = draw.random
    given_name = _one_of(place.given_names, chance())
    family_name = _one_of(place.family_names, chance())
    given, family = given_name.for_address, family_name.for_address
    wanted = place.international.count("#")
    company = f"{family_name.written} {_one_of(_COMPANY_KINDS, chance())}"
    domain = _one_of(_DOMAINS, chance())
    return Person(
        index=index,
        place=place,
        given_name=given_name,
        family_name=family_name,
        city=_one_of(place.cities, chance()),
        email=address.format(given=given, family=family, initial=given[0], number=index + 1, domain=domain),
        digits=f"{int(chance() * 10**wanted):0{wanted}d}",
        title=_one_of(_TITLES, chance()),
        company=company,
        is_consenting=chance() < 0.5,
    )


def _address_kind(chance: float) -> str:
    """How somebody's address is made: mostly plainly, sometimes in a way that makes matching hard."""
    return next(kind for upper, kind in _ADDRESS_KINDS if chance < upper)


def _one_of(options: tuple[Option, ...], chance: float) -> Option:
    """One of the options by a chance from 0 up to 1; much quicker than `random.choice`."""
    return options[int(chance * len(options))]


def _filled(pattern: str, digits: str) -> str:
    left = iter(digits)
    return "".join(next(left) if char == "#" else char for char in pattern)
