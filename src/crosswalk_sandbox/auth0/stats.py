"""How many people log in and sign up, counted from the tenant's logs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from crosswalk_sandbox.auth0.clock import iso_milliseconds

ACTIVE_DAYS = 30
LOGIN = "s"
SIGN_UP = "ss"
LEAKED = ("pwd_leak", "signup_pwd_leak")


def active_users(entries: Iterable[dict[str, Any]], now: datetime) -> int:
    """Return how many users logged in during the last 30 days."""
    since = iso_milliseconds(now - timedelta(days=ACTIVE_DAYS))
    return len({entry["user_id"] for entry in entries if entry["type"] == LOGIN and entry["date"] >= since})


def daily_stats(entries: Iterable[dict[str, Any]], first: date, last: date) -> list[dict[str, Any]]:
    """Return the counts of each day from `first` to `last` (UTC, both included) on which something happened."""
    counts: dict[str, Counter[str]] = {}
    latest: dict[str, str] = {}
    for entry in entries:
        day = entry["date"][:10]
        kind = (
            "leaked_passwords" if entry["type"] in LEAKED else {LOGIN: "logins", SIGN_UP: "signups"}.get(entry["type"])
        )
        if kind is not None and first.isoformat() <= day <= last.isoformat():
            counts.setdefault(day, Counter())[kind] += 1
            latest[day] = entry["date"]
    return [
        {
            "date": f"{day}T00:00:00.000Z",
            "logins": counted["logins"],
            "signups": counted["signups"],
            "leaked_passwords": counted["leaked_passwords"],
            "created_at": f"{day}T00:00:00.000Z",
            "updated_at": latest[day],
        }
        for day, counted in sorted(counts.items())
    ]
