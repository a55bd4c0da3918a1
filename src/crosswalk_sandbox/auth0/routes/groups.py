"""`/api/v2/groups` and the groups of users, roles and organizations. Providers make groups through SCIM."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from crosswalk_sandbox.auth0.groups import Group
from crosswalk_sandbox.auth0.roles import checked_ids
from crosswalk_sandbox.auth0.routes.checkpoints import page_by_checkpoint
from crosswalk_sandbox.auth0.routes.exchange import Query, answer, no_content, origin_of, read_json
from crosswalk_sandbox.auth0.routes.operations import log_operation
from crosswalk_sandbox.auth0.tenant import Tenant

PAGED = ("from", "take", "include_totals", "page", "per_page")
PROJECTION = ("fields", "include_fields")


def group_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes of groups."""
    groups, roles = GroupRoutes(tenant), GroupRoleRoutes(tenant)
    of_organization = "/organizations/{organization_id}/groups"
    return [
        Route("/groups", groups.list_groups, methods=["GET"]),
        Route("/groups/{id}", groups.get, methods=["GET"]),
        Route("/groups/{id}", groups.delete, methods=["DELETE"]),
        Route("/groups/{id}/members", groups.members, methods=["GET"]),
        Route("/users/{user_id}/groups", groups.of_user, methods=["GET"]),
        Route("/groups/{id}/roles", roles.roles, methods=["GET"]),
        Route("/groups/{id}/roles", roles.assign, methods=["POST"]),
        Route("/groups/{id}/roles", roles.unassign, methods=["DELETE"]),
        Route(of_organization, roles.of_organization, methods=["GET"]),
        Route(f"{of_organization}/{{id}}/roles", roles.roles, methods=["GET"]),
        Route(f"{of_organization}/{{id}}/roles", roles.assign, methods=["POST"]),
        Route(f"{of_organization}/{{id}}/roles", roles.unassign, methods=["DELETE"]),
        Route("/roles/{role_id}/groups", roles.of_role, methods=["GET"]),
        Route("/roles/{role_id}/groups", roles.assign_to_groups, methods=["POST"]),
        Route("/roles/{role_id}/groups", roles.unassign_from_groups, methods=["DELETE"]),
    ]


def shown(group: Group, tenant: Tenant) -> dict[str, Any]:
    """Return a group as the API shows it."""
    document = {
        "id": group.id,
        "name": group.name,
        "external_id": group.external_id or None,
        "connection_id": group.connection_id,
        "tenant_name": tenant.name,
        "created_at": group.created_at,
        "updated_at": group.updated_at,
    }
    return {name: value for name, value in document.items() if value is not None}


class GroupRoutes:
    """The operations on groups and their members."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def list_groups(self, request: Request) -> Response:
        """Return one page of the groups, all or those of a connection, a name or an id at the provider."""
        filters = ("connection_id", "name", "external_id")
        query = Query(request, (*PAGED, *PROJECTION, *filters, "search"))
        with self._tenant.lock:
            found = [shown(group, self._tenant) for group in self._tenant.groups.all()]
        for name in filters:
            if name in query:
                found = [one for one in found if one.get(name) == query.text(name)]
        wanted = query.text("search").lower()
        found = [one for one in found if wanted in one["name"].lower()]
        return answer(page_by_checkpoint(found, query, "groups"))

    async def get(self, request: Request) -> Response:
        """Return one group."""
        with self._tenant.lock:
            return answer(shown(self._tenant.groups.find(request.path_params["id"]), self._tenant))

    async def delete(self, request: Request) -> Response:
        """Delete a group."""
        with self._tenant.lock:
            self._tenant.groups.delete(request.path_params["id"], origin_of(request))
            log_operation(self._tenant, request, "Delete a group", {}, {}, 204)
        return no_content()

    async def members(self, request: Request) -> Response:
        """Return one page of a group's members."""
        query = Query(request, (*PAGED, *PROJECTION))
        with self._tenant.lock:
            group = self._tenant.groups.find(request.path_params["id"])
        found = [
            {
                "id": user_id,
                "member_type": "user",
                "type": "connection",
                "connection_id": group.connection_id,
                "created_at": added,
            }
            for user_id, added in group.members.items()
        ]
        return answer(page_by_checkpoint(found, query, "members"))

    async def of_user(self, request: Request) -> Response:
        """Return one page of the groups of a user."""
        query = Query(request, (*PAGED, *PROJECTION))
        user_id = request.path_params["user_id"]
        with self._tenant.lock:
            self._tenant.users.get(user_id)
            found = [
                {**shown(group, self._tenant), "membership_created_at": group.members[user_id]}
                for group in self._tenant.groups.of_user(user_id)
            ]
        return answer(page_by_checkpoint(found, query, "groups"))


