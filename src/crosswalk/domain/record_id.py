"""Salesforce's record ids, which people copy with 15 characters and with 18."""

import re

from crosswalk.domain.ids import RecordId

_ID = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"

_OBJECTS = {"003": "Contact", "00Q": "Lead", "001": "Account", "005": "User"}


def object_of_id(record_id: str) -> str | None:
    """The object to which a record belongs, for those whose ids always begin alike; `None` for any other."""
    return _OBJECTS.get(record_id[:3])


def full_record_id(text: str) -> RecordId | None:
    """The 18 characters of an id that was given with 15 or 18; `None` for what is no id.

    The last three say which of the first 15 are capital letters, five of them each ("ID Field Type").
    """
    given = text.strip()
    if _ID.fullmatch(given) is None:
        return None
    short = given[:15]
    suffix = "".join(
        _LETTERS[
            sum(1 << place for place, letter in enumerate(short[at : at + 5]) if letter.isascii() and letter.isupper())
        ]
        for at in (0, 5, 10)
    )
    return RecordId(short + suffix)
