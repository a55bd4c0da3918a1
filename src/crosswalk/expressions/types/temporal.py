"""Dates and points in time, in Salesforce's forms."""

import re
from datetime import UTC, date, datetime

from crosswalk.domain.values import FieldValue
from crosswalk.expressions.types.problem import WrongValue
from crosswalk.expressions.types.text import normalise_text

_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)
_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z\Z", re.ASCII)


def normalise_date(value: object) -> str | None:
    """`2026-01-31`. Of a point in time, its date in UTC."""
    text = normalise_text(value)
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
        return text if _DAY.match(text) else day.isoformat()
    except ValueError:
        moment = _moment(text)
        if moment is None:
            raise WrongValue("a date such as 2026-01-31", value) from None
        return moment.date().isoformat()


_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)
_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z\Z", re.ASCII)


def normalise_datetime(value: object) -> str | None:
    """`2026-01-31T10:00:00.000+0000`: UTC in whole seconds, because that is what Salesforce keeps and gives back."""
    text = normalise_text(value)
    if text is None:
        return None
    moment = _moment(text)
    if moment is not None and _UTC.match(text):
        return f"{text[:19]}.000+0000"
    if moment is None:
        raise WrongValue("a time with its zone, such as 2026-01-31T10:00:00Z", value)
    return f"{moment.isoformat()[:19]}.000+0000"


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is UTC:
            return moment
        return None if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def same_date(a: FieldValue, b: FieldValue) -> bool:
    """Whether two texts name one day."""
    try:
        return normalise_date(a) == normalise_date(b)
    except WrongValue:
        return False


def same_moment(a: FieldValue, b: FieldValue) -> bool:
    """Whether two texts name one instant, to the second."""
    try:
        return normalise_datetime(a) == normalise_datetime(b)
    except WrongValue:
        return False
