"""Personal data replaced by data of the same shape, the same everywhere for the same value.

A case that is made of what really happened has to give the same plan, and must not tell whose it was. So words become
made-up words of the same length and letter case, in whatever text they stand: `Ada@Example.com` and `ada@example.com`
stay one address, `(212) 555-0100` and `+12125550100` one number. All dates move by the same number of days. Ids of
users and records stay as they are, numbers and true or false as well, and so do the words that the configuration itself
names, because expressions compare values with them.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, timedelta
from random import Random
from typing import Any

_WORD = re.compile(r"[^\W_]+")
_PIECE = re.compile(r"[^\W\d_]+|\d+")
_EMAIL = re.compile(r"([^\s@<>|]+)@([^\s@<>|]+)")
_PHONE = re.compile(r"\+?[\d\s().\-/\u2010-\u2015]{6,}")
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?=$|[T ]\d{2}:)")
_USER_ID = re.compile(r"[\w-]+\|\S+", re.ASCII)
_RECORD_ID = re.compile(r"(?=(?:\D*\d){3})[0-9a][0-9A-Za-z]{14}(?:[0-9A-Za-z]{3})?", re.ASCII)
"""As far as it can be told from a name: three digits at least, and the beginning that ids have."""

_SUBSCRIBER = 4
"""The last digits of a telephone number, which tell a person from the neighbours; those before say where it is."""

_ALWAYS_KEPT = frozenset({"http", "https", "www"})
_CONSONANTS, _VOWELS = "bdfgklmnprstvz", "aeiou"
_KEPT_KEYS = frozenset({"provider", "connection", "object", "isSocial", "type"})
"""Keys whose values say of what kind something is, not who somebody is."""


def words_of(texts: Iterable[str]) -> frozenset[str]:
    """All words of some texts, in lower case: for what a configuration names."""
    return frozenset(_key(word) for text in texts for word in _WORD.findall(text) if len(word) > 1)


class Masker:
    """Replaces personal data; one for each case, so that nothing can be followed from one case to another.

    Parameters
    ----------
    random
        Where made-up words come from.
    kept
        Words that stay, in lower case: see `words_of`.
    """

    def __init__(self, random: Random, kept: Collection[str] = ()) -> None:
        self._random = random
        self._kept = frozenset(kept) | _ALWAYS_KEPT
        self._made: dict[str, str] = {}
        self._used: set[str] = set()
        self._days = timedelta(days=random.randrange(400, 4000) * random.choice((1, -1)))

    def avoid(self, value: Any) -> None:
        """Never make up a word that stands anywhere in this value."""
        if isinstance(value, Mapping):
            for inner in value.values():
                self.avoid(inner)
        elif isinstance(value, list | tuple):
            for inner in value:
                self.avoid(inner)
        elif isinstance(value, str):
            self._used |= {_key(piece) for piece in _PIECE.findall(value)}

    def mask(self, value: Any, key: str = "") -> Any:
        """The value with everything personal in it replaced; `key` is the name that it stands under."""
        if isinstance(value, Mapping):
            return {name: self.mask(inner, name) for name, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.mask(inner, key) for inner in value]
        if isinstance(value, str) and key not in _KEPT_KEYS:
            return self.text(value)
        return value

    def text(self, text: str) -> str:
        """One text, by what it looks like."""
        if _USER_ID.fullmatch(text):
            return _EMAIL.sub(self._email, text)
        if _RECORD_ID.fullmatch(text):
            return text
        if _PHONE.fullmatch(text) and sum(map(str.isdigit, text)) >= 7 and not _DATE.match(text):
            return self._phone(text)
        if _DATE.match(text):
            return self._date(text)
        parts = []
        end = 0
        for found in _EMAIL.finditer(text):
            parts += [self._words(text[end : found.start()]), self._email(found)]
            end = found.end()
        return "".join([*parts, self._words(text[end:])])

    def _words(self, text: str) -> str:
        return _WORD.sub(self._word, text)

    def _word(self, found: re.Match[str]) -> str:
        word = found.group()
        return word if _key(word) in self._kept else _PIECE.sub(lambda piece: self._piece(piece.group()), word)

    def _email(self, found: re.Match[str]) -> str:
        """Tags and dots of an address stay where they are, and the domain keeps its last part."""
        local = "+".join(self._dotted(part) for part in found[1].split("+"))
        return f"{local}@{self._domain(found[2])}"

    def _dotted(self, text: str) -> str:
        """Masked without its dots, which then go back to where they were: `a.da` and `ada` may be one person."""
        masked = list(self._words(text.replace(".", "")))
        for index, character in enumerate(text):
            if character == ".":
                masked.insert(index, ".")
        return "".join(masked)

    def _domain(self, domain: str) -> str:
        """Both spellings of an international domain stay the same."""
        *labels, last = domain.split(".")
        return ".".join([*(self._label(label) for label in labels), last if labels else self._label(last)])

    def _label(self, label: str) -> str:
        if not label.lower().startswith("xn--"):
            return self._words(label)
        try:
            return self._words(label.encode().decode("idna")).encode("idna").decode()
        except UnicodeError:
            return self._words(label)

    def _phone(self, text: str) -> str:
        """The last digits replaced, by what they and those before are, in whatever form they are written."""
        digits = "".join(filter(str.isdigit, text))
        made = iter(self._made_up("#" + digits[-7:], self._digits)[-_SUBSCRIBER:])
        before = len(digits) - _SUBSCRIBER
        written = []
        for character in text:
            if character.isdigit():
                before -= 1
                written.append(character if before >= 0 else next(made))
            else:
                written.append(character)
        return "".join(written)

    def _digits(self, key: str) -> str:
        last = key[-_SUBSCRIBER:]
        while last == key[-_SUBSCRIBER:]:
            last = "".join(self._random.choice("0123456789") for _ in range(_SUBSCRIBER))
        return key[:-_SUBSCRIBER] + last

    def _date(self, text: str) -> str:
        try:
            moved = date.fromisoformat(text[:10]) + self._days
        except (ValueError, OverflowError):
            return self._words(text)
        return moved.isoformat() + text[10:]

    def _piece(self, piece: str) -> str:
        """A run of letters or of digits; accents and capitals stay where they are."""
        if piece.isdigit():
            return self._made_up(piece, self._number)
        letters = _letters(piece)
        made = self._made_up(_key(piece), self._syllables)
        shaped = [(new.upper() if old[0].isupper() else new) + old[1:] for old, new in zip(letters, made, strict=False)]
        return unicodedata.normalize("NFC", "".join(shaped) + made[len(letters) :])

    def _made_up(self, key: str, make: Callable[[str], str]) -> str:
        """What stands for a key: the same at every time, another one for every key, and nothing that was there."""
        if key not in self._made:
            made = make(key)
            for _ in range(200):
                if made not in self._used:
                    break
                made = make(key)
            else:
                while made in self._used:  # so few letters or digits are used up
                    made += make(key)
            self._used.add(made)
            self._made[key] = made
        return self._made[key]

    def _number(self, key: str) -> str:
        first = self._random.choice("123456789") if key[0] != "0" else "0"
        return first + "".join(self._random.choice("0123456789") for _ in key[1:])

    def _syllables(self, key: str) -> str:
        letters = (_CONSONANTS, _VOWELS) if self._random.random() < 0.7 else (_VOWELS, _CONSONANTS)
        return "".join(self._random.choice(letters[index % 2]) for index in range(len(key)))


def _letters(word: str) -> list[str]:
    """The letters of a word, each with the accents that belong to it."""
    letters: list[str] = []
    for character in unicodedata.normalize("NFD", word):
        if unicodedata.combining(character) and letters:
            letters[-1] += character
        else:
            letters.append(character)
    return letters


def _key(word: str) -> str:
    """A word without capitals and accents: words that differ in nothing else stay alike."""
    return "".join(letter[0] for letter in _letters(word)).lower()
