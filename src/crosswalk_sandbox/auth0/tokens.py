"""Access tokens of the tenant: RS256 JWTs signed by its current key."""

from __future__ import annotations

import hmac
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from crosswalk_sandbox.auth0.problems import Problem
from crosswalk_sandbox.auth0.signing_keys import ALGORITHM, SigningKey

KNOWN_TOKENS_KEPT = 1_000


class TokenIssuer:
    """Issues and checks the tokens of one tenant, by a current key that can be exchanged for the next one.

    Parameters
    ----------
    common_name : str
        Whom the keys' certificates name.
    """

    def __init__(self, common_name: str) -> None:
        self._common_name = common_name
        self.current = SigningKey(common_name)
        # Made when somebody asks for it: a key costs more than all else that a tenant needs to start.
        self._following: SigningKey | None = None
        self._previous: list[SigningKey] = []
        # A checked token is remembered, because checking an RSA signature on each request would cost more than the
        # request itself.
        self._known: dict[str, dict[str, Any]] = {}
        self._revoked: set[str] = set()
        # Of the tokens of that second and before, only those issued after the revocation are good.
        self._revoked_at: float | None = None
        self._spared: set[str] = set()

    def all_keys(self) -> list[SigningKey]:
        """Return all keys: the current one, the next one, and those before, the newest first."""
        return [self.current, self.following(), *self._previous]

    def following(self) -> SigningKey:
        """Return the key that will be the next one."""
        if self._following is None:
            self._following = SigningKey(self._common_name)
        return self._following

    def role_of(self, key: SigningKey) -> str:
        """Return ``current``, ``next`` or ``previous``."""
        if key is self.current:
            return "current"
        return "next" if key is self._following else "previous"

    def rotate(self, now: datetime) -> SigningKey:
        """Sign with the next key from now on, and return the one after it; tokens of the former key stay good."""
        self.current.until = now
        self._previous.insert(0, self.current)
        self.current, self._following = self.following(), None
        self.current.since = now
        return self.following()

    def revoke_key(self, key: SigningKey, now: datetime) -> None:
        """Let no token be good any more that a previous key has signed."""
        key.revoked_at = now
        self._known.clear()

    def jwks(self) -> dict[str, Any]:
        """Return the public keys of all tokens that are good, and of those that come next, as a JSON Web Key Set."""
        return {"keys": [key.key.as_dict(private=False) for key in self._good()]}

    def _good(self) -> list[SigningKey]:
        known = [self.current, self._following, *self._previous]
        return [key for key in known if key is not None and key.revoked_at is None]

    def sign(self, claims: dict[str, Any], *, kind: str = "JWT") -> str:
        """Return `claims` as a signed token."""
        if self._revoked_at is not None and claims.get("iat", 0) <= self._revoked_at:
            self._spared.add(claims.get("jti", ""))
        return jwt.encode({"alg": ALGORITHM, "typ": kind, "kid": self.current.kid}, claims, self.current.key)

    def read(self, token: str) -> dict[str, Any] | None:
        """Return the claims of a token that this tenant signed, expired or not; None for any other text."""
        try:
            keys = KeySet([key.key for key in self._good()])
            claims: dict[str, Any] = jwt.decode(token, keys, algorithms=[ALGORITHM]).claims
        except (JoseError, ValueError):
            return None
        return claims

    def check(self, authorization: str | None, *, domain: str, now: datetime) -> dict[str, Any]:
        """Return the claims of a bearer token.

        Raises
        ------
        Problem
            401 in the vendor's words: missing, malformed, badly signed, for another audience, or expired.
        """
        if not authorization:
            raise Problem(401, "Missing authentication")
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Problem(401, "Bad HTTP authentication header format", "Bearer")
        claims = self._known.get(token) or self._verified(token)
        audience = claims.get("aud")
        if f"https://{domain}/api/v2/" != audience:
            raise Problem(401, f"Bad audience: {audience}", "invalid_token")
        if claims["exp"] <= now.timestamp() or self._is_revoked(token, claims):
            raise Problem(401, "Expired token received for JSON Web Token validation", "invalid_token")
        return claims

    def revoke(self, token: str) -> None:
        """Make one token look expired to the Management API."""
        self._revoked.add(token)

    def revoke_all(self, now: datetime) -> None:
        """Make every token issued so far look expired to the Management API."""
        self._revoked_at = now.timestamp()
        self._spared.clear()

    def _is_revoked(self, token: str, claims: dict[str, Any]) -> bool:
        if token in self._revoked:
            return True
        at = self._revoked_at
        return at is not None and claims.get("iat", 0) <= at and claims.get("jti", "") not in self._spared

    def _verified(self, token: str) -> dict[str, Any]:
        claims = self.read(token)
        if claims is None:
            raise Problem(401, "Invalid token", "invalid_token")
        if len(self._known) >= KNOWN_TOKENS_KEPT:
            self._known.clear()
        self._known[token] = claims
        return claims


def same_secret(given: str, expected: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(given.encode(), expected.encode())
