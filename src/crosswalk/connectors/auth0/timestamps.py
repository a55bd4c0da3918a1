"""Auth0's times, which come in several forms, in the one form that orders states. Pure."""

import re
from datetime import UTC, datetime

_IN_MILLISECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\Z", re.ASCII)
"""The usual form, to which only zeros are missing."""


def parse_time(text: str) -> datetime:
    """Return a time in UTC.

    Auth0 writes `2021-11-03T03:21:19.503Z` in most places and `2025-10-03 14:09:32.149000000` (UTC as well, with
    nanoseconds) in some log streams.

    Raises
    ------
    ValueError
        The text is no time.
    """
    time = datetime.fromisoformat(text)
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def sortable(text: str) -> str:
    """Return a time as `format_time` does; what `parse_time` raises."""
    time = parse_time(text)
    return f"{text[:-1]}000Z" if _IN_MILLISECONDS.match(text) else format_time(time)


def format_time(time: datetime) -> str:
    """Return `time` as `YYYY-MM-DDTHH:MM:SS.ffffffZ`, which sorts as text."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z"
