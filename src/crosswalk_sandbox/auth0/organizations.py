"""Organizations: their connections, members and members' roles, each change told as the vendor's event."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, field
from typing import Any

from crosswalk_sandbox.auth0.connections import Connections
from crosswalk_sandbox.auth0.events import Emit, new_id
from crosswalk_sandbox.auth0.origin import Origin
from crosswalk_sandbox.auth0.problems import Problem, invalid_property
from crosswalk_sandbox.auth0.roles import Roles
from crosswalk_sandbox.auth0.schema import Property, check_body

ID_LENGTH = len("org_") + 16
NAME_SHAPE = re.compile(r"^[a-z0-9][a-z0-9_-]{0,49}$")
UPDATE_PROPERTIES: dict[str, Property] = {
    "name": Property(str, "The name of this organization", pattern=NAME_SHAPE, shape="organization-name"),
    "display_name": Property(str, "Friendly name of this organization", nullable=True, max_length=255),
    "branding": Property(dict, "Theme defines how to style the login pages", nullable=True),
    "metadata": Property(dict, "Metadata associated with the organization", nullable=True),
    "token_quota": Property(dict, "The token quota of the organization", nullable=True),
    "third_party_client_access": Property(
        str, "Whether third-party clients may be used", nullable=True, choices=("block", "allow")
    ),
    "is_app_entitlement_active": Property(bool, "Whether application entitlements are active", nullable=True),
}
CREATE_PROPERTIES = {
    **UPDATE_PROPERTIES,
    "enabled_connections": Property(list, "Connections that will be enabled for this organization"),
}
CONNECTION_FLAGS: dict[str, Property] = {
    "assign_membership_on_login": Property(bool, "Whether users become members of the organization when they log in"),
    "is_signup_enabled": Property(bool, "Determines whether organization signup should be enabled"),
    "show_as_button": Property(bool, "Determines whether a connection should be displayed on the login prompt"),
}
CONNECTION_CHANGES = {
    **CONNECTION_FLAGS,
    "is_enabled": Property(bool, "Whether the connection is enabled for the organization"),
    "organization_connection_name": Property(str, "Name of the connection in the scope of this organization"),
    "organization_access_level": Property(
        str, "What the organization's own administrators may do", choices=("none", "readonly", "limited", "full")
    ),
}
CONNECTION_PROPERTIES = {
    **CONNECTION_CHANGES,
    "connection_id": Property(str, "Single connection ID to add to the organization"),
}


@dataclass(slots=True)
class Organization:
    """One organization: its document, its connections by id, its members with their roles, its client grants."""

    document: dict[str, Any]
    connections: dict[str, dict[str, Any]] = field(default_factory=dict)
    members: dict[str, dict[str, None]] = field(default_factory=dict)
    client_grants: dict[str, None] = field(default_factory=dict)

    def reference(self) -> dict[str, str]:
        """Return how events name the organization."""
        return {"id": self.document["id"], "name": self.document["name"]}


class Organizations:
    """The tenant's organizations. Documents that leave it are copies."""

    def __init__(self, roles: Roles, connections: Connections, emit: Emit) -> None:
        self._roles = roles
        self._connections = connections
        self._emit = emit
        self._organizations: dict[str, Organization] = {}

    def all(self) -> list[dict[str, Any]]:
        """Return all organizations in the order of their creation."""
        return [copy.deepcopy(one.document) for one in self._organizations.values()]

    def find(self, organization_id: str) -> Organization:
        """Return one organization itself, or raise the vendor's 404."""
        organization = self._organizations.get(organization_id)
        if organization is None:
            raise Problem(
                404, f"No organization found by that id or name: {organization_id}", "inexistent_organization"
            )
        return organization

    def named(self, name: str) -> Organization | None:
        """Return the organization with this name, whatever its case, or None."""
        wanted = name.lower()
        return next((one for one in self._organizations.values() if one.document["name"] == wanted), None)

    def create(self, body: object, origin: Origin) -> dict[str, Any]:
        """Store an organization, with its first connections, and return it; 409 when its name is taken."""
        checked = copy.deepcopy(check_body(body, CREATE_PROPERTIES, required=("name",)))
        connections = checked.pop("enabled_connections", [])
        self._refuse_taken(checked["name"])
        document = {"id": new_id("org")[:ID_LENGTH], "display_name": checked["name"], **without_null(checked)}
        organization = Organization(document)
        for connection in connections:
            settings = self._checked_connection(connection)
            organization.connections[settings["connection_id"]] = settings
        self._organizations[document["id"]] = organization
        self._emit("organization.created", {"object": copy.deepcopy(document)}, origin)
        for settings in organization.connections.values():
            self._emit_connection("organization.connection.added", organization, settings, origin)
        return copy.deepcopy(document)

    def update(self, organization_id: str, body: object, origin: Origin) -> dict[str, Any]:
        """Change one organization and return it."""
        organization = self.find(organization_id)
        checked = copy.deepcopy(check_body(body, UPDATE_PROPERTIES))
        before = organization.document
        if checked.get("name", before["name"]) != before["name"]:
            self._refuse_taken(checked["name"])
        organization.document = without_null({**before, **checked})
        after = copy.deepcopy(organization.document)
        self._emit("organization.updated", {"object": after, "previous_object": copy.deepcopy(before)}, origin)
        return after

    def delete(self, organization_id: str, origin: Origin) -> None:
        """Remove an organization; one that is not there is no error."""
        organization = self._organizations.pop(organization_id, None)
        if organization is not None:
            shown = {name: value for name, value in organization.document.items() if name != "branding"}
            self._emit("organization.deleted", {"object": shown}, origin)

    def add_connection(self, organization_id: str, body: object, origin: Origin) -> dict[str, Any]:
        """Enable a connection for an organization and return it as the API shows it; 409 when it is already."""
        organization = self.find(organization_id)
        settings = self._checked_connection(body)
        if settings["connection_id"] in organization.connections:
            raise Problem(409, "The connection is already enabled for the organization.", "connection_conflict")
        organization.connections[settings["connection_id"]] = settings
        self._emit_connection("organization.connection.added", organization, settings, origin)
        return self.shown_connection(settings)

    def connection(self, organization_id: str, connection_id: str) -> dict[str, Any]:
        """Return one enabled connection, or raise 404."""
        settings = self.find(organization_id).connections.get(connection_id)
        if settings is None:
            raise Problem(404, "The connection is not enabled for the organization.", "inexistent_connection")
        return settings

    def update_connection(
        self, organization_id: str, connection_id: str, body: object, origin: Origin
    ) -> dict[str, Any]:
        """Change how a connection serves an organization."""
        settings = self.connection(organization_id, connection_id)
        settings.update(check_body(body, CONNECTION_CHANGES))
        organization = self.find(organization_id)
        self._emit_connection("organization.connection.updated", organization, settings, origin)
        return self.shown_connection(settings)

    def remove_connection(self, organization_id: str, connection_id: str, origin: Origin) -> None:
        """Disable a connection for an organization; one that is not enabled is no error."""
        organization = self.find(organization_id)
        settings = organization.connections.pop(connection_id, None)
        if settings is not None:
            self._emit_connection("organization.connection.removed", organization, settings, origin)

    def shown_connection(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Return an enabled connection as the API shows it."""
        connection = self._connections.find(settings["connection_id"])
        return {**settings, "connection": {"name": connection.name, "strategy": connection.strategy}}

    def forget_connection(self, connection_id: str, origin: Origin) -> None:
        """Disable a connection that is gone for all organizations."""
        for organization_id in list(self._organizations):
            self.remove_connection(organization_id, connection_id, origin)

    def add_member(self, organization_id: str, user_id: str, origin: Origin) -> None:
        """Make an existing user a member; one who is already stays."""
        organization = self.find(organization_id)
        if user_id not in organization.members:
            organization.members[user_id] = {}
            self._emit_member("organization.member.added", organization, user_id, origin)

    def remove_member(self, organization_id: str, user_id: str, origin: Origin) -> None:
        """End a membership and the roles that came with it."""
        organization = self.find(organization_id)
        if organization.members.pop(user_id, None) is not None:
            self._emit_member("organization.member.deleted", organization, user_id, origin)

    def has_member(self, organization_id: str, user_id: str) -> bool:
        """Tell whether a user is a member; nobody is of an organization that is gone."""
        organization = self._organizations.get(organization_id)
        return organization is not None and user_id in organization.members

    def member_roles(self, organization_id: str, user_id: str) -> dict[str, None]:
        """Return the role ids of a member, to be read only; 404 for somebody else."""
        roles = self.find(organization_id).members.get(user_id)
        if roles is None:
            raise Problem(404, "The user is not a member of the organization.", "inexistent_organization_member")
        return roles

    def assign_roles(self, organization_id: str, user_id: str, role_ids: list[str], origin: Origin) -> None:
        """Give a member roles that hold within the organization."""
        held = self.member_roles(organization_id, user_id)
        for role in [self._roles.get(role_id) for role_id in role_ids]:
            if role["id"] not in held:
                held[role["id"]] = None
                self._emit_role("organization.member.role.assigned", organization_id, user_id, role, origin)

    def unassign_roles(self, organization_id: str, user_id: str, role_ids: list[str], origin: Origin) -> None:
        """Take roles from a member."""
        held = self.member_roles(organization_id, user_id)
        for role_id in role_ids:
            if role_id in held:
                del held[role_id]
                self._emit_role(
                    "organization.member.role.deleted", organization_id, user_id, self._roles.get(role_id), origin
                )

    def of_user(self, user_id: str) -> list[dict[str, Any]]:
        """Return the organizations that a user is a member of."""
        return [copy.deepcopy(one.document) for one in self._organizations.values() if user_id in one.members]

    def forget_user(self, user_id: str, origin: Origin) -> None:
        """End all memberships of a user who is gone."""
        for organization_id in list(self._organizations):
            self.remove_member(organization_id, user_id, origin)

    def forget_role(self, role_id: str) -> None:
        """Take a role that is gone from all members; the vendor sends no event for it."""
        for organization in self._organizations.values():
            for held in organization.members.values():
                held.pop(role_id, None)

    def _checked_connection(self, body: object) -> dict[str, Any]:
        checked = check_body(body, CONNECTION_PROPERTIES, required=("connection_id",))
        try:
            self._connections.find(checked["connection_id"])
        except Problem:
            found = f"No connection found by that id: {checked['connection_id']}"
            meaning = CONNECTION_PROPERTIES["connection_id"].meaning
            raise invalid_property(found, "connection_id", meaning) from None
        return {"assign_membership_on_login": False, "is_signup_enabled": False, "show_as_button": True, **checked}

    def _emit_connection(
        self, event_type: str, organization: Organization, settings: dict[str, Any], origin: Origin
    ) -> None:
        data: dict[str, Any] = {
            "organization": organization.reference(),
            "connection": {"id": settings["connection_id"]},
        }
        if event_type != "organization.connection.removed":
            data |= {name: settings[name] for name in CONNECTION_FLAGS}
        self._emit(event_type, {"object": data}, origin)

    def _emit_member(self, event_type: str, organization: Organization, user_id: str, origin: Origin) -> None:
        data = {"organization": organization.reference(), "user": {"user_id": user_id}}
        self._emit(event_type, {"object": data}, origin)

    def _emit_role(
        self, event_type: str, organization_id: str, user_id: str, role: dict[str, Any], origin: Origin
    ) -> None:
        data = {
            "organization": self.find(organization_id).reference(),
            "user": {"user_id": user_id},
            "role": {"id": role["id"], "name": role["name"]},
        }
        self._emit(event_type, {"object": data}, origin)

    def _refuse_taken(self, name: str) -> None:
        if self.named(name) is not None:
            raise Problem(409, "An organization with this name already exists.", "organization_conflict")


def shown_organization(document: dict[str, Any]) -> dict[str, Any]:
    """Return an organization as the API shows it, with settings that its events do not tell."""
    return {"third_party_client_access": "block", "is_app_entitlement_active": False, **document}


def without_null(document: dict[str, Any]) -> dict[str, Any]:
    """Return `document` without the properties that null removed."""
    return {name: value for name, value in document.items() if value is not None}
