"""Auth0's times, which come in several forms, in the one form that orders states. Pure."""

from datetime import UTC, datetime


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


def format_time(time: datetime) -> str:
    """Return `time` as `YYYY-MM-DDTHH:MM:SS.ffffffZ`, which sorts as text."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z"
