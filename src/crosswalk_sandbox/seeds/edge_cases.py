"""Each awkward case once, by name: what goes wrong in a matching of real people.

A case is a list of people; each is given by the users of the tenant and the records of the org that are theirs.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from crosswalk_sandbox.seeds.rows import DATABASE, ENTERPRISE, SOCIAL

Row = dict[str, Any]


class One(NamedTuple):
    """One person: `users` as documents, `records` as pairs of an object and its fields."""

    users: Sequence[Row] = ()
    records: Sequence[tuple[str, Row]] = ()


def edge_cases() -> Iterator[tuple[str, list[One]]]:
    """Names of cases, and the people in them."""
    yield from _addresses()
    yield from _names()
    yield from _phones()
    yield from _accounts()
    yield from _records()
    yield from _consents()


def _addresses() -> Iterator[tuple[str, list[One]]]:
    yield (
        "plus address on one side",
        [
            One(
                [_user("Ada", "Byron", "ada.byron+shop@example.com")],
                [_contact("Ada", "Byron", "ada.byron@example.com")],
            )
        ],
    )
    yield (
        "dots in the address on one side",
        [One([_user("Tom", "Baker", "t.o.m.baker@example.com")], [_contact("Tom", "Baker", "tombaker@example.com")])],
    )
    yield (
        "upper case in the address",
        [One([_user("Ines", "Prado", "ines.prado@example.org")], [_lead("Ines", "Prado", "INES.PRADO@EXAMPLE.ORG")])],
    )
    yield (
        "address of an internationalised domain",
        [
            One(
                [_user("Jan", "Müller", "jan@xn--mller-kva.example")],
                [_contact("Jan", "Müller", "jan@xn--mller-kva.example")],
            )
        ],
    )
    yield (
        "typing error in the address",
        [
            One(
                [_user("Rosa", "Marin", "rosa.marin@example.net")],
                [_contact("Rosa", "Marin", "rosa.marni@example.net")],
            )
        ],
    )
    yield (
        "one address, two people of a family",
        [
            One(
                [_user("Piet", "Visser", "familie.visser@example.com")],
                [_contact("Piet", "Visser", "familie.visser@example.com")],
            ),
            One([], [_contact("Noor", "Visser", "familie.visser@example.com")]),
        ],
    )
    yield (
        "address of a role, not of a person",
        [
            One([_user("Info", "Desk", "info@acme.example")], []),
            One([], [_contact("Carla", "Moreau", "info@acme.example")]),
        ],
    )
    yield (
        "no address in the record",
        [One([_user("Lea", "Roth", "lea.roth@example.com")], [_contact("Lea", "Roth", None)])],
    )


def _names() -> Iterator[tuple[str, list[One]]]:
    yield (
        "name without its marks",
        [One([_user("Jürgen", "Höfler", "j.hoefler@example.org")], [_contact("Juergen", "Hoefler", "jh@example.org")])],
    )
    yield (
        "name in another script",
        [One([_user("陽子", "佐藤", "yoko.sato@example.net")], [_lead("Yoko", "Sato", "yoko.sato@example.net")])],
    )
    yield (
        "new family name",
        [
            One(
                [_user("Mary", "Poole", "mary.poole@example.com")],
                [_contact("Mary", "Smith-Poole", "mary.poole@example.com")],
            )
        ],
    )
    yield (
        "given and family name exchanged",
        [One([_user("Huy", "Trần", "huy.tran@example.org")], [_contact("Trần", "Huy", "huy.tran@example.org")])],
    )
    yield (
        "short form of a given name",
        [
            One(
                [_user("Bob", "Miller", "rmiller@example.net")],
                [_contact("Robert", "Miller", "robert.miller@example.net")],
            )
        ],
    )
    yield (
        "one name only",
        [One([_user(None, "Suharto", "suharto@example.com")], [_lead(None, "Suharto", "suharto@example.com")])],
    )
    yield (
        "apostrophe and hyphen",
        [
            One(
                [_user("Zoë", "O’Neill-d’Arcy", "zoe@example.org")],
                [_contact("Zoe", "O'Neill-d'Arcy", "zoe@example.org")],
            )
        ],
    )
    yield (
        "right to left",
        [One([_user("לאה", "כהן", "lea.cohen@example.net")], [_contact("לאה", "כהן", "lea.cohen@example.net")])],
    )
    yield (
        "as long as the org allows",
        [
            One(
                [_user("A" * 40, "B" * 80, "long.name@example.com")],
                [_contact("A" * 40, "B" * 80, "long.name@example.com")],
            )
        ],
    )
    yield (
        "one name, two people",
        [
            One(
                [_user("Anna", "Nowak", "anna.nowak@example.com")],
                [_contact("Anna", "Nowak", "anna.nowak@example.com")],
            ),
            One(
                [_user("Anna", "Nowak", "anna.nowak@example.org")],
                [_contact("Anna", "Nowak", "anna.nowak@example.org")],
            ),
        ],
    )


def _phones() -> Iterator[tuple[str, list[One]]]:
    spellings = {
        "phone number in its national form": "0664 1234567",
        "phone number with letters and brackets": "Tel. +43 (0)664 / 1234 568",
        "phone number with an extension": "+43 664 1234569 ext. 12",
    }
    for number, (name, spelled) in enumerate(spellings.items(), start=7):
        user = _user("Eva", f"Moser{'abc'[number - 7]}", f"eva{number}@example.com", phone=f"+4366412345{60 + number}")
        yield name, [One([user], [_contact("Eva", f"Moser{'abc'[number - 7]}", None, Phone=spelled)])]


def _accounts() -> Iterator[tuple[str, list[One]]]:
    google = _user("Kofi", "Mensah", "kofi@example.com", connection=SOCIAL)
    yield "social identity", [One([google], [_contact("Kofi", "Mensah", "kofi@example.com")])]
    saml = _user("Sara", "Berg", "sara.berg@acme.example", connection=ENTERPRISE)
    yield "enterprise identity", [One([saml], [_contact("Sara", "Berg", "sara.berg@acme.example")])]
    linked = _user("Omar", "Haddad", "omar@example.net", linked=SOCIAL)
    yield "two identities linked to one user", [One([linked], [_lead("Omar", "Haddad", "omar@example.net")])]
    twice = [
        _user("Lin", "Chen", "lin.chen@example.org"),
        _user("Lin", "Chen", "lin.chen@example.org", connection=SOCIAL),
    ]
    yield "two users, one person, not linked", [One(twice, [_contact("Lin", "Chen", "lin.chen@example.org")])]
    blocked = _user("Max", "Stone", "max.stone@example.com", blocked=True)
    yield "blocked user", [One([blocked], [_contact("Max", "Stone", "max.stone@example.com")])]
    stranger = _user("Someone", "Else", "victim@example.com", email_verified=False)
    yield (
        "unverified address of somebody else",
        [One([stranger], []), One([], [_contact("Vera", "Lang", "victim@example.com")])],
    )


def _records() -> Iterator[tuple[str, list[One]]]:
    user = _user("Iris", "Vale", "iris.vale@example.com")
    rows = [_contact("Iris", "Vale", "iris.vale@example.com"), _contact("Irsi", "Vale", "iris.vale@example.com")]
    yield "two contacts, one person", [One([user], rows)]
    user = _user("Nils", "Falk", "nils.falk@example.org")
    rows = [_contact("Nils", "Falk", "nils.falk@example.org"), _lead("Nils", "Falk", "nils.falk@example.org")]
    yield "a contact and a lead, one person", [One([user], rows)]
    yield "user without a record", [One([_user("Nina", "Solo", "nina.solo@example.com")], [])]
    yield "record without a user", [One([], [_lead("Otto", "Allein", "otto.allein@example.com")])]


def _consents() -> Iterator[tuple[str, list[One]]]:
    agreed = _user("Yara", "Melo", "yara.melo@example.com", newsletter=True)
    refused = _contact("Yara", "Melo", "yara.melo@example.com", HasOptedOutOfEmail=True)
    yield "consent in one system, refusal in the other", [One([agreed], [refused])]


def _user(
    given: str | None,
    family: str,
    email: str,
    *,
    connection: str = DATABASE,
    linked: str | None = None,
    phone: str | None = None,
    newsletter: bool = False,
    email_verified: bool = True,
    blocked: bool = False,
) -> Row:
    metadata = {"newsletter": newsletter} | ({"phone": phone} if phone else {})
    user: Row = {"email": email, "email_verified": email_verified, "family_name": family, "user_metadata": metadata}
    user["name"] = f"{given} {family}" if given else family
    user |= {"given_name": given} if given else {}
    user |= {"blocked": True} if blocked else {}
    return {**user, "connections": [connection, *([linked] if linked else [])]}


def _contact(given: str | None, family: str, email: str | None, **further: Any) -> tuple[str, Row]:
    return "Contact", {"FirstName": given, "LastName": family, "Email": email, **further}


def _lead(given: str | None, family: str, email: str) -> tuple[str, Row]:
    return "Lead", {"FirstName": given, "LastName": family, "Email": email, "Company": f"{family} & Co"}
