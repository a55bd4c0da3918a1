"""Members of organizations and their roles: `/api/v2/organizations/{id}/members`, and a user's organizations."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from crosswalk_sandbox.auth0.paging import page_of
from crosswalk_sandbox.auth0.roles import checked_ids
from crosswalk_sandbox.auth0.routes.checkpoints import totals_or_checkpoint
from crosswalk_sandbox.auth0.routes.exchange import Query, answer, no_content, origin_of, read_json
from crosswalk_sandbox.auth0.routes.operations import log_operation
from crosswalk_sandbox.auth0.tenant import Tenant

PAGED = ("page", "per_page", "include_totals")
SHOWN = ("user_id", "picture", "name", "email")


def organization_member_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes of members."""
    routes = MemberRoutes(tenant)
    roles = "/organizations/{id}/members/{user_id}/roles"
    return [
        Route("/organizations/{id}/members", routes.list_members, methods=["GET"]),
        Route("/organizations/{id}/members", routes.add, methods=["POST"]),
        Route("/organizations/{id}/members", routes.remove, methods=["DELETE"]),
        Route(roles, routes.roles, methods=["GET"]),
        Route(roles, routes.assign_roles, methods=["POST"]),
        Route(roles, routes.unassign_roles, methods=["DELETE"]),
        Route("/users/{id}/organizations", routes.organizations_of_user, methods=["GET"]),
    ]


class MemberRoutes:
    """The operations on members."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def list_members(self, request: Request) -> Response:
        """Return one page of the members, with their roles when `fields` names them."""
        query = Query(request, (*PAGED, "from", "take", "fields", "include_fields"))
        names = set(query.names("fields")) or set(SHOWN)
        with self._tenant.lock:
            members = self._tenant.organizations.find(request.path_params["id"]).members
            found = [self._shown(user_id, roles) for user_id, roles in members.items()]
        shown = [{name: value for name, value in one.items() if name in names | {"user_id"}} for one in found]
        return answer(totals_or_checkpoint(shown, query, "members", key="user_id"))

    def _shown(self, user_id: str, roles: dict[str, None]) -> dict[str, Any]:
        user = self._tenant.users.get(user_id)
        named = [self._tenant.roles.get(role_id) for role_id in roles]
        return {
            **{name: user[name] for name in SHOWN if name in user},
            "roles": [{"id": role["id"], "name": role["name"]} for role in named],
        }

    async def add(self, request: Request) -> Response:
        """Make users members."""
        body = await read_json(request)
        user_ids = checked_ids(body, "members", "List of user IDs to add to the organization as members")
        with self._tenant.lock:
            for user_id in user_ids:
                self._tenant.users.get(user_id)
            for user_id in user_ids:
                self._tenant.organizations.add_member(request.path_params["id"], user_id, origin_of(request))
            log_operation(self._tenant, request, "Add members to an organization", body, {}, 204)
        return no_content()

    async def remove(self, request: Request) -> Response:
        """End memberships."""
        body = await read_json(request)
        user_ids = checked_ids(body, "members", "List of user IDs to remove from the organization")
        with self._tenant.lock:
            for user_id in user_ids:
                self._tenant.organizations.remove_member(request.path_params["id"], user_id, origin_of(request))
            log_operation(self._tenant, request, "Delete members from an organization", body, {}, 204)
        return no_content()

    async def roles(self, request: Request) -> Response:
        """Return one page of a member's roles."""
        query = Query(request, PAGED)
        with self._tenant.lock:
            held = self._tenant.organizations.member_roles(request.path_params["id"], request.path_params["user_id"])
            found = [self._tenant.roles.get(role_id) for role_id in held]
        return answer(page_of(found, query, "roles", default_size=50))

    async def assign_roles(self, request: Request) -> Response:
        """Give a member roles."""
        body = await read_json(request)
        role_ids = checked_ids(body, "roles", "List of roles IDs to associated with the user")
        organization_id, user_id = request.path_params["id"], request.path_params["user_id"]
        with self._tenant.lock:
            self._tenant.organizations.assign_roles(organization_id, user_id, role_ids, origin_of(request))
            log_operation(self._tenant, request, "Assign user roles to an Organization member", body, {}, 204)
        return no_content()

    async def unassign_roles(self, request: Request) -> Response:
        """Take roles from a member."""
        body = await read_json(request)
        role_ids = checked_ids(body, "roles", "List of roles IDs associated with the organization member to remove")
        organization_id, user_id = request.path_params["id"], request.path_params["user_id"]
        with self._tenant.lock:
            self._tenant.organizations.unassign_roles(organization_id, user_id, role_ids, origin_of(request))
            log_operation(self._tenant, request, "Delete user roles from an Organization member", body, {}, 204)
        return no_content()

    async def organizations_of_user(self, request: Request) -> Response:
        """Return one page of the organizations that a user is a member of."""
        query = Query(request, PAGED)
        with self._tenant.lock:
            self._tenant.users.get(request.path_params["id"])
            found = self._tenant.organizations.of_user(request.path_params["id"])
        return answer(page_of(found, query, "organizations", default_size=50))
