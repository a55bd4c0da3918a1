"""Salesforce record ids."""

import re

from crosswalk.domain.values import FieldValue
from crosswalk.expressions.types.problem import WrongValue
from crosswalk.expressions.types.text import normalise_text

_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?\Z")
_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def normalise_reference(value: object) -> str | None:
    """The 18-character id of a 15- or 18-character one.

    The last three characters say which of the 15 before are upper case, five characters each, lowest bit first
    (Salesforce, "What are the differences between 15 and 18-digit record IDs").
    """
    text = normalise_text(value)
    if text is None:
        return None
    if not _ID.match(text):
        raise WrongValue("a record id of 15 or 18 characters", value)
    blocks = (text[0:5], text[5:10], text[10:15])
    check = "".join(_CHECK[sum(1 << bit for bit, c in enumerate(block) if "A" <= c <= "Z")] for block in blocks)
    if len(text) == 18 and text[15:].upper() != check:
        raise WrongValue("a record id whose last three characters fit the first 15", value)
    return text[:15] + check


def same_reference(a: FieldValue, b: FieldValue) -> bool:
    """Whether two ids name one record, in 15 or 18 characters."""
    try:
        return normalise_reference(a) == normalise_reference(b)
    except WrongValue:
        return False
