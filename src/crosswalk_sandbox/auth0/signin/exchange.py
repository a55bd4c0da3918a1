"""The grants of the token endpoint, and the revocation of refresh tokens.

Each takes an authenticated client and the parameters of its request, and returns the body of the answer, what has to
run before there is one, or raises `OAuthError`; every outcome is logged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from crosswalk_sandbox.auth0.actions.event_objects import Asked, LoginMoment
from crosswalk_sandbox.auth0.actions.exchange import after_exchange_actions, after_login_actions
from crosswalk_sandbox.auth0.actions.pending import Pending
from crosswalk_sandbox.auth0.connections import Connection
from crosswalk_sandbox.auth0.origin import Origin
from crosswalk_sandbox.auth0.problems import Problem
from crosswalk_sandbox.auth0.resource_servers import scope_values
from crosswalk_sandbox.auth0.signin.authorizations import Authorization, Family, Reused, is_expired, verifies
from crosswalk_sandbox.auth0.signin.claims import OFFLINE_ACCESS, application_answer, granted_scopes, token_answer
from crosswalk_sandbox.auth0.signin.credentials import USER_BLOCKED
from crosswalk_sandbox.auth0.signin.errors import OAuthError
from crosswalk_sandbox.auth0.signin.records import log_application, log_user_id
from crosswalk_sandbox.auth0.tenant import Tenant

Body = dict[str, Any]
Grant = Callable[[Tenant, dict[str, Any], Mapping[str, str], Origin], Body | Pending[Body]]
HIDDEN_PARAMETERS = frozenset({"client_assertion", "client_secret", "otp", "password", "refresh_token"})
UNKNOWN_REFRESH_TOKEN = "Unknown or invalid refresh token."  # noqa: S105 - the vendor's sentence
NO_CLIENT_GRANT = (
    'Client is not authorized to access "{audience}". You need to create a "client-grant" associated to this API. '
    "See: https://auth0.com/docs/api/v2#!/Client_Grants/post_client_grants"
)


def exchange_code(tenant: Tenant, client: dict[str, Any], given: Mapping[str, str], origin: Origin) -> dict[str, Any]:
    """Exchange an authorization code for tokens. A code that comes twice takes back what it had given."""
    now = tenant.clock()
    code = tenant.signin.codes.find(given.get("code", ""))
    if code is None or code.authorization.client_id != client["client_id"] or code.used or is_expired(code, now):
        if code is not None and code.used and code.authorization.client_id == client["client_id"]:
            tenant.signin.opaque_tokens.pop(code.access_token, None)
            if code.family is not None:
                tenant.signin.refresh_tokens.revoke(code.family)
        raise refused_code(tenant, origin, "Invalid authorization code")
    sent = given.get("redirect_uri")
    if (code.needs_redirect_uri or sent) and sent != code.redirect_uri:
        found = f"The redirect URI is wrong. You sent {sent}, and we expected {code.redirect_uri}"
        raise refused_code(tenant, origin, found)
    code.used = True
    if not verifies(code, given.get("code_verifier", "")):
        raise refused_code(tenant, origin, "Failed to verify code verifier")
    check_user(tenant, code.authorization, origin, "feacft")
    refresh_token = None
    if OFFLINE_ACCESS in code.authorization.scopes:
        code.family = tenant.signin.refresh_tokens.start(code.authorization, now)
        refresh_token = code.family.current
    answer = token_answer(tenant, code.authorization, refresh_token)
    code.access_token = answer["access_token"]
    log_user_id(tenant, "seacft", code.authorization.user_id, origin)
    return answer


def refused_code(tenant: Tenant, origin: Origin, description: str) -> OAuthError:
    """Log that a code was refused and return the answer."""
    log_application(tenant, "feacft", origin, description)
    return OAuthError(403, "invalid_grant", description)


def exchange_refresh_token(
    tenant: Tenant, client: dict[str, Any], given: Mapping[str, str], origin: Origin
) -> Body | Pending[Body]:
    """Exchange a refresh token for new tokens. One that was exchanged before ends its whole family."""

    def go_on(authorization: Authorization | None) -> Body:
        return refreshed(tenant, client, given, origin, authorization)

    family = tenant.signin.refresh_tokens.find(given.get("refresh_token", ""))
    if family is None or family.authorization.client_id != client["client_id"] or is_gone(tenant, family):
        return go_on(None)
    moment = LoginMoment(
        family.authorization,
        "oauth2-refresh-token",
        origin,
        connection_of(tenant, family.authorization.user_id),
        Asked(body=without_secrets(given)),
        tenant.users.get(family.authorization.user_id).get("logins_count", 0),
    )
    return after_login_actions(tenant, moment, "fertft", lambda authorization, _: go_on(authorization))


def refreshed(
    tenant: Tenant, client: Body, given: Mapping[str, str], origin: Origin, permitted: Authorization | None
) -> Body:
    """Return the new tokens, with what Actions have added to the `permitted` authorization."""
    try:
        family, new_token = tenant.signin.refresh_tokens.use(given.get("refresh_token", ""), client, tenant.clock())
    except KeyError:
        log_application(tenant, "fertft", origin, UNKNOWN_REFRESH_TOKEN)
        raise OAuthError(403, "invalid_grant", UNKNOWN_REFRESH_TOKEN) from None
    except Reused as reused:
        found = "Unsuccessful Refresh Token exchange, reused refresh token detected"
        log_user_id(tenant, "ferrt", reused.authorization.user_id, origin, found)
        raise OAuthError(403, "invalid_grant", UNKNOWN_REFRESH_TOKEN) from None
    check_user(tenant, family.authorization, origin, "fertft")
    authorization = replace(permitted or family.authorization, nonce=None)
    wanted = given.get("scope", "").split()
    if wanted:
        kept = tuple(scope for scope in authorization.scopes if scope in wanted)
        authorization = replace(authorization, scopes=kept)
    authorization = replace(authorization, scopes=granted_scopes(tenant, authorization))
    log_user_id(tenant, "sertft", authorization.user_id, origin)
    return token_answer(tenant, authorization, new_token)


def is_gone(tenant: Tenant, family: Family) -> bool:
    """Tell whether the user of refresh tokens is no longer there."""
    return family.authorization.user_id not in tenant.users


def connection_of(tenant: Tenant, user_id: str) -> Connection | None:
    """Return the connection of a user's main account."""
    return tenant.connections.named(tenant.users.get(user_id)["identities"][0]["connection"])


