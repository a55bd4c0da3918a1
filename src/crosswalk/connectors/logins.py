"""Whether a login may be tried: what asks for tokens goes through a gate, which the engine gives it.

Vendors lock users out whose logins are refused again and again. So whoever needs a token does not simply ask for one:
the gate knows whether the same credentials were refused before, by whichever process tried them.
"""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class LoginGate(Protocol):
    """Lets logins of one tenant or org through, or not."""

    async def through(self, log_in: Callable[[], Awaitable[T]]) -> T:
        """Return what the login returns.

        Raises
        ------
        LoginWithheld
            The credentials were refused before, and it is not time yet to try them again.
        CredentialsRefused
            They are refused now.
        ConnectorError
            What else the login raises, or why it could not be tried.
        """
        ...


class OpenGate:
    """Lets every login through: for what works without a hub, such as `crosswalk doctor` and tests of a connector."""

    async def through(self, log_in: Callable[[], Awaitable[T]]) -> T:
        """Return what the login returns."""
        return await log_in()


OPEN: LoginGate = OpenGate()

DIGEST_BYTES = 4
"""Enough to tell credentials from those before them, and too little to test a guess of a secret by."""


def digest_of(*parts: str) -> str:
    """What tells these credentials from others, and tells nothing else about them."""
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=DIGEST_BYTES).hexdigest()
