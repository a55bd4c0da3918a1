"""The places that people of the seeds come from, read from `data/places.toml`."""

import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib import resources

# Letters that Unicode does not take apart into a plain one and a mark.
_PLAIN = str.maketrans(
    {"Ł": "L", "ł": "l", "Đ": "D", "đ": "d", "ß": "ss", "ı": "i", "Ø": "O", "ø": "o", "Æ": "Ae", "æ": "ae"}
)


@dataclass(frozen=True, slots=True)
class Name:
    """A name as its owner writes it, where only plain letters are taken, and in an address: small letters alone."""

    written: str
    plain: str
    for_address: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a person lives; `#` in a phone number stands for a digit."""

    country: str
    locale: str
    cities: tuple[str, ...]
    international: str
    national: str
    given_names: tuple[Name, ...]
    family_names: tuple[Name, ...]


@cache
def places() -> tuple[Place, ...]:
    """All of them, in the file's order."""
    text = (resources.files(__package__) / "data" / "places.toml").read_text(encoding="utf-8")
    return tuple(
        Place(
            **{
                **entry,
                "cities": tuple(entry["cities"]),
                "given_names": tuple(_name(each) for each in entry["given_names"]),
                "family_names": tuple(_name(each) for each in entry["family_names"]),
            }
        )
        for entry in tomllib.loads(text)["places"]
    )


def without_marks(text: str) -> str:
    """The text in plain letters, as somebody types it who has no others: `Höfler` becomes `Hofler`."""
    apart = unicodedata.normalize("NFKD", text.translate(_PLAIN))
    return "".join(char for char in apart if not unicodedata.combining(char))


def _name(entry: str) -> Name:
    written, _, spelled = entry.partition("=")
    plain = spelled.title() if spelled else without_marks(written)
    return Name(written, plain, "".join(char for char in plain.lower() if char.isalpha()))
