"""The token endpoint and its neighbours: revocation, userinfo, sign-up by API, public key, discovery."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from crosswalk_sandbox.auth0.actions.pending import Pending, settle
from crosswalk_sandbox.auth0.actions.registration import RegistrationDenied, registering
from crosswalk_sandbox.auth0.clients import is_public
from crosswalk_sandbox.auth0.mails import mail_new_user
from crosswalk_sandbox.auth0.origin import Origin
from crosswalk_sandbox.auth0.problems import Problem
from crosswalk_sandbox.auth0.routes.exchange import answer
from crosswalk_sandbox.auth0.signin.applications import authenticated_client
from crosswalk_sandbox.auth0.signin.claims import person_claims
from crosswalk_sandbox.auth0.signin.discovery import configuration
from crosswalk_sandbox.auth0.signin.errors import OAuthError
from crosswalk_sandbox.auth0.signin.exchange import (
    Body,
    Grant,
    exchange_client_credentials,
    exchange_code,
    exchange_refresh_token,
    revoke,
)
from crosswalk_sandbox.auth0.signin.password_grants import exchange_otp, exchange_password
from crosswalk_sandbox.auth0.signin.records import log_application
from crosswalk_sandbox.auth0.tenant import Tenant

GRANTS: dict[str, Grant] = {
    "authorization_code": exchange_code,
    "client_credentials": exchange_client_credentials,
    "password": exchange_password,
    "refresh_token": exchange_refresh_token,
    "http://auth0.com/oauth/grant-type/mfa-otp": exchange_otp,
    "http://auth0.com/oauth/grant-type/password-realm": exchange_password,
}
# Where a failed client authentication is logged, by grant.
FAILURES = {
    "authorization_code": "feacft",
    "client_credentials": "feccft",
    "refresh_token": "fertft",
}
# What people may tell when they sign up; the rest is left out, so that nobody calls an address verified.
SIGN_UP_PROPERTIES = frozenset(
    {
        "connection",
        "email",
        "family_name",
        "given_name",
        "name",
        "nickname",
        "password",
        "phone_number",
        "picture",
        "user_metadata",
        "username",
    }
)
NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}


def oauth_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes of the authorization server that applications call."""
    routes = AuthorizationServer(tenant)
    return [
        Route("/oauth/token", routes.token, methods=["POST"]),
        Route("/oauth/revoke", routes.revoke, methods=["POST"]),
        Route("/userinfo", routes.userinfo, methods=["GET", "POST"]),
        Route("/dbconnections/signup", routes.sign_up, methods=["POST"]),
        Route("/.well-known/jwks.json", routes.jwks),
        Route("/.well-known/openid-configuration", routes.configuration),
    ]


