"""The token endpoint, the tenant's public key, and its discovery document."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from crosswalk_sandbox.auth0.origin import Origin
from crosswalk_sandbox.auth0.routes.exchange import answer
from crosswalk_sandbox.auth0.tenant import Tenant
from crosswalk_sandbox.auth0.tokens import ALGORITHM, same_secret


def oauth_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes of the authorization server."""
    routes = AuthorizationServer(tenant)
    return [
        Route("/oauth/token", routes.token, methods=["POST"]),
        Route("/.well-known/jwks.json", routes.jwks),
        Route("/.well-known/openid-configuration", routes.configuration),
    ]


class AuthorizationServer:
    """The operations of the authorization server."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def token(self, request: Request) -> Response:
        """Exchange client credentials for an access token."""
        body = await read_token_request(request)
        if body is None:
            return oauth_error(400, "invalid_request", "The body must be JSON or form encoded.")
        if body.get("grant_type") != "client_credentials":
            return oauth_error(403, "unsupported_grant_type", f"Unsupported grant type: {body.get('grant_type')}")
        known_client = body.get("client_id", "") == self._tenant.client_id
        if not known_client or not same_secret(body.get("client_secret", ""), self._tenant.client_secret):
            return oauth_error(401, "access_denied", "Unauthorized")
        audience = body.get("audience", "")
        if audience != f"https://{self._tenant.domain}/api/v2/":
            found = (
                f"Service not enabled within domain: {audience}" if audience else "Missing required parameter: audience"
            )
            return oauth_error(403, "access_denied", found)
        self._tenant.record_token(caller(request, self._tenant))
        return answer(
            self._tenant.tokens.issue(
                domain=self._tenant.domain, client_id=self._tenant.client_id, now=self._tenant.clock()
            )
        )

    async def jwks(self, request: Request) -> Response:
        """Return the public key that checks the tenant's tokens."""
        return answer(self._tenant.tokens.jwks())

    async def configuration(self, request: Request) -> Response:
        """Return the discovery document."""
        base = f"https://{self._tenant.domain}/"
        return answer(
            {
                "issuer": base,
                "token_endpoint": f"{base}oauth/token",
                "jwks_uri": f"{base}.well-known/jwks.json",
                "grant_types_supported": ["client_credentials"],
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
                "id_token_signing_alg_values_supported": [ALGORITHM],
            }
        )


async def read_token_request(request: Request) -> dict[str, str] | None:
    """Return the parameters of a token request, JSON or form, or None when they cannot be read."""
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            body: Any = msgspec.json.decode(await request.body())
        except msgspec.DecodeError:
            return None
        if not isinstance(body, dict):
            return None
        return {key: value for key, value in body.items() if isinstance(value, str)}
    form = await request.form()
    return {key: value for key, value in form.items() if isinstance(value, str)}


def oauth_error(status: int, error: str, description: str) -> Response:
    """Return an error of the authorization server, whose shape differs from the Management API's."""
    return answer({"error": error, "error_description": description}, status)


def caller(request: Request, tenant: Tenant) -> Origin:
    """Return who asks for a token."""
    return Origin(
        client_id=tenant.client_id,
        client_name="Machine to machine",
        ip=request.client.host if request.client else "",
        user_agent=request.headers.get("user-agent", ""),
        hostname=tenant.domain,
    )
