"""The org's signing key, for id tokens and for access tokens that are JSON Web Tokens."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from joserfc import jws, jwt
from joserfc.jwk import RSAKey

ALGORITHM = "RS256"
# Besides the standard ones, the vendor's headers tell the tenant (tnk), the kind of token (tty) and a version (ver).
_HEADERS = jws.JWSRegistry(strict_check_header=False)


class SigningKey:
    """One RSA key pair, made when it is first needed, since most orgs of a test never sign.

    Parameters
    ----------
    organization_id
        The org's 18-character id.
    """

    def __init__(self, organization_id: str) -> None:
        self._organization_id = organization_id

    def jwks(self) -> dict[str, Any]:
        """The public half as a JSON Web Key Set."""
        return {"keys": [self._key.as_dict(private=False)]}

    def sign(self, claims: Mapping[str, Any], header: Mapping[str, Any] | None = None) -> str:
        """A signed token; the header's other members are set here."""
        full = {"alg": ALGORITHM, "typ": "JWT", "kid": self._key.kid, **(header or {})}
        return jwt.encode(full, dict(claims), self._key, registry=_HEADERS)

    @cached_property
    def _key(self) -> RSAKey:
        kid = f"CORE_ATJWT.{self._organization_id[:15]}.1"
        return RSAKey.generate_key(2048, {"use": "sig", "alg": ALGORITHM, "kid": kid})
