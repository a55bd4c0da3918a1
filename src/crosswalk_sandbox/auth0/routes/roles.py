"""`/api/v2/roles`, and the roles and permissions of users under `/api/v2/users/{id}`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from crosswalk_sandbox.auth0.paging import page_of
from crosswalk_sandbox.auth0.roles import checked_ids
from crosswalk_sandbox.auth0.routes.checkpoints import totals_or_checkpoint
from crosswalk_sandbox.auth0.routes.exchange import Query, answer, no_content, read_json
from crosswalk_sandbox.auth0.routes.operations import log_operation
from crosswalk_sandbox.auth0.tenant import Tenant

PAGED = ("page", "per_page", "include_totals")
Change = Callable[[str, Any], None]


def role_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes of roles."""
    roles, assignments = RoleRoutes(tenant), AssignmentRoutes(tenant)
    return [
        Route("/roles", roles.list_roles, methods=["GET"]),
        Route("/roles", roles.create, methods=["POST"]),
        Route("/roles/{id}", roles.get, methods=["GET"]),
        Route("/roles/{id}", roles.update, methods=["PATCH"]),
        Route("/roles/{id}", roles.delete, methods=["DELETE"]),
        Route("/roles/{id}/permissions", roles.permissions, methods=["GET"]),
        Route("/roles/{id}/permissions", roles.add_permissions, methods=["POST"]),
        Route("/roles/{id}/permissions", roles.remove_permissions, methods=["DELETE"]),
        Route("/roles/{id}/users", assignments.users, methods=["GET"]),
        Route("/roles/{id}/users", assignments.assign_users, methods=["POST"]),
        Route("/users/{id}/roles", assignments.roles, methods=["GET"]),
        Route("/users/{id}/roles", assignments.assign, methods=["POST"]),
        Route("/users/{id}/roles", assignments.unassign, methods=["DELETE"]),
        Route("/users/{id}/permissions", assignments.permissions, methods=["GET"]),
        Route("/users/{id}/permissions", assignments.add_permissions, methods=["POST"]),
        Route("/users/{id}/permissions", assignments.remove_permissions, methods=["DELETE"]),
    ]


class RoleRoutes:
    """The operations on roles themselves."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def list_roles(self, request: Request) -> Response:
        """Return one page of the roles."""
        query = Query(request, (*PAGED, "name_filter", "type"))
        wanted = query.text("name_filter").lower()
        with self._tenant.lock:
            found = [role for role in self._tenant.roles.all() if wanted in role["name"].lower()]
        if "type" in query:
            found = [role for role in found if role["type"] == query.text("type")]
        return answer(page_of(found, query, "roles", default_size=50))

    async def create(self, request: Request) -> Response:
        """Create a role."""
        body = await read_json(request)
        with self._tenant.lock:
            role = self._tenant.roles.create(body)
            log_operation(self._tenant, request, "Create a role", body, role)
        return answer(role)

    async def get(self, request: Request) -> Response:
        """Return one role."""
        with self._tenant.lock:
            return answer(self._tenant.roles.get(request.path_params["id"]))

    async def update(self, request: Request) -> Response:
        """Change a role."""
        body = await read_json(request)
        with self._tenant.lock:
            role = self._tenant.roles.update(request.path_params["id"], body)
            log_operation(self._tenant, request, "Update a role", body, role)
        return answer(role)

    async def delete(self, request: Request) -> Response:
        """Delete a role, which nobody has any more then."""
        role_id = request.path_params["id"]
        with self._tenant.lock:
            self._tenant.roles.delete(role_id)
            self._tenant.organizations.forget_role(role_id)
            self._tenant.groups.forget_role(role_id)
            log_operation(self._tenant, request, "Delete a role", {}, {})
        return answer({})

    async def permissions(self, request: Request) -> Response:
        """Return one page of a role's permissions."""
        query = Query(request, PAGED)
        with self._tenant.lock:
            found = self._tenant.roles.permissions(request.path_params["id"])
        return answer(page_of(found, query, "permissions", default_size=50))

    async def add_permissions(self, request: Request) -> Response:
        """Give a role permissions."""
        body = await read_json(request)
        with self._tenant.lock:
            self._tenant.roles.add_permissions(request.path_params["id"], body)
            log_operation(self._tenant, request, "Associate permissions with a role", body, {}, 201)
        return answer({}, 201)

    async def remove_permissions(self, request: Request) -> Response:
        """Take permissions from a role."""
        body = await read_json(request)
        with self._tenant.lock:
            self._tenant.roles.remove_permissions(request.path_params["id"], body)
            log_operation(self._tenant, request, "Remove permissions from a role", body, {}, 204)
        return no_content()


