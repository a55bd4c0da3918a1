"""What tokens and ``/userinfo`` tell, and the answers of the token endpoint."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from crosswalk_sandbox.auth0.problems import Problem
from crosswalk_sandbox.auth0.resource_servers import (
    DEFAULT_TOKEN_LIFETIME,
    carries_permissions,
    follows_rfc_9068,
    scope_values,
)
from crosswalk_sandbox.auth0.signin.authorizations import Authorization
from crosswalk_sandbox.auth0.tenant import Tenant

PROFILE_CLAIMS = ("given_name", "family_name", "nickname", "name", "picture", "updated_at")
EMAIL_CLAIMS = ("email", "email_verified")
STANDARD_SCOPES = ("openid", "profile", "email", "address", "phone")
OFFLINE_ACCESS = "offline_access"


def person_claims(document: dict[str, Any], scopes: tuple[str, ...]) -> dict[str, Any]:
    """Return what an application that was granted `scopes` may know of a user, ``sub`` apart."""
    wanted = (PROFILE_CLAIMS if "profile" in scopes else ()) + (EMAIL_CLAIMS if "email" in scopes else ())
    claims = {name: document[name] for name in wanted if name in document}
    if "phone" in scopes and "phone_number" in document:
        claims["phone_number"] = document["phone_number"]
        claims["phone_number_verified"] = document.get("phone_verified", False)
    return claims


def organization_claims(tenant: Tenant, organization_id: str | None) -> dict[str, str]:
    """Return ``org_id`` and, where the tenant allows names, ``org_name``."""
    if organization_id is None:
        return {}
    claims = {"org_id": organization_id}
    if tenant.knobs.organization_names:
        try:
            claims["org_name"] = tenant.organizations.find(organization_id).document["name"]
        except Problem:
            return claims
    return claims


def granted_scopes(tenant: Tenant, authorization: Authorization) -> tuple[str, ...]:
    """Return those of the wanted scopes that the API, the client and the user's permissions allow, in their order.

    Actions have the last word: what they add is granted, and what they take out is not.
    """
    client = tenant.clients.get(authorization.client_id)
    server = tenant.resource_servers.find(authorization.audience) if authorization.audience else None
    allowed = set(STANDARD_SCOPES)
    if "refresh_token" in client["grant_types"] and (server is None or server["allow_offline_access"]):
        allowed.add(OFFLINE_ACCESS)
    if server is not None:
        api_scopes = set(scope_values(server))
        if server.get("enforce_policies"):
            api_scopes &= set(user_permissions(tenant, authorization))
        allowed |= api_scopes
    changes = dict(authorization.scope_changes)
    granted = [scope for scope in authorization.scopes if scope in allowed]
    added = [scope for scope, is_added in changes.items() if is_added and scope not in granted]
    return tuple(scope for scope in [*granted, *added] if changes.get(scope, True))


def user_permissions(tenant: Tenant, authorization: Authorization) -> list[str]:
    """Return the names of the user's permissions for the API, those of organization roles included."""
    organization_roles: list[str] = []
    organization_id, user_id = authorization.organization_id, authorization.user_id
    if organization_id is not None and tenant.organizations.has_member(organization_id, user_id):
        organization_roles = list(tenant.organizations.member_roles(organization_id, user_id))
    further = [*organization_roles, *tenant.groups.roles_of(user_id, organization_id)]
    return tenant.roles.granted(user_id, authorization.audience, further)


def id_token(tenant: Tenant, authorization: Authorization) -> str:
    """Return the signed ID token."""
    client = tenant.clients.get(authorization.client_id)
    issued = int(tenant.clock().timestamp())
    claims: dict[str, Any] = {
        **person_claims(tenant.users.get(authorization.user_id), authorization.scopes),
        **authorization.id_claims,
        "iss": f"https://{tenant.domain}/",
        "aud": authorization.client_id,
        "sub": authorization.user_id,
        "iat": issued,
        "exp": issued + int(client["jwt_configuration"].get("lifetime_in_seconds", 36_000)),
        **organization_claims(tenant, authorization.organization_id),
    }
    if authorization.sid:
        claims["sid"] = authorization.sid
    if authorization.nonce is not None:
        claims["nonce"] = authorization.nonce
    if authorization.shows_auth_time:
        claims["auth_time"] = int(authorization.auth_time.timestamp())
    if "mfa" in authorization.methods:
        claims["amr"] = ["mfa"]
    return tenant.tokens.sign(claims)


