"""Access tokens of the tenant: RS256 JWTs signed by a key that is made with the tenant."""

from __future__ import annotations

import hmac
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from crosswalk_sandbox.auth0.problems import Problem

ALGORITHM = "RS256"
KNOWN_TOKENS_KEPT = 1_000


class TokenIssuer:
    """Issues and checks the tokens of one tenant."""

    def __init__(self) -> None:
        self._key = RSAKey.generate_key(2048, {"use": "sig", "alg": ALGORITHM}, auto_kid=True)
        # A checked token is remembered, because checking an RSA signature on each request would cost more than the
        # request itself.
        self._known: dict[str, dict[str, Any]] = {}
        self._revoked: set[str] = set()
        # Of the tokens of that second and before, only those issued after the revocation are good.
        self._revoked_at: float | None = None
        self._spared: set[str] = set()

    def private_pem(self) -> bytes:
        """Return the signing key itself, for the tenant's certificate."""
        return self._key.as_pem(private=True)

    def jwks(self) -> dict[str, Any]:
        """Return the public key as a JSON Web Key Set."""
        return {"keys": [self._key.as_dict(private=False)]}

    def sign(self, claims: dict[str, Any], *, kind: str = "JWT") -> str:
        """Return `claims` as a signed token."""
        if self._revoked_at is not None and claims.get("iat", 0) <= self._revoked_at:
            self._spared.add(claims.get("jti", ""))
        return jwt.encode({"alg": ALGORITHM, "typ": kind, "kid": self._key.kid}, claims, self._key)

    def read(self, token: str) -> dict[str, Any] | None:
        """Return the claims of a token that this tenant signed, expired or not; None for any other text."""
        try:
            claims: dict[str, Any] = jwt.decode(token, self._key, algorithms=[ALGORITHM]).claims
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
