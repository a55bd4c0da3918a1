"""Signed assertions: those that stand for a user (JWT bearer, RFC 7523), and those that an app authenticates with."""

import base64
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError

from crosswalk_sandbox.salesforce.oauth.apps import ConnectedApp
from crosswalk_sandbox.salesforce.oauth.refusals import refusal

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
CLIENT_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LOGIN_HOSTS = ("https://login.salesforce.com", "https://test.salesforce.com")
_LONGEST_ASSERTION = timedelta(minutes=5)


def read_assertion(
    assertion: str,
    find_app: Callable[[str], ConnectedApp | None],
    audiences: Collection[str],
    now: datetime,
) -> tuple[ConnectedApp, str]:
    """The app that signed an assertion, and the user name or app that it speaks for.

    Parameters
    ----------
    assertion
        The signed text.
    find_app
        The app with a consumer key.
    audiences
        Who the assertion may be meant for, besides the vendor's login hosts.
    now
        Current time in UTC.

    Raises
    ------
    TokenRefused
        In the order in which the vendor looks: form, app, signature, audience, time.
    """
    claims = _unverified_claims(assertion)
    app = find_app(str(claims.get("iss")))
    if app is None:
        raise refusal("unknown_client")
    key = app.certificate_key()
    try:
        if key is None:
            raise refusal("invalid_assertion")
        claims = jwt.decode(assertion, key, algorithms=["RS256"]).claims
    except (JoseError, ValueError):
        raise refusal("invalid_assertion") from None
    audience = claims.get("aud")
    accepted = (*_LOGIN_HOSTS, *audiences)
    if not any(entry in accepted for entry in (audience if isinstance(audience, list) else [audience])):
        raise refusal("audience")
    _check_expiry(claims.get("exp"), now)
    # The vendor lets the older claim win where there are both.
    return app, str(claims.get("prn", claims.get("sub", "")))


def _unverified_claims(assertion: str) -> dict[str, Any]:
    """The claims as they are written, only to learn whose key to check them with."""
    try:
        payload = assertion.split(".")[1]
        return msgspec.json.decode(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)), type=dict[str, Any])
    except (IndexError, ValueError):
        raise refusal("invalid_assertion") from None


def _check_expiry(exp: Any, now: datetime) -> None:
    """`exp` is in epoch seconds; clients send it as a number or as text, and the vendor takes both."""
    try:
        remaining = timedelta(seconds=float(exp) - now.timestamp())
    except (TypeError, ValueError, OverflowError):
        raise refusal("invalid_assertion") from None
    if remaining <= timedelta(0):
        raise refusal("expired_assertion")
    if remaining > _LONGEST_ASSERTION:
        raise refusal("invalid_assertion")