def without_secrets(given: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters of a token request that Actions may see."""
    return {name: value for name, value in given.items() if name not in HIDDEN_PARAMETERS}


def exchange_client_credentials(
    tenant: Tenant, client: dict[str, Any], given: Mapping[str, str], origin: Origin
) -> Body | Pending[Body]:
    """Give an application a token of its own for one API."""
    audience = given.get("audience", "")
    server = tenant.resource_servers.find(audience) if audience else None
    if server is None or server["identifier"] != audience:
        found = f"Service not enabled within domain: {audience}" if audience else "Missing required parameter: audience"
        raise refused_client(tenant, origin, "access_denied", found)
    grant = tenant.client_grants.find(client["client_id"], audience)
    if client["client_id"] == tenant.client_id and server["is_system"]:
        # The tenant's own application may do everything, whatever scopes the API gets over time.
        grant = {"allow_all_scopes": True, "scope": []}
    if grant is None:
        raise refused_client(tenant, origin, "access_denied", NO_CLIENT_GRANT.format(audience=audience))
    allowed = scope_values(server) if grant.get("allow_all_scopes") else grant["scope"]
    wanted = given.get("scope", "").split()
    scopes = [scope for scope in allowed if not wanted or scope in wanted]
    organization_id = application_organization(tenant, grant, given, origin)
    client_id = client["client_id"]

    def go_on(custom: Body) -> Body:
        log_application(tenant, "seccft", origin, audience=audience, scope=" ".join(scopes))
        return application_answer(tenant, client_id, server, scopes, organization_id, custom)

    return after_exchange_actions(tenant, client_id, server, scopes, organization_id, origin, go_on)


def application_organization(
    tenant: Tenant, grant: dict[str, Any], given: Mapping[str, str], origin: Origin
) -> str | None:
    """Return the organization that an application's token is for, as far as its grant allows or demands one."""
    usage = grant.get("organization_usage", "deny")
    wanted = given.get("organization", "")
    if not wanted:
        if usage == "require":
            raise refused_client(tenant, origin, "invalid_request", "An organization is required")
        return None
    try:
        organization = tenant.organizations.find(wanted)
    except Problem:
        raise refused_client(tenant, origin, "invalid_request", "parameter organization is invalid") from None
    if usage == "deny" or not grant.get("allow_any_organization"):
        found = "Organizations are not allowed for this client grant"
        raise refused_client(tenant, origin, "access_denied", found)
    return str(organization.document["id"])


def refused_client(tenant: Tenant, origin: Origin, error: str, description: str) -> OAuthError:
    """Log that an application got no token of its own and return the answer."""
    log_application(tenant, "feccft", origin, description)
    return OAuthError(403, error, description)


def check_user(tenant: Tenant, authorization: Authorization, origin: Origin, failure: str) -> None:
    """Refuse tokens in the name of a user who is gone, blocked or out of the organization by now."""
    try:
        blocked = tenant.users.get(authorization.user_id).get("blocked", False)
    except Problem:
        log_application(tenant, failure, origin, "The user does not exist.")
        raise OAuthError(403, "invalid_grant", "The user does not exist.") from None
    if blocked:
        log_user_id(tenant, failure, authorization.user_id, origin, USER_BLOCKED)
        raise OAuthError(403, "invalid_grant", USER_BLOCKED)
    organization_id = authorization.organization_id
    if organization_id is not None and not tenant.organizations.has_member(organization_id, authorization.user_id):
        found = f"user {authorization.user_id} is not part of the {organization_id} organization"
        log_user_id(tenant, failure, authorization.user_id, origin, found)
        raise OAuthError(403, "invalid_grant", found)


def revoke(tenant: Tenant, client: dict[str, Any], given: Mapping[str, str], origin: Origin) -> None:
    """Revoke a refresh token and its whole family; one that is unknown, or another client's, is no error."""
    if not given.get("token"):
        raise OAuthError(400, "invalid_request", "Missing required parameter: token")
    family = tenant.signin.refresh_tokens.find(given["token"])
    if family is not None and family.authorization.client_id == client["client_id"]:
        tenant.signin.refresh_tokens.revoke(family)
        log_user_id(tenant, "srrt", family.authorization.user_id, origin)
