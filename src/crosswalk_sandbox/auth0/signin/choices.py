"""With which connections somebody may log in to an application, and how the login page offers them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crosswalk_sandbox.auth0.connections import Connection
from crosswalk_sandbox.auth0.signin.transactions import AuthorizationRequest
from crosswalk_sandbox.auth0.tenant import Tenant

PROVIDERS = ("social", "enterprise")


def usable_connections(tenant: Tenant, client_id: str, organization_id: str | None) -> list[Connection]:
    """Return the connections that are enabled for an application and, where it is for one, for its organization."""
    enabled = [one for one in tenant.connections.every() if one.allows(client_id)]
    if organization_id is None:
        return enabled
    of_organization = tenant.organizations.find(organization_id).connections
    return [one for one in enabled if one.id in of_organization]


def database_for(tenant: Tenant, request: AuthorizationRequest) -> Connection | None:
    """Return the database whose passwords the login page takes: the one that was asked for, or else the first."""
    usable = usable_connections(tenant, request.client_id, request.organization_id)
    databases = [one for one in usable if one.kind == "database"]
    wanted = [one for one in databases if one.name == request.connection]
    return next(iter([*wanted, *databases]), None)


def buttons_for(tenant: Tenant, request: AuthorizationRequest) -> list[dict[str, str]]:
    """Return name and label of each provider that the login page offers."""
    usable = usable_connections(tenant, request.client_id, request.organization_id)
    settings: dict[str, Any] = {}
    if request.organization_id is not None:
        settings = tenant.organizations.find(request.organization_id).connections
    return [
        {"name": one.name, "label": str(one.document.get("display_name") or one.name)}
        for one in usable
        if one.kind in PROVIDERS and has_button(one, settings.get(one.id))
    ]


def has_button(connection: Connection, settings: dict[str, Any] | None) -> bool:
    """Tell whether a provider has a button: social ones unless they hide it, enterprise ones where they show it."""
    if settings is not None:
        return bool(settings["show_as_button"])
    return bool(connection.document.get("show_as_button", connection.kind == "social"))


def provider_for(tenant: Tenant, request: AuthorizationRequest, name: str) -> Connection | None:
    """Return the provider of this name when the login may be done with it, or None."""
    usable = usable_connections(tenant, request.client_id, request.organization_id)
    return next((one for one in usable if one.kind in PROVIDERS and one.name == name), None)


def home_of(tenant: Tenant, request: AuthorizationRequest, email: str) -> Connection | None:
    """Return the enterprise connection that serves the domain of an e-mail address, or None."""
    usable = usable_connections(tenant, request.client_id, request.organization_id)
    return served_by(usable, email)


def served_by(connections: Iterable[Connection], email: str) -> Connection | None:
    """Return the first of these enterprise connections that serves the domain of an e-mail address, or None."""
    if "@" not in email:
        return None
    return next((one for one in connections if one.kind == "enterprise" and one.serves_domain(email)), None)
