"""Groups of enterprise connections, which providers send: their members and the roles that membership brings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crosswalk_sandbox.auth0.clock import iso_milliseconds
from crosswalk_sandbox.auth0.events import Emit, new_id
from crosswalk_sandbox.auth0.origin import Origin
from crosswalk_sandbox.auth0.problems import Problem
from crosswalk_sandbox.auth0.roles import Roles


@dataclass(slots=True)
class Group:
    """One group.

    Attributes
    ----------
    members : dict
        When each member was added, by user id.
    roles : dict
        The ids of the roles that all members have, in order.
    organization_roles : dict
        The ids of the roles that members have within an organization, by its id.
    """

    id: str
    name: str
    external_id: str
    connection_id: str
    created_at: str
    updated_at: str
    members: dict[str, str] = field(default_factory=dict)
    roles: dict[str, None] = field(default_factory=dict)
    organization_roles: dict[str, dict[str, None]] = field(default_factory=dict)

    def reference(self) -> dict[str, str]:
        """Return how events about members and roles name the group."""
        told = {"id": self.id, "type": "connection", "connection_id": self.connection_id}
        return {**told, "external_id": self.external_id} if self.external_id else told

    def told(self) -> dict[str, str]:
        """Return the group as events about itself tell it."""
        return {**self.reference(), "name": self.name, "created_at": self.created_at, "updated_at": self.updated_at}

    def held(self, organization_id: str) -> dict[str, None]:
        """Return its roles in an organization, or with an empty id those that hold everywhere; to be changed."""
        return self.organization_roles.setdefault(organization_id, {}) if organization_id else self.roles


class Groups:
    """All groups by id."""

    def __init__(self, clock: Callable[[], datetime], roles: Roles, emit: Emit) -> None:
        self._clock = clock
        self._roles = roles
        self._emit = emit
        self._groups: dict[str, Group] = {}

    def all(self) -> list[Group]:
        """Return all groups in the order of their creation: for reading only."""
        return list(self._groups.values())

    def find(self, group_id: str) -> Group:
        """Return one group, or raise 404 ``inexistent_group``."""
        group = self._groups.get(group_id)
        if group is None:
            raise Problem(404, "The group does not exist.", "inexistent_group")
        return group

    def of_user(self, user_id: str) -> list[Group]:
        """Return the groups of which a user is a member."""
        return [group for group in self._groups.values() if user_id in group.members]

    def roles_of(self, user_id: str, organization_id: str | None) -> list[str]:
        """Return the ids of the roles that a user has through groups, everywhere or in one organization."""
        found: dict[str, None] = {}
        for group in self.of_user(user_id):
            found |= group.roles
            found |= group.organization_roles.get(organization_id or "", {})
        return list(found)

    def create(self, connection_id: str, name: str, external_id: str, origin: Origin) -> Group:
        """Store a group without members and return it."""
        now = self._now()
        group = Group(new_id("grp"), name, external_id, connection_id, now, now)
        self._groups[group.id] = group
        told = {key: value for key, value in group.told().items() if key != "updated_at"}
        self._emit("group.created", {"object": told}, origin)
        return group

    def change(self, group: Group, name: str, external_id: str, origin: Origin) -> None:
        """Give a group another name or id at its provider; nothing happens when it has these already."""
        if (name, external_id) == (group.name, group.external_id):
            return
        before = group.told()
        group.name, group.external_id, group.updated_at = name, external_id, self._now()
        self._emit("group.updated", {"object": group.told(), "previous_object": before}, origin)

    def delete(self, group_id: str, origin: Origin) -> None:
        """Remove a group, or raise 404."""
        group = self.find(group_id)
        del self._groups[group_id]
        self._emit("group.deleted", {"object": group.told()}, origin)

    def add_members(self, group: Group, user_ids: Iterable[str], origin: Origin) -> None:
        """Make users members who are not yet."""
        for user_id in user_ids:
            if user_id not in group.members:
                group.members[user_id] = self._now()
                self._emit("group.member.added", {"object": membership(group, user_id)}, origin)

    def remove_members(self, group: Group, user_ids: Iterable[str], origin: Origin) -> None:
        """End memberships; of who is no member nothing is told."""
        for user_id in list(user_ids):
            if group.members.pop(user_id, None) is not None:
                self._emit("group.member.deleted", {"object": membership(group, user_id)}, origin)

    def assign_roles(self, group: Group, role_ids: list[str], origin: Origin, organization_id: str = "") -> None:
        """Give a group roles, everywhere or in one organization."""
        held = group.held(organization_id)
        for role in [self._roles.get(role_id) for role_id in role_ids]:
            if role["id"] not in held:
                held[role["id"]] = None
                named = {"id": role["id"], "name": role["name"]}
                told = {"group": group.reference(), "role": named, "created_at": self._now()}
                self._tell_role("assigned", told, organization_id, origin)

    def unassign_roles(self, group: Group, role_ids: list[str], origin: Origin, organization_id: str = "") -> None:
        """Take roles from a group."""
        held = group.held(organization_id)
        for role_id in role_ids:
            if role_id in held:
                del held[role_id]
                told = {"group": group.reference(), "role": {"id": role_id}, "deleted_at": self._now()}
                self._tell_role("deleted", told, organization_id, origin)

    def forget_user(self, user_id: str, origin: Origin) -> None:
        """End all memberships of a user who is gone."""
        for group in self.of_user(user_id):
            self.remove_members(group, [user_id], origin)

    def forget_role(self, role_id: str) -> None:
        """Take a role that is gone from all groups."""
        for group in self._groups.values():
            for held in (group.roles, *group.organization_roles.values()):
                held.pop(role_id, None)

    def forget_connection(self, connection_id: str, origin: Origin) -> None:
        """Remove the groups of a connection that is gone."""
        for group in [one for one in self._groups.values() if one.connection_id == connection_id]:
            self.delete(group.id, origin)

    def _tell_role(self, what: str, told: dict[str, Any], organization_id: str, origin: Origin) -> None:
        if organization_id:
            told = {"organization": {"id": organization_id}, **told}
            self._emit(f"organization.group.role.{what}", {"object": told}, origin)
        else:
            self._emit(f"group.role.{what}", {"object": told}, origin)

    def _now(self) -> str:
        return iso_milliseconds(self._clock())


def membership(group: Group, user_id: str) -> dict[str, Any]:
    """Return how events tell of a member of a group."""
    member = {"member_type": "user", "id": user_id, "type": "connection", "connection_id": group.connection_id}
    return {"group": group.reference(), "member": member}