def access_token(tenant: Tenant, authorization: Authorization) -> tuple[str, int]:
    """Return an access token of a user, and after how many seconds it expires."""
    now = tenant.clock()
    if not authorization.audience:
        expires = now + timedelta(seconds=DEFAULT_TOKEN_LIFETIME)
        token = tenant.signin.opaque(tenant.signin.opaque_tokens, authorization, expires)
        return token, DEFAULT_TOKEN_LIFETIME
    server = tenant.resource_servers.get(authorization.audience)
    audience: str | list[str] = authorization.audience
    if "openid" in authorization.scopes:
        audience = [authorization.audience, tenant.userinfo_audience()]
    token_id = secrets.token_urlsafe(16)
    if authorization.id_claims:
        tenant.signin.remember_claims(token_id, authorization.id_claims)
    claims: dict[str, Any] = {
        **authorization.access_claims,
        "jti": token_id,
        "sub": authorization.user_id,
        "aud": audience,
        "scope": " ".join(authorization.scopes),
        **organization_claims(tenant, authorization.organization_id),
    }
    if authorization.grant_type:
        claims["gty"] = authorization.grant_type
    if server.get("enforce_policies") and carries_permissions(server):
        claims["permissions"] = user_permissions(tenant, authorization)
    return signed_access_token(tenant, server, authorization.client_id, claims), server["token_lifetime"]


def signed_access_token(tenant: Tenant, server: dict[str, Any], client_id: str, claims: dict[str, Any]) -> str:
    """Return an access token for an API, with what all of them carry and in the API's dialect."""
    issued = int(tenant.clock().timestamp())
    common = {
        "iss": f"https://{tenant.domain}/",
        "iat": issued,
        "exp": issued + server["token_lifetime"],
        "jti": claims.get("jti") or secrets.token_urlsafe(16),
    }
    if follows_rfc_9068(server):
        return tenant.tokens.sign({**claims, **common, "client_id": client_id}, kind="at+jwt")
    return tenant.tokens.sign({**claims, **common, "azp": client_id})


def token_answer(tenant: Tenant, authorization: Authorization, refresh_token: str | None) -> dict[str, Any]:
    """Return the answer of the token endpoint to a grant in the name of a user."""
    token, lifetime = access_token(tenant, authorization)
    answer: dict[str, Any] = {"access_token": token}
    if refresh_token is not None:
        answer["refresh_token"] = refresh_token
    if "openid" in authorization.scopes:
        answer["id_token"] = id_token(tenant, authorization)
    if authorization.scopes:
        answer["scope"] = " ".join(authorization.scopes)
    return {**answer, "expires_in": lifetime, "token_type": "Bearer"}


def application_answer(
    tenant: Tenant,
    client_id: str,
    server: dict[str, Any],
    scopes: list[str],
    organization_id: str | None,
    custom: dict[str, Any],
) -> dict[str, Any]:
    """Return the answer of the token endpoint to an application that acts in its own name.

    Parameters
    ----------
    custom : dict
        The claims that Actions have added.
    """
    claims: dict[str, Any] = {
        **custom,
        "sub": f"{client_id}@clients",
        "aud": server["identifier"],
        "gty": "client-credentials",
        **organization_claims(tenant, organization_id),
    }
    if carries_permissions(server):
        claims["permissions"] = scopes
    answer: dict[str, Any] = {}
    if scopes:
        claims["scope"] = answer["scope"] = " ".join(scopes)
    token = signed_access_token(tenant, server, client_id, claims)
    return {"access_token": token, **answer, "expires_in": server["token_lifetime"], "token_type": "Bearer"}
