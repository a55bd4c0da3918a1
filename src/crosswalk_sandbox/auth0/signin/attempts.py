"""Brute-force protection: ten wrong passwords for one account from one address block it for that address."""

from __future__ import annotations

MOST_FAILURES = 10
BLOCKED_MESSAGE = (
    "Your account has been blocked after multiple consecutive login attempts. "
    "We’ve sent you an email with instructions on how to unblock it."
)


class Attempts:
    """Failed logins by identifier (the typed e-mail address in lower case) and IP address."""

    def __init__(self) -> None:
        self._failures: dict[tuple[str, str], int] = {}

    def is_blocked(self, identifier: str, ip: str) -> bool:
        """Tell whether logins of `identifier` are refused from `ip`, whatever the password."""
        return self._failures.get((identifier.lower(), ip), 0) >= MOST_FAILURES

    def fail(self, identifier: str, ip: str) -> bool:
        """Count a wrong password, and tell whether it was the one that blocks."""
        key = (identifier.lower(), ip)
        self._failures[key] = self._failures.get(key, 0) + 1
        return self._failures[key] == MOST_FAILURES

    def succeed(self, identifier: str, ip: str) -> None:
        """Start counting anew after a right password."""
        self._failures.pop((identifier.lower(), ip), None)

    def blocked_addresses(self, identifier: str) -> list[str]:
        """Return from where logins of `identifier` are blocked."""
        wanted = identifier.lower()
        return [ip for (name, ip), count in self._failures.items() if name == wanted and count >= MOST_FAILURES]

    def unblock(self, identifier: str) -> None:
        """Let logins of `identifier` through again from everywhere."""
        for key in [key for key in self._failures if key[0] == identifier.lower()]:
            del self._failures[key]
