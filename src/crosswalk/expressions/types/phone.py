"""Telephone numbers in E.164 form."""

import re
from functools import lru_cache

import phonenumbers

from crosswalk.domain.values import FieldValue
from crosswalk.expressions.types.problem import WrongValue
from crosswalk.expressions.types.text import normalise_text

_E164 = re.compile(r"\+[1-9][0-9]{7,14}\Z")


def normalise_phone(value: object, region: str | None) -> str | None:
    """`+` and 8 to 15 digits.

    Parameters
    ----------
    region
        Two-letter country (`US`) for numbers without a country code; without it they are refused.
    """
    text = normalise_text(value)
    if text is None or _E164.match(text):
        return text
    return _parse(text, region)


@lru_cache(maxsize=4096)
def _parse(text: str, region: str | None) -> str:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        hint = "" if region or text.startswith("+") else " with its country code (no default region is configured)"
        raise WrongValue(f"a telephone number such as +12125550100{hint}", text)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def same_phone(a: FieldValue, b: FieldValue, region: str | None) -> bool:
    """Whether two numbers reach the same telephone, however they are written."""
    try:
        return normalise_phone(a, region) == normalise_phone(b, region)
    except WrongValue:
        return False