class AssignmentRoutes:
    """The operations on who has which role or permission."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def users(self, request: Request) -> Response:
        """Return one page of the users who have a role."""
        query = Query(request, (*PAGED, "from", "take"))
        with self._tenant.lock:
            documents = [self._tenant.users.get(one) for one in self._tenant.roles.users_of(request.path_params["id"])]
        shown = [{name: one.get(name) for name in ("user_id", "picture", "name", "email")} for one in documents]
        return answer(totals_or_checkpoint(shown, query, "users", key="user_id"))

    async def assign_users(self, request: Request) -> Response:
        """Give users a role."""
        body = await read_json(request)
        user_ids = checked_ids(body, "users", "user_id's of the users to assign the role to")
        with self._tenant.lock:
            for user_id in user_ids:
                self._tenant.users.get(user_id)
            for user_id in user_ids:
                self._tenant.roles.assign(user_id, [request.path_params["id"]])
            log_operation(self._tenant, request, "Assign users to a role", body, {})
        return answer({})

    async def roles(self, request: Request) -> Response:
        """Return one page of a user's roles."""
        query = Query(request, PAGED)
        user_id = request.path_params["id"]
        with self._tenant.lock:
            self._tenant.users.get(user_id)
            found = self._tenant.roles.of_user(user_id)
        return answer(page_of(found, query, "roles", default_size=50))

    async def assign(self, request: Request) -> Response:
        """Give a user roles."""
        return await self._change_roles(request, self._tenant.roles.assign, "Assign roles to a user")

    async def unassign(self, request: Request) -> Response:
        """Take roles from a user."""
        return await self._change_roles(request, self._tenant.roles.unassign, "Remove roles from a user")

    async def _change_roles(self, request: Request, change: Change, description: str) -> Response:
        body = await read_json(request)
        role_ids = checked_ids(body, "roles", "List of roles IDs")
        with self._tenant.lock:
            self._tenant.users.get(request.path_params["id"])
            change(request.path_params["id"], role_ids)
            log_operation(self._tenant, request, description, body, {}, 204)
        return no_content()

    async def permissions(self, request: Request) -> Response:
        """Return one page of a user's permissions."""
        query = Query(request, PAGED)
        user_id = request.path_params["id"]
        with self._tenant.lock:
            self._tenant.users.get(user_id)
            found = self._tenant.roles.user_permissions(user_id)
        return answer(page_of(found, query, "permissions", default_size=50))

    async def add_permissions(self, request: Request) -> Response:
        """Give a user permissions directly."""
        body = await read_json(request)
        with self._tenant.lock:
            self._tenant.users.get(request.path_params["id"])
            added = self._tenant.roles.checked_permissions(body)
            self._tenant.roles.direct_permissions(request.path_params["id"]).update(dict.fromkeys(added))
            log_operation(self._tenant, request, "Assign permissions to a user", body, {}, 201)
        return answer({}, 201)

    async def remove_permissions(self, request: Request) -> Response:
        """Take permissions from a user that were given directly."""
        body = await read_json(request)
        with self._tenant.lock:
            self._tenant.users.get(request.path_params["id"])
            held = self._tenant.roles.direct_permissions(request.path_params["id"])
            for permission in self._tenant.roles.checked_permissions(body):
                held.pop(permission, None)
            log_operation(self._tenant, request, "Remove permissions from a user", body, {}, 204)
        return no_content()
