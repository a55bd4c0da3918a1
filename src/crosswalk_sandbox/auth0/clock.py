"""Time as the vendor writes it: UTC, ISO 8601, milliseconds, a trailing Z."""

from __future__ import annotations

from datetime import UTC, datetime


def iso_milliseconds(moment: datetime) -> str:
    """Write `moment` as ``2026-01-31T08:15:30.123Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_iso(text: str) -> datetime:
    """Read an RFC 3339 date-time; one without a zone is taken as UTC.

    Raises
    ------
    ValueError
        When `text` is not a date-time.
    """
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
