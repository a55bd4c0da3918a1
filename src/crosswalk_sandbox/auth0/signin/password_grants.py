"""The grants of the token endpoint that take a person's password or one-time password: for tests and old clients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from crosswalk_sandbox.auth0.actions.event_objects import Asked, LoginMoment
from crosswalk_sandbox.auth0.actions.exchange import after_login_actions
from crosswalk_sandbox.auth0.actions.pending import Pending
from crosswalk_sandbox.auth0.actions.runs import Effects
from crosswalk_sandbox.auth0.origin import Origin
from crosswalk_sandbox.auth0.signin.authorizations import Authorization
from crosswalk_sandbox.auth0.signin.claims import OFFLINE_ACCESS, granted_scopes, token_answer
from crosswalk_sandbox.auth0.signin.credentials import WrongCredentials, check_credentials
from crosswalk_sandbox.auth0.signin.errors import OAuthError
from crosswalk_sandbox.auth0.signin.exchange import Body, without_secrets
from crosswalk_sandbox.auth0.signin.records import log_application, log_user_id, record_login
from crosswalk_sandbox.auth0.tenant import Tenant
from crosswalk_sandbox.auth0.user_documents import DATABASE_CONNECTION

MFA_TOKEN_LIFETIME = timedelta(minutes=10)
STATUSES = {"invalid_grant": 403, "too_many_attempts": 429, "unauthorized": 401}


def exchange_password(
    tenant: Tenant, client: dict[str, Any], given: Mapping[str, str], origin: Origin
) -> Body | Pending[Body]:
    """Exchange e-mail address and password for tokens."""
    for name in ("username", "password"):
        if not given.get(name):
            raise OAuthError(400, "invalid_request", f"Missing required parameter: {name}")
    connection = tenant.connections.named(given.get("realm", DATABASE_CONNECTION))
    if connection is None or connection.kind != "database" or not connection.allows(client["client_id"]):
        raise OAuthError(400, "invalid_request", "the connection was not found")
    audience = wanted_audience(tenant, given)
    try:
        user = check_credentials(tenant, connection, given["username"], given["password"], origin)
    except WrongCredentials as wrong:
        log_application(tenant, "fepft", origin, wrong.message, user_name=given["username"])
        raise OAuthError(STATUSES[wrong.code], wrong.code, wrong.message) from None
    authorization = Authorization(
        client_id=client["client_id"],
        user_id=user["user_id"],
        scopes=tuple(dict.fromkeys(given.get("scope", "").split())),
        audience=audience,
        organization_id=None,
        sid="",
        nonce=None,
        auth_time=tenant.clock(),
        methods=("pwd",),
        grant_type="password",
        connection=connection.name,
    )
    moment = LoginMoment(
        authorization,
        "oauth2-password",
        origin,
        connection,
        Asked(body=without_secrets(given)),
        user.get("logins_count", 0) + 1,
    )

    def go_on(permitted: Authorization, effects: Effects) -> Body:
        if wants_second_factor(tenant, effects):
            expires = tenant.clock() + MFA_TOKEN_LIFETIME
            mfa_token = tenant.signin.opaque(tenant.signin.mfa_tokens, permitted, expires)
            log_user_id(tenant, "mfar", permitted.user_id, origin)
            raise OAuthError(403, "mfa_required", "Multifactor authentication required", mfa_token=mfa_token)
        return signed_in(tenant, permitted, origin)

    return after_login_actions(tenant, moment, "fepft", go_on)


def wants_second_factor(tenant: Tenant, effects: Effects) -> bool:
    """Tell whether a password is not enough, by the tenant's policy unless Actions say otherwise."""
    if effects.multifactor is not None:
        return effects.multifactor.provider != "none"
    return bool(tenant.signin.mfa_policies)


def exchange_otp(tenant: Tenant, client: dict[str, Any], given: Mapping[str, str], origin: Origin) -> dict[str, Any]:
    """Exchange the ``mfa_token`` of a password login and a one-time password for tokens."""
    token = given.get("mfa_token", "")
    pending = tenant.signin.mfa_tokens.get(token)
    if pending is None or pending.expires < tenant.clock() or pending.authorization.client_id != client["client_id"]:
        raise OAuthError(401, "expired_token", "mfa_token is expired")
    user_id = pending.authorization.user_id
    if not tenant.signin.enrollments.accept(user_id, given.get("otp", ""), tenant.clock()):
        log_user_id(tenant, "gd_auth_failed", user_id, origin)
        raise OAuthError(403, "invalid_grant", "Invalid otp_code.")
    del tenant.signin.mfa_tokens[token]
    log_user_id(tenant, "gd_auth_succeed", user_id, origin)
    return signed_in(tenant, replace(pending.authorization, methods=("pwd", "mfa")), origin)


def signed_in(tenant: Tenant, authorization: Authorization, origin: Origin) -> dict[str, Any]:
    """Record the login and return its tokens."""
    authorization = replace(authorization, scopes=granted_scopes(tenant, authorization))
    record_login(tenant, authorization, origin, [])
    log_user_id(tenant, "sepft", authorization.user_id, origin)
    refresh_token = None
    if OFFLINE_ACCESS in authorization.scopes:
        refresh_token = tenant.signin.refresh_tokens.start(authorization, tenant.clock()).current
    return token_answer(tenant, authorization, refresh_token)


def wanted_audience(tenant: Tenant, given: Mapping[str, str]) -> str:
    """Return the API that a token is wanted for, or an empty text; the Management API is for applications alone."""
    audience = given.get("audience", "")
    if not audience or audience == tenant.userinfo_audience():
        return ""
    server = tenant.resource_servers.find(audience)
    if server is None or server["is_system"] or server["identifier"] != audience:
        raise OAuthError(403, "access_denied", f"Service not enabled within domain: {audience}")
    return audience
