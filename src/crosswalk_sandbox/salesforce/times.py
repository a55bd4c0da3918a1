"""Times as the vendor writes them: UTC, whole seconds, `2024-01-02T03:04:05.000+0000`."""

from datetime import UTC, date, datetime
from functools import lru_cache


def format_time(moment: datetime) -> str:
    """The vendor's form of a time; such texts sort as the times do."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}+0000"


def format_stamp(moment: datetime) -> str:
    """The vendor's form of a record's own time stamps, which have no fraction of a second."""
    return _format_second(moment.replace(microsecond=0))


@lru_cache(maxsize=256)
def _format_second(moment: datetime) -> str:
    """Many records share a second: one text for all of them saves time, and memory."""
    return format_time(moment)


def read_time(text: str) -> str | None:
    """The vendor's form of an ISO 8601 time that has a zone, or None when it is not one."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None or "T" not in text:
        return None
    return format_time(moment)


def read_date(text: str) -> str | None:
    """The text itself when it is a calendar date (`YYYY-MM-DD`), or None."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return None
    return text if len(text) == 10 else None
