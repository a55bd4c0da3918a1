"""Authorization requests: what ``/authorize`` is asked for, checked in the vendor's order and words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from crosswalk_sandbox.auth0.organizations import Organization
from crosswalk_sandbox.auth0.problems import Problem
from crosswalk_sandbox.auth0.signin.errors import PageError, RequestDenied, ReturnAddress
from crosswalk_sandbox.auth0.signin.organization_prompts import prompt_of
from crosswalk_sandbox.auth0.signin.transactions import AuthorizationRequest
from crosswalk_sandbox.auth0.tenant import Tenant

RESPONSE_MODES = ("query", "fragment", "form_post")
CHALLENGE_METHODS = ("S256", "plain")
CHALLENGE_SHAPE = re.compile(r"^[A-Za-z0-9._~-]{43,128}$")
PROMPTS = frozenset({"none", "login", "consent", "select_account"})
CALLBACK_MISMATCH = (
    "Callback URL mismatch. The provided redirect_uri is not in the list of allowed callback URLs. Please go to the "
    "Application Settings page and make sure you are sending a valid callback url from your application."
)


def read_request(tenant: Tenant, given: Mapping[str, str]) -> AuthorizationRequest:
    """Return the checked request.

    Raises
    ------
    PageError
        When client or address cannot be trusted, so that nothing may be sent there.
    RequestDenied
        For anything else that is wrong; the application is told.
    """
    client = known_client(tenant, given)
    redirect_uri = known_callback(client, given)
    mode = given.get("response_mode") or "query"
    address = ReturnAddress(redirect_uri, mode if mode in RESPONSE_MODES else "query", given.get("state"))
    if mode not in RESPONSE_MODES:
        raise RequestDenied(address, "invalid_request", f"Unsupported response mode: {mode}")
    check_response_type(client, given, address)
    challenge, method = code_challenge(given, address)
    audience = known_audience(tenant, given, address)
    prompts = frozenset(given.get("prompt", "").split())
    if prompts - PROMPTS or ("none" in prompts and len(prompts) > 1):
        raise RequestDenied(address, "invalid_request", f"Unsupported prompt value: {given.get('prompt')}")
    organization = chosen_organization(tenant, client, given, address)
    return AuthorizationRequest(
        client_id=client["client_id"],
        address=address,
        sent_redirect_uri="redirect_uri" in given,
        scopes=tuple(dict.fromkeys(given.get("scope", "").split())),
        audience=audience,
        nonce=given.get("nonce"),
        code_challenge=challenge,
        code_challenge_method=method,
        prompts=prompts,
        max_age=whole_seconds(given, address),
        login_hint=given.get("login_hint", ""),
        screen_hint=given.get("screen_hint", ""),
        organization_id=organization.document["id"] if organization else None,
        invitation=valid_invitation(tenant, organization, given, address),
        connection=chosen_connection(tenant, client, organization, given, address),
        organization_prompt="never" if organization else prompt_of(client),
    )


def known_client(tenant: Tenant, given: Mapping[str, str]) -> dict[str, Any]:
    """Return the application that asks."""
    client_id = given.get("client_id", "")
    if not client_id:
        raise PageError("invalid_request", "Missing required parameter: client_id")
    client = tenant.clients.find(client_id)
    if client is None:
        raise PageError("invalid_request", f"Unknown client: {client_id}")
    return client


def known_callback(client: dict[str, Any], given: Mapping[str, str]) -> str:
    """Return the address that is exactly one of the application's callbacks, by default the first."""
    callbacks: list[str] = client.get("callbacks") or []
    wanted = given.get("redirect_uri")
    if wanted is None and callbacks:
        return callbacks[0]
    if wanted is None:
        raise PageError("invalid_request", "Missing required parameter: redirect_uri")
    if wanted not in callbacks:
        raise PageError("unauthorized_client", CALLBACK_MISMATCH, 403)
    return wanted


def check_response_type(client: dict[str, Any], given: Mapping[str, str], address: ReturnAddress) -> None:
    """Refuse everything but the code flow, for clients that may use it."""
    wanted = given.get("response_type")
    if not wanted:
        raise RequestDenied(address, "invalid_request", "Missing required parameter: response_type")
    if wanted != "code":
        raise RequestDenied(address, "unsupported_response_type", f"Unsupported response type: {wanted}")
    if "authorization_code" not in client["grant_types"]:
        found = "Grant type 'authorization_code' not allowed for the client."
        raise RequestDenied(address, "unauthorized_client", found)


