"""Who calls the token endpoint: client authentication by secret, in the body or the header, or by none."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

from crosswalk_sandbox.auth0.clients import has_own_keys, is_public
from crosswalk_sandbox.auth0.signin.errors import OAuthError
from crosswalk_sandbox.auth0.tenant import Tenant
from crosswalk_sandbox.auth0.tokens import same_secret


def authenticated_client(tenant: Tenant, authorization: str, given: Mapping[str, str]) -> dict[str, Any]:
    """Return the application that sent a request.

    Parameters
    ----------
    authorization : str
        The request's header of that name, or an empty text.
    given : mapping
        The request's parameters, with ``client_id`` and ``client_secret`` unless the header has them.

    Raises
    ------
    OAuthError
        401 when the application is unknown or its secret is another one. An application without secret is let
        through by its id; its code needs PKCE.
    """
    client_id, secret = given.get("client_id", ""), given.get("client_secret", "")
    if authorization.lower().startswith("basic "):
        client_id, secret = basic_credentials(authorization)
    client = tenant.clients.find(client_id)
    if client is None:
        raise OAuthError(401, "access_denied", "Unauthorized")
    if is_public(client):
        return client
    if has_own_keys(client) or not same_secret(secret, client["client_secret"]):
        raise OAuthError(401, "access_denied", "Unauthorized")
    return client


def basic_credentials(authorization: str) -> tuple[str, str]:
    """Return id and secret of a Basic header, each form-encoded as RFC 6749 wants it."""
    try:
        decoded = base64.b64decode(authorization[6:].strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        raise OAuthError(401, "access_denied", "Unauthorized") from None
    client_id, _, secret = decoded.partition(":")
    return unquote_plus(client_id), unquote_plus(secret)
