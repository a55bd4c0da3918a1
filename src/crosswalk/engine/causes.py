"""What dead letters have in common: the name of their cause, and the vendor's words without anybody's values. Pure."""

import hashlib
import re
from collections.abc import Callable, Collection, Mapping, Sequence

from crosswalk.domain.values import FieldValue

SHORTEST_VALUE = 3
"""Shorter values are left in a message: they would be found by chance."""

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_+-]+")
_REPLACED: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    # Salesforce quotes what it refuses after a colon and without quotation marks.
    (
        re.compile(
            r"((?:data value too large|invalid email address|bad value for restricted picklist field"
            r"|id value of incorrect type|value not of required type|duplicate value found)): .*?(?= \(max length|$)",
            re.DOTALL,
        ),
        r"\1: <value>",
    ),
    (re.compile(r"https?://\S+"), "<address>"),
    (re.compile(r"[^\s@<>\"'()]+@[^\s@<>\"'()]+\.[^\s@<>\"'().,;]+"), "<e-mail>"),
    (re.compile(r"\b[a-z0-9-]+\|[^\s,;)'\"]+"), "<user>"),
    # But for the names of fields and objects, which vendors quote too.
    (
        re.compile(
            r"(?i:(?<=column )|(?<=entity )|(?<=field )|(?<=fields )|(?<=property )|(?<=type )|(?<=scope: ))"
            r"(['\"“][A-Za-z][\w.:]*['\"”])|\"[^\"]*\"|“[^”]*”|'[^']*'(?!\w)"
        ),
        lambda found: found[1] or "<value>",
    ),
    (re.compile(r"\b(?=[A-Za-z]*\d)[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?\b"), "<record>"),
    (re.compile(r"(?<!max length=)(?<![\w<])\+?\d[\d ().:T-]*\d(?!\w)|(?<!max length=)(?<![\w<])\d(?!\w)"), "<number>"),
)


def without_values(message: str, values: Collection[FieldValue]) -> str:
    """Return a vendor's message without what is one person's: alike for all who fail for the same reason.

    Parameters
    ----------
    message
        As the vendor said it.
    values
        What was to be written, which vendors like to quote.
    """
    for text in sorted({str(value) for value in values if isinstance(value, str)}, key=len, reverse=True):
        if len(text) >= SHORTEST_VALUE:
            message = message.replace(text, "<value>")
    for pattern, word in _REPLACED:
        message = pattern.sub(word, message)
    return message


def cause_of(code: str, thing: str, fields: Sequence[str], message: str, values: Mapping[str, FieldValue]) -> str:
    """Return the name of a dead letter's cause: code, object or flow, the fields at fault, and a mark of the message.

    It is the same for all that fail for one reason, such as `STRING_TOO_LONG.Contact.Title.3f9a`, and may stand in an
    address or a command.
    """
    parts = [code, thing, "+".join(sorted(fields))]
    mark = hashlib.sha256(without_values(message, values.values()).encode()).hexdigest()[:4]
    named = [_NOT_IN_NAMES.sub("_", part)[:80] for part in parts if part]
    return ".".join([*named, mark])