class GroupRoleRoutes:
    """The operations on the roles of groups, everywhere and in organizations."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def roles(self, request: Request) -> Response:
        """Return one page of the roles of a group."""
        query = Query(request, PAGED)
        with self._tenant.lock:
            group, organization_id = self._addressed(request)
            found = [self._tenant.roles.get(role_id) for role_id in group.held(organization_id)]
        return answer(page_by_checkpoint(found, query, "roles"))

    async def assign(self, request: Request) -> Response:
        """Give a group roles."""
        body = await read_json(request)
        role_ids = checked_ids(body, "roles", "Array of role IDs to assign to the group")
        with self._tenant.lock:
            group, organization_id = self._addressed(request)
            self._tenant.groups.assign_roles(group, role_ids, origin_of(request), organization_id)
            log_operation(self._tenant, request, "Assign roles to a group", body, {}, 204)
        return no_content()

    async def unassign(self, request: Request) -> Response:
        """Take roles from a group."""
        body = await read_json(request)
        role_ids = checked_ids(body, "roles", "Array of role IDs to remove from the group")
        with self._tenant.lock:
            group, organization_id = self._addressed(request)
            self._tenant.groups.unassign_roles(group, role_ids, origin_of(request), organization_id)
            log_operation(self._tenant, request, "Remove roles from a group", body, {}, 204)
        return no_content()

    async def of_organization(self, request: Request) -> Response:
        """Return one page of the groups that have roles in an organization."""
        query = Query(request, PAGED)
        with self._tenant.lock:
            organization_id = self._tenant.organizations.find(request.path_params["organization_id"]).document["id"]
            every = self._tenant.groups.all()
            found = [shown(one, self._tenant) for one in every if one.organization_roles.get(organization_id)]
        return answer(page_by_checkpoint(found, query, "groups"))

    async def of_role(self, request: Request) -> Response:
        """Return one page of the groups that have a role."""
        query = Query(request, PAGED)
        with self._tenant.lock:
            role_id = self._tenant.roles.get(request.path_params["role_id"])["id"]
            found = [shown(one, self._tenant) for one in self._tenant.groups.all() if role_id in one.roles]
        return answer(page_by_checkpoint(found, query, "groups"))

    async def assign_to_groups(self, request: Request) -> Response:
        """Give a role to groups."""
        body = await read_json(request)
        group_ids = checked_ids(body, "groups", "Array of group IDs to assign to the role")
        with self._tenant.lock:
            for group in [self._tenant.groups.find(group_id) for group_id in group_ids]:
                self._tenant.groups.assign_roles(group, [request.path_params["role_id"]], origin_of(request))
            log_operation(self._tenant, request, "Assign groups to a role", body, {}, 204)
        return no_content()

    async def unassign_from_groups(self, request: Request) -> Response:
        """Take a role from groups."""
        body = await read_json(request)
        group_ids = checked_ids(body, "groups", "Array of group IDs to remove from the role")
        with self._tenant.lock:
            for group in [self._tenant.groups.find(group_id) for group_id in group_ids]:
                self._tenant.groups.unassign_roles(group, [request.path_params["role_id"]], origin_of(request))
            log_operation(self._tenant, request, "Remove groups from a role", body, {}, 204)
        return no_content()

    def _addressed(self, request: Request) -> tuple[Group, str]:
        """Return the group of a path and its organization's id, empty for roles that hold everywhere."""
        organization_id = request.path_params.get("organization_id", "")
        if organization_id:
            self._tenant.organizations.find(organization_id)
        return self._tenant.groups.find(request.path_params["id"]), organization_id
