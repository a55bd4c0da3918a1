"""SCIM groups and the tenant's groups."""

from __future__ import annotations

from typing import Any

from crosswalk_sandbox.auth0.groups import Group
from crosswalk_sandbox.auth0.origin import Origin
from crosswalk_sandbox.auth0.problems import Problem
from crosswalk_sandbox.auth0.scim.configurations import Configuration
from crosswalk_sandbox.auth0.scim.errors import ScimError
from crosswalk_sandbox.auth0.scim.people import person
from crosswalk_sandbox.auth0.tenant import Tenant

GROUP_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Group"


def create_team(tenant: Tenant, configuration: Configuration, resource: dict[str, Any], origin: Origin) -> Group:
    """Store a group with its members, and return it; 409 when the connection has one of its name."""
    name = named(resource)
    if any(group.name == name for group in teams(tenant, configuration)):
        raise ScimError(409, "Group already exists.", "uniqueness")
    members = checked_members(tenant, configuration, resource)
    group = tenant.groups.create(configuration.connection.id, name, str(resource.get("externalId") or ""), origin)
    tenant.groups.add_members(group, members, origin)
    return group


def change_team(
    tenant: Tenant, configuration: Configuration, group: Group, resource: dict[str, Any], origin: Origin
) -> None:
    """Make a group what a resource says, its members included."""
    members = checked_members(tenant, configuration, resource)
    tenant.groups.change(group, named(resource), str(resource.get("externalId") or group.external_id), origin)
    tenant.groups.remove_members(group, set(group.members) - set(members), origin)
    tenant.groups.add_members(group, members, origin)


def team(tenant: Tenant, configuration: Configuration, group_id: str) -> Group:
    """Return a group of the connection, or raise the standard's 404."""
    try:
        group = tenant.groups.find(group_id)
    except Problem:
        raise ScimError(404, f"Group not found: {group_id}") from None
    if group.connection_id != configuration.connection.id:
        raise ScimError(404, f"Group not found: {group_id}")
    return group


def teams(tenant: Tenant, configuration: Configuration) -> list[Group]:
    """Return all groups of the connection."""
    return [group for group in tenant.groups.all() if group.connection_id == configuration.connection.id]


def named(resource: dict[str, Any]) -> str:
    """Return the name of a group, or raise the standard's 400."""
    name = resource.get("displayName")
    if not isinstance(name, str) or not name.strip():
        raise ScimError(400, "Missing required attribute: displayName", "invalidValue")
    return name


def checked_members(tenant: Tenant, configuration: Configuration, resource: dict[str, Any]) -> list[str]:
    """Return the ids of the members that a resource names, each a user of the connection."""
    listed = resource.get("members") or []
    if not all(isinstance(one, dict) and isinstance(one.get("value"), str) for one in listed):
        raise ScimError(400, "Expected members with a value each", "invalidValue")
    return [str(person(tenant, configuration, one["value"])["user_id"]) for one in listed]


def team_resource(group: Group, base: str) -> dict[str, Any]:
    """Return a group as the standard shows it."""
    resource: dict[str, Any] = {
        "schemas": [GROUP_SCHEMA],
        "id": group.id,
        "displayName": group.name,
        "members": [{"value": user_id, "type": "User"} for user_id in group.members],
        "meta": {
            "resourceType": "Group",
            "created": group.created_at,
            "lastModified": group.updated_at,
            "location": f"{base}/Groups/{group.id}",
        },
    }
    return {**resource, "externalId": group.external_id} if group.external_id else resource
