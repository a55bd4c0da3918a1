"""Authorization codes, and the proof of possession that comes with them (PKCE, RFC 7636)."""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from crosswalk_sandbox.salesforce.oauth.refusals import refusal
from crosswalk_sandbox.salesforce.oauth.secrecy import digest

CODE_LIFETIME = timedelta(minutes=15)
"""As the vendor documents it."""


@dataclass(frozen=True, slots=True)
class Authorization:
    """What one user has granted one app."""

    consumer_key: str
    user_id: str
    scopes: tuple[str, ...]
    nonce: str | None = None


@dataclass(slots=True)
class Code:
    """One authorization code: what it stands for, and what its exchange must show."""

    authorization: Authorization
    redirect_uri: str
    challenge: str
    issued: datetime
    is_used: bool = False


class Codes:
    """The codes of the last minutes."""

    def __init__(self) -> None:
        self._codes: dict[bytes, Code] = {}

    def __repr__(self) -> str:
        return f"Codes({len(self._codes)})"

    def clear(self) -> None:
        """Forget all of them."""
        self._codes.clear()

    def issue(self, code: Code) -> str:
        """Keep a code and return the text that stands for it."""
        forgotten = code.issued - 2 * CODE_LIFETIME
        self._codes = {key: each for key, each in self._codes.items() if each.issued > forgotten}
        text = f"aPrx{secrets.token_urlsafe(64).replace('-', '.')}=="
        self._codes[digest(text)] = code
        return text

    def take(self, text: str, consumer_key: str, now: datetime) -> Code:
        """The code that a text stands for, which is then used up.

        Raises
        ------
        TokenRefused
            For an unknown code, another app's, and one that is used or too old.
        """
        code = self._codes.get(digest(text))
        if code is None or code.authorization.consumer_key != consumer_key:
            raise refusal("invalid_code")
        if code.is_used or now - code.issued > CODE_LIFETIME:
            raise refusal("expired_code")
        code.is_used = True
        return code


def verifies(challenge: str, verifier: str) -> bool:
    """Whether a verifier is what a challenge was made from; without a challenge there must be no verifier."""
    if not challenge:
        return not verifier
    hashed = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode("utf-8", "surrogatepass")).digest())
    return hmac.compare_digest(hashed.decode().rstrip("="), challenge)
