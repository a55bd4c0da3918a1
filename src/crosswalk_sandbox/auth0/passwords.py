"""The passwords of the tenant's users, kept only as keyed hashes."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable

DIGEST_BYTES = 16


class Passwords:
    """Who has which password. Nothing that leaves it tells one.

    The hash is a fast one on purpose: nobody's real password is here, and a slow hash would make filling a tenant with
    a million users take hours.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._digests: dict[str, bytes] = {}
        self._shared = b""
        self._adopted: dict[str, Callable[[str], bool]] = {}

    def __repr__(self) -> str:
        return f"Passwords({len(self._digests)} users)"

    def remember(self, user_id: str, password: str) -> None:
        """Take `password` as the one of the user, in place of an earlier one."""
        self._digests[user_id] = self._digest(user_id, password)
        self._adopted.pop(user_id, None)

    def adopt(self, user_id: str, check: Callable[[str], bool]) -> None:
        """Let `check` decide about the user's password, a hash from elsewhere, until it matches the first time."""
        self._adopted[user_id] = check

    def share(self, user_id: str, password: str) -> None:
        """Give the user the one password that very many loaded users have, which takes no room of its own."""
        if self._shared == b"":
            self._shared = self._digest("", password)
        self._digests[user_id] = self._shared

    def matches(self, user_id: str, password: str) -> bool:
        """Tell whether `password` is the user's, in a time that does not depend on how far they agree."""
        check = self._adopted.get(user_id)
        if check is not None:
            if check(password):
                self.remember(user_id, password)
                return True
            return False
        known = self._digests.get(user_id, b"")
        is_shared = known is self._shared
        return hmac.compare_digest(known, self._digest("" if is_shared else user_id, password))

    def forget(self, user_id: str) -> None:
        """Drop the password of a user that is gone."""
        self._digests.pop(user_id, None)
        self._adopted.pop(user_id, None)

    def _digest(self, user_id: str, password: str) -> bytes:
        content = f"{user_id}\0{password}".encode()
        return hashlib.blake2b(content, key=self._key, digest_size=DIGEST_BYTES).digest()