class AuthorizationServer:
    """The operations that applications call."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def token(self, request: Request) -> Response:
        """Exchange one of the grants for tokens."""
        try:
            given = await read_parameters(request)
            return answer_fresh(await settle(self._tenant, lambda: self._granted(request, given)))
        except OAuthError as error:
            return refused(error)
        except Problem as problem:
            # The API that the token was for is gone since the login.
            return refused(OAuthError(403, "access_denied", problem.message))

    def _granted(self, request: Request, given: dict[str, str]) -> Body | Pending[Body]:
        wanted = given.get("grant_type", "")
        if not wanted:
            raise OAuthError(403, "invalid_request", "Missing required parameter: grant_type")
        grant = GRANTS.get(wanted)
        if grant is None:
            raise OAuthError(403, "unsupported_grant_type", f"Unsupported grant type: {wanted}")
        try:
            client = authenticated_client(self._tenant, request.headers.get("authorization", ""), given)
            if wanted not in client["grant_types"]:
                found = f"Grant type '{wanted}' not allowed for the client."
                raise OAuthError(403, "unauthorized_client", found)
            if is_public(client):
                self._check_public(wanted, given)
        except OAuthError as error:
            origin = caller(request, self._tenant, given.get("client_id", ""))
            log_application(self._tenant, FAILURES.get(wanted, "fepft"), origin, error.description)
            raise
        return grant(self._tenant, client, given, caller(request, self._tenant, client["client_id"]))

    def _check_public(self, grant_type: str, given: Mapping[str, str]) -> None:
        # Without a secret, only what the caller must hold besides the client id can prove who it is.
        code = self._tenant.signin.codes.find(given.get("code", ""))
        unproven_code = grant_type == "authorization_code" and code is not None and not code.code_challenge
        if grant_type == "client_credentials" or unproven_code:
            raise OAuthError(401, "access_denied", "Unauthorized")

    async def revoke(self, request: Request) -> Response:
        """Revoke a refresh token."""
        try:
            given = await read_parameters(request)
            with self._tenant.lock:
                client = authenticated_client(self._tenant, request.headers.get("authorization", ""), given)
                revoke(self._tenant, client, given, caller(request, self._tenant, client["client_id"]))
        except OAuthError as error:
            return refused(error)
        return Response(status_code=200)

    async def userinfo(self, request: Request) -> Response:
        """Return what the token's application may know of its user."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            token = ""
        with self._tenant.lock:
            claims = self._userinfo_claims(token)
        if claims is None:
            return PlainTextResponse("Unauthorized", 401, {"www-authenticate": 'Bearer error="invalid_token"'})
        return answer_fresh(claims)

    def _userinfo_claims(self, token: str) -> dict[str, Any] | None:
        now = self._tenant.clock()
        opaque = self._tenant.signin.opaque_tokens.get(token)
        if opaque is not None:
            user_id, scopes = opaque.authorization.user_id, opaque.authorization.scopes
            alive = opaque.expires > now and "openid" in scopes
            custom = opaque.authorization.id_claims
        else:
            read = self._tenant.tokens.read(token) if token else None
            # Such a token names its API first and this endpoint second; a single audience is never this endpoint.
            audiences = read["aud"] if read is not None and isinstance(read["aud"], list) else []
            if read is None or self._tenant.userinfo_audience() not in audiences:
                return None
            user_id, scopes = read["sub"], tuple(read["scope"].split())
            alive = read["exp"] > now.timestamp()
            custom = self._tenant.signin.userinfo_claims.get(read["jti"], {})
        try:
            document = self._tenant.users.get(user_id)
        except Problem:
            return None
        return {**custom, "sub": user_id, **person_claims(document, scopes)} if alive else None

    async def sign_up(self, request: Request) -> Response:
        """Create a user of the database connection, as applications with their own sign-up form do."""
        try:
            body: Any = msgspec.json.decode(await request.body())
        except msgspec.DecodeError:
            body = None
        client_id = body.pop("client_id", None) if isinstance(body, dict) else None
        if not isinstance(client_id, str) or self._tenant.clients.find(client_id) is None:
            return answer({"error": "invalid_request", "error_description": "Unknown client"}, 400)
        origin = caller(request, self._tenant, client_id)
        try:
            body = self._sign_up_body(body, client_id)
            document = await settle(self._tenant, lambda: self._registered(body, origin))
            mail_new_user(self._tenant, document, body, client_id)
        except RegistrationDenied as denied:
            return answer(extensibility_error(denied), 400)
        except Problem as problem:
            log_application(self._tenant, "fs", origin, problem.message)
            return answer(signup_refusal(problem), 400)
        shown = {name: document[name] for name in ("email", "email_verified", "user_metadata") if name in document}
        return answer({"_id": document["user_id"].partition("|")[2], **shown})

    def _sign_up_body(self, body: dict[str, Any], client_id: str) -> dict[str, Any]:
        """Return what anybody may say of themselves, for a database that lets people sign up."""
        connection = self._tenant.connections.named(str(body.get("connection", "")))
        if connection is None or not connection.takes_sign_ups(client_id):
            raise Problem(400, "The connection does not exist, or takes no sign-ups", "inexistent_connection")
        return {name: value for name, value in body.items() if name in SIGN_UP_PROPERTIES}

    def _registered(self, body: Any, origin: Origin) -> Body | Pending[Body]:
        return registering(self._tenant, body, origin, lambda wanted: self._tenant.register(wanted, origin))

    async def jwks(self, request: Request) -> Response:
        """Return the public key that checks the tenant's tokens."""
        return answer(self._tenant.tokens.jwks())

    async def configuration(self, request: Request) -> Response:
        """Return the discovery document."""
        return answer(configuration(self._tenant.domain, list(GRANTS)))


def signup_refusal(problem: Problem) -> dict[str, Any]:
    """Return the vendor's answer to a sign-up that fails, which tells nobody whether the address is taken."""
    if problem.message.startswith("PasswordStrengthError"):
        return {
            "name": "PasswordStrengthError",
            "message": "Password is too weak",
            "code": "invalid_password",
            "description": "Password is too weak",
            "statusCode": 400,
        }
    return {"name": "BadRequestError", "code": "invalid_signup", "description": "Invalid sign up", "statusCode": 400}


def extensibility_error(denied: RegistrationDenied) -> dict[str, Any]:
    """Return the vendor's answer to a sign-up that an Action refuses."""
    body = {
        "name": "InternalExtensibilityError",
        "statusCode": 400,
        "code": "extensibility_error",
        "message": denied.reason,
        "description": denied.reason,
        "fromSandbox": True,
    }
    return {**body, "friendly_message": denied.user_message} if denied.user_message else body


async def read_parameters(request: Request) -> dict[str, str]:
    """Return the parameters of a request, JSON or form.

    Raises
    ------
    OAuthError
        400 when they cannot be read.
    """
    unreadable = OAuthError(400, "invalid_request", "The body must be JSON or form encoded.")
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            body: Any = msgspec.json.decode(await request.body())
        except msgspec.DecodeError:
            raise unreadable from None
        if not isinstance(body, dict):
            raise unreadable
        return {key: value for key, value in body.items() if isinstance(value, str)}
    form = await request.form()
    return {key: value for key, value in form.items() if isinstance(value, str)}


def answer_fresh(payload: dict[str, Any]) -> Response:
    """Return an answer that nobody may keep."""
    response = answer(payload)
    response.headers.update(NO_STORE)
    return response


def refused(error: OAuthError) -> Response:
    """Return a refusal, whose shape differs from the Management API's."""
    response = answer(error.body(), error.status)
    response.headers.update(NO_STORE)
    return response


def caller(request: Request, tenant: Tenant, client_id: str) -> Origin:
    """Return who sent a request on behalf of an application."""
    return Origin(
        client_id=client_id,
        client_name=tenant.clients.name_of(client_id),
        ip=request.client.host if request.client else "",
        user_agent=request.headers.get("user-agent", ""),
        hostname=tenant.domain,
        language=request.headers.get("accept-language", "").partition(",")[0].partition(";")[0].strip(),
    )
