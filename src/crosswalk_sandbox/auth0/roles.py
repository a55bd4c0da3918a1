"""Roles with their permissions, who has them, and permissions that users have directly."""

from __future__ import annotations

import copy
from typing import Any

from crosswalk_sandbox.auth0.events import new_id
from crosswalk_sandbox.auth0.problems import Problem, invalid_property
from crosswalk_sandbox.auth0.resource_servers import ResourceServers, scope_values
from crosswalk_sandbox.auth0.schema import Property, check_body

ROLE_ID_LENGTH = len("rol_") + 16
PROPERTIES: dict[str, Property] = {
    "name": Property(str, "Name of the role", max_length=50),
    "description": Property(str, "Description of the role", max_length=255),
}
CREATE_PROPERTIES = {**PROPERTIES, "type": Property(str, "Type of the role", choices=("tenant",))}
PERMISSION_PROPERTIES: dict[str, Property] = {
    "resource_server_identifier": Property(str, "Resource server (API) identifier that this permission is for"),
    "permission_name": Property(str, "Name of this permission"),
}
# A permission: the API's identifier and the scope's name.
Permission = tuple[str, str]


class Roles:
    """The tenant's roles and their assignment. Documents that leave it are copies.

    Assignments are kept in both directions' common form, an ordered set of role ids for each user.
    """

    def __init__(self, resource_servers: ResourceServers) -> None:
        self._resource_servers = resource_servers
        self._documents: dict[str, dict[str, Any]] = {}
        self._permissions: dict[str, dict[Permission, None]] = {}
        self._assigned: dict[str, dict[str, None]] = {}
        self._direct: dict[str, dict[Permission, None]] = {}

    def all(self) -> list[dict[str, Any]]:
        """Return all roles in the order of their creation."""
        return [dict(role) for role in self._documents.values()]

    def get(self, role_id: str) -> dict[str, Any]:
        """Return one role, or raise 404 ``inexistent_role``."""
        if role_id not in self._documents:
            raise Problem(404, "The role does not exist.", "inexistent_role")
        return dict(self._documents[role_id])

    def create(self, body: object) -> dict[str, Any]:
        """Store a role and return it; 409 when its name is taken."""
        checked = check_body(body, CREATE_PROPERTIES, required=("name",))
        self._refuse_taken(checked["name"])
        defaults = {"id": new_id("rol")[:ROLE_ID_LENGTH], "description": checked["name"], "type": "tenant"}
        role = {**defaults, **checked}
        self._documents[role["id"]] = role
        self._permissions[role["id"]] = {}
        return dict(role)

    def update(self, role_id: str, body: object) -> dict[str, Any]:
        """Change name or description of a role and return it."""
        role = self.get(role_id)
        checked = check_body(body, PROPERTIES)
        if checked.get("name", role["name"]) != role["name"]:
            self._refuse_taken(checked["name"])
        self._documents[role_id] = {**role, **checked}
        return dict(self._documents[role_id])

    def delete(self, role_id: str) -> None:
        """Remove a role from the tenant and from all users; one that is not there is no error."""
        self._documents.pop(role_id, None)
        self._permissions.pop(role_id, None)
        for assigned in self._assigned.values():
            assigned.pop(role_id, None)

    def permissions(self, role_id: str) -> list[dict[str, Any]]:
        """Return the permissions of a role as the API shows them."""
        self.get(role_id)
        return self._shown(self._permissions[role_id])

    def add_permissions(self, role_id: str, body: object) -> None:
        """Give a role the permissions that the request names; each must be a scope of its API."""
        self.get(role_id)
        self._permissions[role_id].update(dict.fromkeys(self.checked_permissions(body)))

    def remove_permissions(self, role_id: str, body: object) -> None:
        """Take permissions from a role."""
        self.get(role_id)
        for permission in self.checked_permissions(body):
            self._permissions[role_id].pop(permission, None)

    def of_user(self, user_id: str) -> list[dict[str, Any]]:
        """Return the roles of a user."""
        return [self.get(role_id) for role_id in self._assigned.get(user_id, ())]

    def users_of(self, role_id: str) -> list[str]:
        """Return the ids of the users who have a role."""
        self.get(role_id)
        return [user_id for user_id, assigned in self._assigned.items() if role_id in assigned]

    def assign(self, user_id: str, role_ids: list[str]) -> None:
        """Give a user roles, all of which must exist."""
        for role_id in role_ids:
            self.get(role_id)
        self._assigned.setdefault(user_id, {}).update(dict.fromkeys(role_ids))

    def unassign(self, user_id: str, role_ids: list[str]) -> None:
        """Take roles from a user."""
        for role_id in role_ids:
            self._assigned.get(user_id, {}).pop(role_id, None)

    def direct_permissions(self, user_id: str) -> dict[Permission, None]:
        """Return the permissions that a user has without a role; to be changed in place."""
        return self._direct.setdefault(user_id, {})

    def user_permissions(self, user_id: str) -> list[dict[str, Any]]:
        """Return the permissions of a user as the API shows them, each with where it comes from."""
        sources: dict[Permission, list[dict[str, Any]]] = {}
        for permission in self._direct.get(user_id, ()):
            sources.setdefault(permission, []).append({"source_id": "", "source_name": "", "source_type": "DIRECT"})
        for role in self.of_user(user_id):
            source = {"source_id": role["id"], "source_name": role["name"], "source_type": "ROLE"}
            for permission in self._permissions[role["id"]]:
                sources.setdefault(permission, []).append(source)
        shown = self._shown(dict.fromkeys(sources))
        return [{**one, "sources": found} for one, found in zip(shown, sources.values(), strict=True)]

    def granted(self, user_id: str, audience: str, further_roles: list[str]) -> list[str]:
        """Return the sorted names of a user's permissions for one API, those of `further_roles` included."""
        permissions = set(self._direct.get(user_id, ()))
        for role_id in [*self._assigned.get(user_id, ()), *further_roles]:
            permissions |= set(self._permissions.get(role_id, ()))
        return sorted(name for identifier, name in permissions if identifier == audience)

    def effective_permissions(self, user_id: str, role_ids: list[str], identifier: str) -> list[dict[str, Any]]:
        """Return a user's permissions for one API, each with whether it is direct, by one of these roles, or both."""
        direct = set(self._direct.get(user_id, ()))
        by_roles = {one for role_id in role_ids for one in self._permissions.get(role_id, ())}
        wanted = sorted(one for one in direct | by_roles if one[0] == identifier)
        sources = [[name for name, held in (("direct", direct), ("roles", by_roles)) if one in held] for one in wanted]
        shown = self._shown(dict.fromkeys(wanted))
        return [{**one, "sources": found} for one, found in zip(shown, sources, strict=True)]

    def has_permission(self, role_id: str, permission: Permission) -> bool:
        """Tell whether a role brings a permission."""
        return permission in self._permissions.get(role_id, ())

    def forget_user(self, user_id: str) -> None:
        """Drop what a user had who is gone."""
        self._assigned.pop(user_id, None)
        self._direct.pop(user_id, None)

    def forget_api(self, identifier: str) -> None:
        """Drop the permissions of an API that is gone."""
        for permissions in [*self._permissions.values(), *self._direct.values()]:
            for permission in [one for one in permissions if one[0] == identifier]:
                del permissions[permission]

    def checked_permissions(self, body: object) -> list[Permission]:
        """Return the permissions that a request body names, or raise the vendor's 400 or 404."""
        meaning = "array of resource_server_identifier, permission_name pairs"
        listed = check_body(body, {"permissions": Property(list, meaning)}, required=("permissions",))["permissions"]
        found = []
        for item in listed:
            one = check_body(item, PERMISSION_PROPERTIES, required=tuple(PERMISSION_PROPERTIES))
            identifier, name = one["resource_server_identifier"], one["permission_name"]
            if name not in scope_values(self._resource_servers.get(identifier)):
                message = f"The permission '{name}' does not exist in the resource server '{identifier}'"
                raise invalid_property(message, "permissions", meaning)
            found.append((identifier, name))
        return found

    def _shown(self, permissions: dict[Permission, None]) -> list[dict[str, Any]]:
        shown = []
        for identifier, name in permissions:
            server = self._resource_servers.get(identifier)
            descriptions = {scope["value"]: scope.get("description", "") for scope in server["scopes"]}
            shown.append(
                {
                    "permission_name": name,
                    "description": descriptions.get(name, ""),
                    "resource_server_name": server["name"],
                    "resource_server_identifier": identifier,
                }
            )
        return copy.deepcopy(shown)

    def _refuse_taken(self, name: str) -> None:
        if any(role["name"] == name for role in self._documents.values()):
            raise Problem(409, f"A role with the name '{name}' already exists.", "role_conflict")


def checked_ids(body: object, name: str, meaning: str) -> list[str]:
    """Return the list of ids that is the only property of a request body, or raise the vendor's 400."""
    ids: list[str] = check_body(body, {name: Property(list, meaning)}, required=(name,))[name]
    if not ids or not all(isinstance(one, str) and one for one in ids):
        raise invalid_property("Expected at least one id, each a string", name, meaning)
    return ids
