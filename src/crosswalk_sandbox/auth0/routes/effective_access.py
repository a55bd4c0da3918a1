"""What users may do however they came by it: roles and permissions, directly or through groups and organizations."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from crosswalk_sandbox.auth0.groups import Group
from crosswalk_sandbox.auth0.problems import invalid_query
from crosswalk_sandbox.auth0.routes.checkpoints import page_by_checkpoint
from crosswalk_sandbox.auth0.routes.exchange import Query, answer
from crosswalk_sandbox.auth0.routes.groups import shown as shown_group
from crosswalk_sandbox.auth0.tenant import Tenant

PAGED = ("from", "take")
MEMBER_FIELDS = ("user_id", "picture", "name", "email")


def effective_access_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes of effective roles and permissions, and of who has a role in an organization."""
    routes = EffectiveAccess(tenant)
    of_user, of_member = "/users/{user_id}", "/organizations/{id}/members/{user_id}"
    of_role = "/organizations/{id}/roles/{role_id}"
    return [
        Route(f"{of_user}/effective-roles", routes.roles, methods=["GET"]),
        Route(f"{of_user}/effective-roles/sources/groups", routes.groups_behind_role, methods=["GET"]),
        Route(f"{of_user}/effective-permissions", routes.permissions, methods=["GET"]),
        Route(
            f"{of_user}/effective-permissions/sources/effective-roles", routes.roles_behind_permission, methods=["GET"]
        ),
        Route(f"{of_member}/effective-roles", routes.roles, methods=["GET"]),
        Route(f"{of_member}/effective-roles/sources/groups", routes.groups_behind_role, methods=["GET"]),
        Route(f"{of_role}/members", routes.members_with_role, methods=["GET"]),
        Route(f"{of_role}/groups", routes.groups_with_role, methods=["GET"]),
    ]


class EffectiveAccess:
    """The operations on one user, everywhere or as a member of an organization, and on a role there."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def roles(self, request: Request) -> Response:
        """Return one page of the roles of a user or member, each with whether it is direct, by groups or both."""
        query = Query(request, PAGED)
        with self._tenant.lock:
            found = [
                {**role, "sources": sources}
                for role, sources in self._roles(request.path_params["user_id"], request.path_params.get("id", ""))
            ]
        shown = [{name: one[name] for name in ("id", "name", "description", "sources")} for one in found]
        return answer(page_by_checkpoint(shown, query, "roles"))

    async def groups_behind_role(self, request: Request) -> Response:
        """Return one page of the groups that give a user or member one role."""
        query = Query(request, (*PAGED, "role_id"))
        role_id = required(query, "role_id", "ID of the role")
        user_id, organization_id = request.path_params["user_id"], request.path_params.get("id", "")
        with self._tenant.lock:
            self._check_known(user_id, organization_id)
            groups = [
                group for group in self._tenant.groups.of_user(user_id) if role_id in held(group, organization_id)
            ]
            found = [shown_group(group, self._tenant) for group in groups]
        return answer(page_by_checkpoint(found, query, "groups"))

    async def permissions(self, request: Request) -> Response:
        """Return one page of a user's permissions for one API."""
        query = Query(request, (*PAGED, "resource_server_identifier"))
        identifier = required(query, "resource_server_identifier", "Identifier of the API")
        user_id = request.path_params["user_id"]
        with self._tenant.lock:
            self._check_known(user_id, "")
            roles = [role["id"] for role, _ in self._roles(user_id, "")]
            found = self._tenant.roles.effective_permissions(user_id, roles, identifier)
        # Names tell permissions of one API apart.
        return answer(page_by_checkpoint(found, query, "permissions", key="permission_name"))

    async def roles_behind_permission(self, request: Request) -> Response:
        """Return one page of the roles that give a user one permission."""
        query = Query(request, (*PAGED, "resource_server_identifier", "permission_name"))
        identifier = required(query, "resource_server_identifier", "Identifier of the API")
        permission = (identifier, required(query, "permission_name", "Name of the permission"))
        with self._tenant.lock:
            found = [
                {**role, "sources": sources}
                for role, sources in self._roles(request.path_params["user_id"], "")
                if self._tenant.roles.has_permission(role["id"], permission)
            ]
        return answer(page_by_checkpoint(found, query, "roles"))

    async def members_with_role(self, request: Request) -> Response:
        """Return one page of the members who have a role in the organization themselves, not by a group."""
        query = Query(request, (*PAGED, "fields", "include_fields"))
        role_id = request.path_params["role_id"]
        with self._tenant.lock:
            self._tenant.roles.get(role_id)
            members = self._tenant.organizations.find(request.path_params["id"]).members
            users = [self._tenant.users.get(user_id) for user_id, roles in members.items() if role_id in roles]
        found = [{name: one[name] for name in MEMBER_FIELDS if name in one} for one in users]
        return answer(page_by_checkpoint(found, query, "members", key="user_id"))

    async def groups_with_role(self, request: Request) -> Response:
        """Return one page of the groups that have a role in the organization."""
        query = Query(request, PAGED)
        organization_id, role_id = request.path_params["id"], request.path_params["role_id"]
        with self._tenant.lock:
            self._tenant.roles.get(role_id)
            self._tenant.organizations.find(organization_id)
            groups = [
                one for one in self._tenant.groups.all() if role_id in one.organization_roles.get(organization_id, {})
            ]
            found = [shown_group(group, self._tenant) for group in groups]
        return answer(page_by_checkpoint(found, query, "groups"))

    def _check_known(self, user_id: str, organization_id: str) -> None:
        self._tenant.users.get(user_id)
        if organization_id:
            self._tenant.organizations.member_roles(organization_id, user_id)

    def _roles(self, user_id: str, organization_id: str) -> list[tuple[dict[str, Any], list[str]]]:
        """Return the roles that hold everywhere, or those of one organization, each with where it comes from."""
        self._check_known(user_id, organization_id)
        direct = (
            list(self._tenant.organizations.member_roles(organization_id, user_id))
            if organization_id
            else [role["id"] for role in self._tenant.roles.of_user(user_id)]
        )
        grouped = [one for group in self._tenant.groups.of_user(user_id) for one in held(group, organization_id)]
        return [
            (
                self._tenant.roles.get(role_id),
                [source for source, ids in (("direct", direct), ("groups", grouped)) if role_id in ids],
            )
            for role_id in dict.fromkeys([*direct, *grouped])
        ]


def held(group: Group, organization_id: str) -> dict[str, None]:
    """Return the roles that members of a group have, everywhere or in one organization: for reading only."""
    return group.organization_roles.get(organization_id, {}) if organization_id else group.roles


def required(query: Query, name: str, meaning: str) -> str:
    """Return a parameter that has to be there, or raise the vendor's 400."""
    if not query.text(name):
        raise invalid_query(f"Missing required property: {name}", name, meaning)
    return query.text(name)
