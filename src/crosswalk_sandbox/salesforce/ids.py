"""Record ids: 15 case-sensitive characters, or 18 where the last three repeat their letter case."""

from functools import lru_cache

_CHECK_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_INSTANCE = "Hs0000"


def check_characters(id15: str) -> str:
    """The three characters that make a 15-character id safe in case-insensitive places.

    Each stands for five characters, with one bit set for each upper-case letter, lowest bit first.
    """
    return _check_character(id15[:5]) + _check_character(id15[5:10]) + _check_character(id15[10:])


@lru_cache(maxsize=65_536)
def _check_character(five: str) -> str:
    return _CHECK_ALPHABET[sum(1 << bit for bit, char in enumerate(five) if char.isupper())]


def make_id(key_prefix: str, number: int) -> str:
    """The 18-character id of the `number`-th record of the object with this three-character key prefix."""
    digits = ""
    for _ in range(6):
        number, remainder = divmod(number, 62)
        digits = _BASE62[remainder] + digits
    id15 = f"{key_prefix}{_INSTANCE}{digits}"
    return id15 + check_characters(id15)


def is_id_shaped(text: str) -> bool:
    """Whether the text has the length and the characters of an id."""
    return len(text) in (15, 18) and text.isascii() and text.isalnum()


def to_id18(text: str) -> str | None:
    """The 18-character form of a 15- or 18-character id, or None when it is not an id."""
    if not is_id_shaped(text):
        return None
    if len(text) == 15:
        return text + check_characters(text)
    return text if check_characters(text[:15]) == text[15:] else None
