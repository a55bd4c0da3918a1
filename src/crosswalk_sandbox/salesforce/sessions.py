"""Access tokens: who may have one, and how long it is good for."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from crosswalk_sandbox.salesforce.ids import make_id

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LOGIN_HOSTS = ("https://login.salesforce.com", "https://test.salesforce.com")
TOKEN_LIFETIME = timedelta(hours=2)
_LONGEST_ASSERTION = timedelta(minutes=5)
_ORG_ID = make_id("00D", 1)
_USER_ID = make_id("005", 1)
_SCOPE = "api"


class TokenRefused(Exception):
    """A token request that is answered with `{"error", "error_description"}`.

    Parameters
    ----------
    error
        OAuth error code.
    description
        The vendor's wording.
    """

    def __init__(self, error: str, description: str) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description


class Sessions:
    """The org's connected app, its user, and the access tokens in force.

    Parameters
    ----------
    client_id, client_secret
        The connected app's consumer key and secret.
    username
        The user that the app was approved for.
    certificate_pem
        X.509 certificate (or public key) that assertions are checked with; JWT bearer is refused without one.
    clock
        Current time in UTC.
    """

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: str,
        username: str,
        certificate_pem: str | None,
        clock: Callable[[], datetime],
    ) -> None:
        self.client_id = client_id
        self.username = username
        self.lifetime = TOKEN_LIFETIME
        self._client_secret = client_secret
        self._key = RSAKey.import_key(certificate_pem) if certificate_pem else None
        self._clock = clock
        self._expiry: dict[str, datetime] = {}

    def is_valid(self, token: str) -> bool:
        """Whether the token opens the API now."""
        expiry = self._expiry.get(token)
        return expiry is not None and self._clock() < expiry

    def end(self, token: str) -> None:
        """End one session; a token that is none is no error."""
        self._expiry.pop(token, None)

    def revoke_all(self) -> None:
        """End every session."""
        self._expiry.clear()

    def grant(self, form: Mapping[str, str], basic: tuple[str, str] | None, instance_url: str) -> dict[str, Any]:
        """Answer a token request.

        Parameters
        ----------
        form
            The form fields of the request.
        basic
            User and password of the `Authorization: Basic` header, if any.
        instance_url
            The org's own address.

        Raises
        ------
        TokenRefused
            With the vendor's error and description.
        """
        grant_type = form.get("grant_type", "")
        if grant_type == "client_credentials":
            self._check_client(form, basic)
            return self._issue(instance_url, signed=True)
        if grant_type == JWT_BEARER:
            self._check_assertion(form.get("assertion", ""), instance_url)
            return self._issue(instance_url, signed=False)
        raise TokenRefused("unsupported_grant_type", "grant type not supported")

    def _check_client(self, form: Mapping[str, str], basic: tuple[str, str] | None) -> None:
        client_id, client_secret = basic or (form.get("client_id", ""), form.get("client_secret", ""))
        if client_id != self.client_id:
            raise TokenRefused("invalid_client_id", "client identifier invalid")
        if not hmac.compare_digest(client_secret.encode(), self._client_secret.encode()):
            raise TokenRefused("invalid_client", "invalid client credentials")

    def _check_assertion(self, assertion: str, instance_url: str) -> None:
        if self._key is None:
            raise TokenRefused("invalid_grant", "invalid assertion")
        try:
            claims = jwt.decode(assertion, self._key, algorithms=["RS256"]).claims
        except (JoseError, ValueError):
            raise TokenRefused("invalid_grant", "invalid assertion") from None
        if claims.get("iss") != self.client_id:
            raise TokenRefused("invalid_client_id", "client identifier invalid")
        audience = claims.get("aud")
        accepted = (*_LOGIN_HOSTS, instance_url)
        if not any(entry in accepted for entry in (audience if isinstance(audience, list) else [audience])):
            raise TokenRefused("invalid_grant", "audience is invalid")
        self._check_expiry(claims.get("exp"))
        if claims.get("sub", claims.get("prn")) != self.username:
            raise TokenRefused("invalid_grant", "user hasn't approved this consumer")

    def _check_expiry(self, exp: Any) -> None:
        """`exp` is in epoch seconds; clients send it as a number or as text, and the vendor takes both."""
        try:
            remaining = timedelta(seconds=float(exp) - self._clock().timestamp())
        except (TypeError, ValueError):
            raise TokenRefused("invalid_grant", "invalid assertion") from None
        if remaining <= timedelta(0):
            raise TokenRefused("invalid_grant", "expired authorization code")
        if remaining > _LONGEST_ASSERTION:
            raise TokenRefused("invalid_grant", "invalid assertion")

    def _issue(self, instance_url: str, *, signed: bool) -> dict[str, Any]:
        now = self._clock()
        token = f"{_ORG_ID[:15]}!AQ{secrets.token_urlsafe(72).replace('-', '.')}"
        self._expiry[token] = now + self.lifetime
        identity = f"{instance_url}/id/{_ORG_ID}/{_USER_ID}"
        reply = {
            "access_token": token,
            "scope": _SCOPE,
            "instance_url": instance_url,
            "id": identity,
            "token_type": "Bearer",
        }
        if signed:
            # Only the flows with a client secret can sign; the JWT bearer reply has neither field.
            issued_at = str(int(now.timestamp() * 1000))
            digest = hmac.new(self._client_secret.encode(), f"{identity}{issued_at}".encode(), hashlib.sha256).digest()
            reply |= {"issued_at": issued_at, "signature": base64.b64encode(digest).decode()}
        return reply
