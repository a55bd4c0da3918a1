"""What an app is told about a token (RFC 7662)."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from crosswalk_sandbox.salesforce.oauth.apps import ConnectedApp

if TYPE_CHECKING:
    from crosswalk_sandbox.salesforce.oauth.server import AuthorizationServer


def introspect(server: "AuthorizationServer", app: ConnectedApp, token: str) -> dict[str, Any]:
    """The vendor's members for a token in force, and `active: false` alone for anything else.

    A token of another app is nothing to this one, unless the app may look into all tokens.
    """
    session, family = server.sessions.find(token), server.refresh_tokens.find(token)
    issuer = server.apps.find(family.authorization.consumer_key) if family is not None else None
    found: dict[str, Any] | None = None
    if session is not None:
        found = _described(server, session.consumer_key, session.user_id, session.scopes, session.issued)
        found |= {"token_type": "access_token", "exp": int(session.expires.timestamp())}
    elif family is not None and issuer is not None and not family.has_expired(issuer, server.clock()):
        granted = family.authorization
        found = _described(server, granted.consumer_key, granted.user_id, granted.scopes, family.started)
        found["token_type"] = "refresh_token"  # noqa: S105 - a kind of token
        oldest, _ = issuer.refresh_limits()
        if oldest is not None:
            found["exp"] = int((family.started + oldest).timestamp())
    if found is None or (found["client_id"] != app.consumer_key and not app.introspect_all_tokens):
        return {"active": False}
    return found


def _described(
    server: "AuthorizationServer", consumer_key: str, user_id: str, scopes: tuple[str, ...], issued: datetime
) -> dict[str, Any]:
    row = server.users.get(user_id)
    seconds = int(issued.timestamp())
    return {
        "active": True,
        "scope": " ".join(scopes),
        "client_id": consumer_key,
        "username": row["Username"] if row is not None else "",
        "sub": server.identity_url(user_id),
        "iat": seconds,
        "nbf": seconds,
    }