def code_challenge(given: Mapping[str, str], address: ReturnAddress) -> tuple[str, str]:
    """Return the PKCE challenge and its method, both empty without PKCE."""
    challenge = given.get("code_challenge", "")
    method = given.get("code_challenge_method", "plain" if challenge else "")
    if not challenge and not method:
        return "", ""
    if method not in CHALLENGE_METHODS:
        raise RequestDenied(address, "invalid_request", f"Unsupported code_challenge_method: {method}")
    if not CHALLENGE_SHAPE.match(challenge):
        raise RequestDenied(address, "invalid_request", "Parameter 'code_challenge' has an invalid format")
    return challenge, method


def known_audience(tenant: Tenant, given: Mapping[str, str], address: ReturnAddress) -> str:
    """Return the API that a token is wanted for, or an empty text."""
    audience = given.get("audience", "")
    if not audience or audience == tenant.userinfo_audience():
        return ""
    server = tenant.resource_servers.find(audience)
    if server is None or server["identifier"] != audience:
        raise RequestDenied(address, "access_denied", f"Service not found: {audience}")
    if server["is_system"]:
        # The vendor hands out tokens that may read and change the person's own user; those are not emulated.
        raise RequestDenied(address, "access_denied", f"Client is not authorized to access resource server: {audience}")
    return audience


def chosen_connection(
    tenant: Tenant,
    client: dict[str, Any],
    organization: Organization | None,
    given: Mapping[str, str],
    address: ReturnAddress,
) -> str:
    """Return the name of the connection that the application asks for, empty when it leaves the choice open."""
    name = given.get("connection", "")
    if not name:
        return ""
    connection = tenant.connections.named(name)
    if connection is None:
        raise RequestDenied(address, "invalid_request", "the connection was not found")
    if not connection.allows(client["client_id"]):
        raise RequestDenied(address, "invalid_request", "the connection is not enabled")
    if organization is not None and connection.id not in organization.connections:
        raise RequestDenied(address, "invalid_request", "the connection is not enabled for the organization")
    return name


def whole_seconds(given: Mapping[str, str], address: ReturnAddress) -> int | None:
    """Return ``max_age``, or None when it is not given."""
    text = given.get("max_age")
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal()):
        raise RequestDenied(address, "invalid_request", f"Invalid max_age: {text}")
    return int(text)


def chosen_organization(
    tenant: Tenant, client: dict[str, Any], given: Mapping[str, str], address: ReturnAddress
) -> Organization | None:
    """Return the organization that the login is for, as far as the client allows or demands one."""
    usage = client.get("organization_usage") or "deny"
    wanted = given.get("organization", "")
    if not wanted:
        if usage == "require" and prompt_of(client) == "never":
            raise RequestDenied(address, "invalid_request", "parameter organization is required for this client")
        return None
    if usage == "deny":
        raise RequestDenied(address, "invalid_request", "parameter organization is not allowed for this client")
    organization = find_organization(tenant, wanted)
    if organization is None:
        raise RequestDenied(address, "invalid_request", "parameter organization is invalid")
    if not organization.connections:
        raise RequestDenied(address, "invalid_request", "no connections enabled for the organization")
    return organization


def find_organization(tenant: Tenant, wanted: str) -> Organization | None:
    """Return the organization with this id, or where the tenant allows it, with this name."""
    if wanted.startswith("org_"):
        try:
            return tenant.organizations.find(wanted)
        except Problem:
            return None
    return tenant.organizations.named(wanted) if tenant.knobs.organization_names else None


def valid_invitation(
    tenant: Tenant, organization: Organization | None, given: Mapping[str, str], address: ReturnAddress
) -> str:
    """Return the ticket of a valid invitation to `organization`, empty without one."""
    ticket = given.get("invitation", "")
    if not ticket:
        return ""
    if organization is None:
        raise RequestDenied(address, "invalid_request", "parameter organization is required with an invitation")
    if tenant.invitations.valid(organization.document["id"], ticket) is None:
        raise RequestDenied(address, "invalid_request", "invitation not found or already used")
    return ticket
