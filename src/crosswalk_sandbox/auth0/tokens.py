"""Access tokens of the tenant: RS256 JWTs signed by a key that is made with the tenant."""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from crosswalk_sandbox.auth0.problems import Problem

LIFETIME_SECONDS = 86_400
ALGORITHM = "RS256"
SCOPES = (
    "read:users create:users update:users delete:users read:logs read:logs_users read:log_streams create:log_streams "
    "update:log_streams delete:log_streams read:event_streams create:event_streams update:event_streams "
    "delete:event_streams read:event_deliveries update:event_deliveries read:events"
)
KNOWN_TOKENS_KEPT = 1_000


class TokenIssuer:
    """Issues and checks the tokens of one tenant."""

    def __init__(self) -> None:
        self._key = RSAKey.generate_key(2048, {"use": "sig", "alg": ALGORITHM}, auto_kid=True)
        # A checked token is remembered, because checking an RSA signature on each request would cost more than the
        # request itself.
        self._known: dict[str, dict[str, Any]] = {}

    def jwks(self) -> dict[str, Any]:
        """Return the public key as a JSON Web Key Set."""
        return {"keys": [self._key.as_dict(private=False)]}

    def issue(self, *, domain: str, client_id: str, now: datetime) -> dict[str, Any]:
        """Return the answer of the token endpoint to a valid client-credentials request."""
        issued_at = int(now.timestamp())
        claims = {
            "iss": f"https://{domain}/",
            "sub": f"{client_id}@clients",
            "aud": f"https://{domain}/api/v2/",
            "iat": issued_at,
            "exp": issued_at + LIFETIME_SECONDS,
            "scope": SCOPES,
            "gty": "client-credentials",
            "azp": client_id,
            "jti": secrets.token_urlsafe(16),
        }
        token = jwt.encode({"alg": ALGORITHM, "typ": "JWT", "kid": self._key.kid}, claims, self._key)
        return {"access_token": token, "scope": SCOPES, "expires_in": LIFETIME_SECONDS, "token_type": "Bearer"}

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
        if f"https://{domain}/api/v2/" != claims["aud"]:
            raise Problem(401, f"Bad audience: {claims['aud']}", "invalid_token")
        if claims["exp"] <= now.timestamp():
            raise Problem(401, "Expired token received for JSON Web Token validation", "invalid_token")
        return claims

    def _verified(self, token: str) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(token, self._key, algorithms=[ALGORITHM]).claims
        except (JoseError, ValueError):
            raise Problem(401, "Invalid token", "invalid_token") from None
        if len(self._known) >= KNOWN_TOKENS_KEPT:
            self._known.clear()
        self._known[token] = claims
        return claims


def same_secret(given: str, expected: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(given.encode(), expected.encode())
