"""The form in which two match keys are compared: everything folded away that is not to count.

Folding is idempotent: a folded key folds to itself.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import partial

from crosswalk.domain.match_rule import Normalisation
from crosswalk.domain.values import ValueType

_PLAIN = Normalisation()
_BLANKS = re.compile(r"\s+")

# Letters that are no other letter with a mark on it, but that people write without their keyboard as these.
_PLAIN_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "þ": "th", "ı": "i"}
    | {"ẞ": "SS", "Æ": "AE", "Œ": "OE", "Ø": "O", "Đ": "D", "Ð": "D", "Ł": "L", "Þ": "TH"}
)

_WITH_CASE = frozenset({ValueType.REFERENCE, ValueType.DATE, ValueType.DATETIME, ValueType.PHONE})
"""Types whose normal form holds no letter case that could be ignored."""


def fold(text: str, type_: ValueType, normalisation: Normalisation = _PLAIN) -> str:
    """The form in which a value, normalised by its type, is compared with others."""
    return folder_of(type_, normalisation)(text)


def folder_of(type_: ValueType, normalisation: Normalisation) -> Callable[[str], str]:
    """The function that folds values of a type, with all decided that does not depend on the value."""
    if type_ in _WITH_CASE:
        return str
    if type_ is ValueType.EMAIL:
        return str.casefold if normalisation == _PLAIN else partial(_fold_address, normalisation=normalisation)
    return _fold_plain if normalisation == _PLAIN else partial(_fold_text, normalisation=normalisation)


def _fold_plain(text: str) -> str:
    return text.casefold() if text.isascii() else _fold_text(text, _PLAIN)


def _fold_address(address: str, normalisation: Normalisation) -> str:
    return fold_email(address.casefold(), normalisation)


def fold_email(address: str, normalisation: Normalisation) -> str:
    """An address without what does not count in its local part. What would leave nothing is left as it is."""
    local, at, domain = address.rpartition("@")
    if normalisation.plus_address:
        local = local.partition("+")[0] or local
    if domain.lower() in normalisation.dots_of:
        local = local.replace(".", "") or local
    return f"{local}{at}{domain}"


def without_accents(text: str) -> str:
    """The text in plain letters: `Müller` → `Muller`, `Groß` → `Gross`."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in apart if not unicodedata.combining(letter)).translate(_PLAIN_LETTERS)


def without_spaces(text: str) -> str:
    """The text without any blank."""
    return _BLANKS.sub("", text)


def _fold_text(text: str, normalisation: Normalisation) -> str:
    if normalisation.accents:
        text = without_accents(text)
    if not normalisation.case:
        text = text.casefold()
    if normalisation.spaces:
        text = without_spaces(text)
    return unicodedata.normalize("NFC", text).strip()
