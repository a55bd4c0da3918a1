"""What a granted token request is answered: tokens, where to use them, and the vendor's signature."""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from crosswalk_sandbox.salesforce.oauth.apps import ConnectedApp
from crosswalk_sandbox.salesforce.oauth.codes import Authorization
from crosswalk_sandbox.salesforce.oauth.refresh_tokens import Family
from crosswalk_sandbox.salesforce.oauth.sessions import Session

if TYPE_CHECKING:
    from crosswalk_sandbox.salesforce.oauth.server import AuthorizationServer

JWT_LIFETIME = timedelta(minutes=30)
"""The vendor's default for access tokens that are JSON Web Tokens."""
_ID_TOKEN_LIFETIME = timedelta(minutes=2)
_CLOCK_LEEWAY = timedelta(seconds=15)


def token_reply(
    server: "AuthorizationServer",
    app: ConnectedApp,
    authorization: Authorization,
    *,
    family: Family | None = None,
    refresh_token: str | None = None,
) -> dict[str, Any]:
    """Start a session and tell about it; what a flow does not tell, `grants` takes out.

    Raises
    ------
    TokenRefused
        When the user has logged in too often.
    """
    server.login_rate.spend(authorization.user_id)
    now = server.clock()
    user_id, scopes = authorization.user_id, authorization.scopes
    lifetime = server.sessions.lifetime
    if app.token_lifetime_s is not None:
        lifetime = timedelta(seconds=app.token_lifetime_s)
    elif app.jwt_tokens:
        lifetime = min(lifetime, JWT_LIFETIME)
    session = Session(user_id, app.consumer_key, scopes, now, now + lifetime, family)
    access_token = server.sessions.start(session, _jwt(server, session) if app.jwt_tokens else None)
    identity = server.identity_url(user_id)
    issued_at = str(int(now.timestamp() * 1000))
    reply = {
        "access_token": access_token,
        "refresh_token": refresh_token,
        "signature": _signature(identity, issued_at, app.consumer_secret),
        "scope": " ".join(scopes),
        "id_token": _id_token(server, authorization, access_token, now) if "openid" in scopes else None,
        "instance_url": server.instance_url,
        "id": identity,
        "token_type": "Bearer",
        "issued_at": issued_at,
        "token_format": "jwt" if app.jwt_tokens else None,
    }
    return {name: value for name, value in reply.items() if value is not None}


def _signature(identity: str, issued_at: str, secret: str) -> str:
    digest = hmac.new(secret.encode(), f"{identity}{issued_at}".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def _jwt(server: "AuthorizationServer", session: Session) -> str:
    """An access token in the form of the vendor's JSON Web Tokens; `sfi` makes each of them unique."""
    header = {"tnk": f"core/sandbox/{server.organization_id}", "ver": "1.0", "tty": "sfdc-core-token"}
    claims = {
        "scp": " ".join(session.scopes),
        "aud": [server.instance_url],
        "sub": f"uid:{session.user_id}",
        "nbf": int((session.issued - _CLOCK_LEEWAY).timestamp()),
        "mty": "oauth",
        "sfi": secrets.token_hex(32),
        "roles": [],
        "iss": server.instance_url,
        "hsc": False,
        "exp": int(session.expires.timestamp()),
        "iat": int(session.issued.timestamp()),
        "client_id": session.consumer_key,
    }
    return server.key.sign(claims, header)


def _id_token(server: "AuthorizationServer", authorization: Authorization, access_token: str, now: datetime) -> str:
    half = hashlib.sha256(access_token.encode()).digest()[:16]
    claims = {
        "at_hash": base64.urlsafe_b64encode(half).decode().rstrip("="),
        "sub": server.identity_url(authorization.user_id),
        "aud": authorization.consumer_key,
        "iss": server.instance_url,
        "exp": int((now + _ID_TOKEN_LIFETIME).timestamp()),
        "iat": int(now.timestamp()),
    }
    if authorization.nonce is not None:
        claims["nonce"] = authorization.nonce
    return server.key.sign(claims)
