"""The HTTP side of tokens: issue, look into, revoke; who the user is; what a client can discover."""

import asyncio
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from crosswalk_sandbox.salesforce.http import JSON_TYPE, Path, org_of
from crosswalk_sandbox.salesforce.ids import to_id18
from crosswalk_sandbox.salesforce.oauth.apps import SCOPES
from crosswalk_sandbox.salesforce.oauth.clients import authenticate, credentials_of
from crosswalk_sandbox.salesforce.oauth.identity import identity, user_info
from crosswalk_sandbox.salesforce.oauth.introspection import introspect
from crosswalk_sandbox.salesforce.oauth.keys import ALGORITHM
from crosswalk_sandbox.salesforce.oauth.refusals import TokenRefused
from crosswalk_sandbox.salesforce.oauth.server import AuthorizationServer
from crosswalk_sandbox.salesforce.oauth.sessions import Session

TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 - a path
LOGOUT_PATH = "/services/auth/idp/oidc/logout"
_URLENCODED = "application/x-www-form-urlencoded"
_NOT_STORED = {"cache-control": "no-cache, no-store", "pragma": "no-cache"}
_OTHERS_SCOPES = frozenset({"api", "full"})


async def issue_token(request: Request) -> Response:
    """`POST /services/oauth2/token`."""
    server, form = server_of(request), await read_form(request)
    try:
        server.refusals.refuse_request()
        with server.refresh_tokens.at_work(form.get("refresh_token", "")):
            if server.refusals.processing_ms > 0:
                await asyncio.sleep(server.refusals.processing_ms / 1000)
            reply = server.grant(form, request.headers.get("authorization", ""))
    except TokenRefused as refused:
        return _answer(request, form, refused.body(), 400)
    return _answer(request, form, reply)


async def refuse_get(request: Request) -> Response:
    """`GET /services/oauth2/token`: credentials do not belong into addresses."""
    refused = TokenRefused("invalid_request", "must use HTTP POST")
    return _answer(request, dict(request.query_params), refused.body(), 400)


async def show_token(request: Request) -> Response:
    """`POST /services/oauth2/introspect` (RFC 7662)."""
    server, form = server_of(request), await read_form(request)
    try:
        given = credentials_of(form, request.headers.get("authorization", ""))
        app = authenticate(server.apps, given, server.instance_url, server.clock(), needs_secret=True)
    except TokenRefused as refused:
        return _json(refused.body(), 400)
    return _json(introspect(server, app, form.get("token", "")))


async def revoke_token(request: Request) -> Response:
    """`GET` or `POST /services/oauth2/revoke`; its refusals are form-encoded unless JSON is asked for."""
    server, form = server_of(request), await read_form(request)
    try:
        server.revoke(form.get("token", ""))
    except TokenRefused as refused:
        asks_for_json = "json" in request.headers.get("accept", "")
        return _json(refused.body(), 400) if asks_for_json else _urlencoded(refused.body(), 400)
    return Response(status_code=200)


async def show_user_info(request: Request) -> Response:
    """`/services/oauth2/userinfo`."""
    server = server_of(request)
    session = await _session(request)
    row = server.users.get(session.user_id) if session is not None else None
    if row is None:
        return PlainTextResponse("Bad_OAuth_Token", 403)
    return _json(user_info(server, row))


async def show_identity(request: Request) -> Response:
    """`/id/ORGANIZATION/USER`: of the token's own user, or with enough scope of any other one."""
    server = server_of(request)
    session = await _session(request)
    if session is None:
        return PlainTextResponse("Bad_OAuth_Token", 403)
    if request.path_params["organization"][:15] != server.organization_id[:15]:
        return PlainTextResponse("Wrong_Org", 403)
    row = server.users.get(to_id18(request.path_params["user"]) or "")
    if row is None:
        return PlainTextResponse("Bad_Id", 404)
    is_own = row["Id"] == session.user_id
    if not is_own and _OTHERS_SCOPES.isdisjoint(session.scopes):
        return PlainTextResponse("No_Access", 404)
    if not row["IsActive"]:
        return PlainTextResponse("Inactive", 404)
    return _json(identity(server, row, is_asserted=is_own, version=request.query_params.get("version")))


async def show_keys(request: Request) -> Response:
    """`/id/keys`."""
    return _json(server_of(request).key.jwks())


async def discover(request: Request) -> Response:
    """`/.well-known/openid-configuration`, without what is not emulated."""
    server = server_of(request)
    base = server.instance_url
    return _json(
        {
            "issuer": base,
            "authorization_endpoint": f"{base}/services/oauth2/authorize",
            "token_endpoint": f"{base}{TOKEN_PATH}",
            "revocation_endpoint": f"{base}/services/oauth2/revoke",
            "userinfo_endpoint": f"{base}/services/oauth2/userinfo",
            "jwks_uri": f"{base}/id/keys",
            "introspection_endpoint": f"{base}/services/oauth2/introspect",
            "end_session_endpoint": f"{base}{LOGOUT_PATH}",
            "scopes_supported": SCOPES,
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
            "display_values_supported": ["page", "popup", "touch"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic", "private_key_jwt"],
            "claims_supported": _CLAIMS,
        }
    )


def server_of(request: Request) -> AuthorizationServer:
    """The authorization server of the org that this application serves."""
    return org_of(request).oauth


async def read_form(request: Request) -> dict[str, str]:
    """The parameters of a request: those of its form, and those of its address."""
    form = await request.form() if request.method == "POST" else {}
    return {**request.query_params, **{name: str(value) for name, value in form.items()}}


async def _session(request: Request) -> Session | None:
    """The session of the token in the header, or in one of the two parameters that the vendor takes it from."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() not in ("bearer", "oauth"):
        form = await read_form(request)
        token = form.get("oauth_token") or form.get("access_token", "")
    return server_of(request).sessions.find(token.strip())


def _answer(request: Request, form: dict[str, str], body: dict[str, Any], status: int = 200) -> Response:
    """A token request's answer in the form that it asks for; JSON unless it says otherwise."""
    wants = form.get("format") or ("urlencoded" if request.headers.get("accept") == _URLENCODED else "json")
    return _urlencoded(body, status) if wants == "urlencoded" else _json(body, status)


def _json(body: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, _NOT_STORED, JSON_TYPE)


def _urlencoded(body: dict[str, Any], status: int) -> Response:
    return Response(urlencode(body, quote_via=quote), status, _NOT_STORED, _URLENCODED)


_CLAIMS = [
    "active",
    "address",
    "email",
    "email_verified",
    "family_name",
    "given_name",
    "is_app_installed",
    "language",
    "locale",
    "name",
    "nickname",
    "organization_id",
    "photos",
    "picture",
    "preferred_username",
    "profile",
    "sub",
    "updated_at",
    "urls",
    "user_id",
    "user_type",
    "zoneinfo",
]

PATHS = [
    Path(TOKEN_PATH, {"GET": refuse_get, "POST": issue_token}),
    Path("/services/oauth2/introspect", {"POST": show_token}),
    Path("/services/oauth2/revoke", {"GET": revoke_token, "POST": revoke_token}),
    Path("/services/oauth2/userinfo", {"GET": show_user_info, "POST": show_user_info}),
    Path("/.well-known/openid-configuration", {"GET": discover}),
    Path("/id/keys", {"GET": show_keys}),
    Path("/id/{organization}/{user}", {"GET": show_identity, "POST": show_identity}),
]
