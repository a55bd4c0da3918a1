"""Brute-force protection: too many wrong passwords for one account from one address block it for that address.

How many are too many, and whom it spares, is a setting of the tenant: ``/attack-protection/brute-force-protection``.
Beside it, suspicious IP throttling counts the failures of an address over all accounts
(``/attack-protection/suspicious-ip-throttling``).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

BLOCKED_MESSAGE = (
    "Your account has been blocked after multiple consecutive login attempts. "
    "We’ve sent you an email with instructions on how to unblock it."
)

ADDRESS_BLOCKED_MESSAGE = (
    "We have detected suspicious login behavior and further attempts will be blocked. Please contact the administrator."
)


class Attempts:
    """Failed logins by identifier (the typed e-mail address in lower case) and IP address."""

    def __init__(self) -> None:
        self._failures: dict[tuple[str, str], int] = {}

    def is_blocked(self, identifier: str, ip: str, most: int | None) -> bool:
        """Tell whether logins of `identifier` are refused from `ip` after `most` failures, whatever the password."""
        return most is not None and self._failures.get((identifier.lower(), ip), 0) >= most

    def fail(self, identifier: str, ip: str, most: int | None) -> bool:
        """Count a wrong password, and tell whether it was the one that blocks."""
        key = (identifier.lower(), ip)
        self._failures[key] = self._failures.get(key, 0) + 1
        return self._failures[key] == most

    def succeed(self, identifier: str, ip: str) -> None:
        """Start counting anew after a right password."""
        self._failures.pop((identifier.lower(), ip), None)

    def blocked_addresses(self, identifier: str, protection: dict[str, Any]) -> list[str]:
        """Return from where logins of `identifier` are blocked."""
        addresses = [ip for name, ip in self._failures if name == identifier.lower()]
        return [ip for ip in addresses if self.is_blocked(identifier, ip, most_failures(protection, ip))]

    def unblock(self, identifier: str) -> None:
        """Let logins of `identifier` through again from everywhere."""
        for key in [key for key in self._failures if key[0] == identifier.lower()]:
            del self._failures[key]


class AddressFailures:
    """Failed logins from an IP address, whoever was meant: too many close the address for logins (of all accounts).

    One failure is forgiven at each interval that the settings name, so a closed address opens again by itself.
    """

    def __init__(self) -> None:
        self._levels: dict[str, tuple[float, datetime]] = {}

    def fail(self, ip: str, settings: dict[str, Any], now: datetime) -> bool:
        """Count a failed login, and tell whether it was the one that closes the address."""
        was_closed = self.is_closed(ip, settings, now)
        self._levels[ip] = (self._level(ip, settings, now) + 1, now)
        return not was_closed and self.is_closed(ip, settings, now)

    def is_closed(self, ip: str, settings: dict[str, Any], now: datetime) -> bool:
        """Tell whether logins from an address are refused, by the settings of suspicious IP throttling."""
        spared = not settings["enabled"] or "block" not in settings["shields"] or ip in settings["allowlist"]
        # A whole failure has to be forgiven before the next attempt is let through.
        return not spared and self._level(ip, settings, now) > settings["stage"]["pre-login"]["max_attempts"] - 1

    def open(self, ip: str) -> None:
        """Let logins from an address through again."""
        self._levels.pop(ip, None)

    def _level(self, ip: str, settings: dict[str, Any], now: datetime) -> float:
        level, counted = self._levels.get(ip, (0.0, now))
        interval = float(settings["stage"]["pre-login"]["rate"])  # milliseconds
        return max(0.0, level - (now - counted).total_seconds() * 1000 / interval)


def most_failures(protection: dict[str, Any], ip: str) -> int | None:
    """Return how many wrong passwords from an address block an account for it; None when none do.

    Parameters
    ----------
    protection : dict
        The tenant's settings of brute-force protection.
    """
    spared = not protection["enabled"] or "block" not in protection["shields"] or ip in protection["allowlist"]
    return None if spared else int(protection["max_attempts"])
