"""`/api/v2/connections`: the connections themselves, their applications and their users."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from crosswalk_sandbox.auth0.accounts import delete_connection
from crosswalk_sandbox.auth0.paging import projected
from crosswalk_sandbox.auth0.problems import Problem, invalid_body, invalid_query
from crosswalk_sandbox.auth0.routes.checkpoints import totals_or_checkpoint
from crosswalk_sandbox.auth0.routes.exchange import Query, answer, no_content, origin_of, read_json
from crosswalk_sandbox.auth0.routes.operations import log_operation
from crosswalk_sandbox.auth0.tenant import Tenant

MOST_CLIENT_CHANGES = 50
PAGED = ("page", "per_page", "include_totals", "from", "take")


def connection_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes of connections."""
    routes = ConnectionRoutes(tenant)
    return [
        Route("/connections", routes.list_connections, methods=["GET"]),
        Route("/connections", routes.create, methods=["POST"]),
        Route("/connections/{id}", routes.get, methods=["GET"]),
        Route("/connections/{id}", routes.update, methods=["PATCH"]),
        Route("/connections/{id}", routes.delete, methods=["DELETE"]),
        Route("/connections/{id}/status", routes.status, methods=["GET"]),
        Route("/connections/{id}/clients", routes.clients, methods=["GET"]),
        Route("/connections/{id}/clients", routes.enable, methods=["PATCH"]),
        Route("/connections/{id}/users", routes.delete_user, methods=["DELETE"]),
    ]


class ConnectionRoutes:
    """The operations on connections."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def list_connections(self, request: Request) -> Response:
        """Return one page of the connections, all or those of some strategies, a name or a domain."""
        filters = ("strategy", "name", "domain_alias")
        query = Query(request, (*PAGED, *filters, "fields", "include_fields"))
        with self._tenant.lock:
            every = self._tenant.connections.every()
            wanted = [one for one in every if "strategy" not in query or one.strategy in query.all("strategy")]
            if "name" in query:
                wanted = [one for one in wanted if one.name == query.text("name")]
            if "domain_alias" in query:
                wanted = [one for one in wanted if one.serves_domain(f"@{query.text('domain_alias')}")]
            found = [self._tenant.connections.shown(one) for one in wanted]
        page = totals_or_checkpoint(found, query, "connections")
        if isinstance(page, dict):
            # `page_of` has projected the items already; a page by checkpoint holds them whole.
            return answer({**page, "connections": [projected(one, query) for one in page["connections"]]})
        return answer(page)

    async def create(self, request: Request) -> Response:
        """Create a connection."""
        body = await read_json(request)
        with self._tenant.lock:
            connection = self._tenant.connections.create(body, origin_of(request))
            log_operation(self._tenant, request, "Create a connection", body, connection, 201)
        return answer(connection, 201)

    async def get(self, request: Request) -> Response:
        """Return one connection."""
        query = Query(request, ("fields", "include_fields"))
        with self._tenant.lock:
            found = self._tenant.connections.find(request.path_params["id"])
            return answer(projected(self._tenant.connections.shown(found), query))

    async def update(self, request: Request) -> Response:
        """Change a connection."""
        body = await read_json(request)
        with self._tenant.lock:
            connection = self._tenant.connections.update(request.path_params["id"], body, origin_of(request))
            log_operation(self._tenant, request, "Update a connection", body, connection)
        return answer(connection)

    async def delete(self, request: Request) -> Response:
        """Delete a connection with its users."""
        with self._tenant.lock:
            delete_connection(self._tenant, request.path_params["id"], origin_of(request))
            log_operation(self._tenant, request, "Delete a connection", {}, {}, 204)
        return no_content()

    async def status(self, request: Request) -> Response:
        """Tell that a connection works; only those with a provider of its own could be offline."""
        with self._tenant.lock:
            self._tenant.connections.find(request.path_params["id"])
        return Response(status_code=200)

    async def clients(self, request: Request) -> Response:
        """Return one page of the applications for which a connection is enabled."""
        query = Query(request, ("from", "take"))
        with self._tenant.lock:
            connection = self._tenant.connections.find(request.path_params["id"])
            found = [{"client_id": one} for one in self._tenant.connections.clients_of(connection)]
        page = totals_or_checkpoint(found, query, "clients", key="client_id")
        return answer(page if isinstance(page, dict) else {"clients": page})

    async def enable(self, request: Request) -> Response:
        """Enable a connection for applications, or disable it."""
        body = await read_json(request)
        with self._tenant.lock:
            self._tenant.connections.enable(request.path_params["id"], checked_changes(body), origin_of(request))
            log_operation(self._tenant, request, "Update enabled clients for a connection", body, {}, 204)
        return no_content()

    async def delete_user(self, request: Request) -> Response:
        """Delete the user of a database who has an e-mail address."""
        query = Query(request, ("email",))
        if "email" not in query:
            raise invalid_query("Missing required property: email", "email", "The email of the user to delete")
        with self._tenant.lock:
            connection = self._tenant.connections.find(request.path_params["id"])
            if connection.kind != "database":
                raise Problem(400, "The connection is not a database connection", "operation_not_supported")
            user_id = self._tenant.users.login_of(connection.name, query.text("email"))
            if user_id is not None and self._tenant.users.owner_of(user_id) == user_id:
                self._tenant.end_user(user_id, origin_of(request))
            log_operation(self._tenant, request, "Delete a connection user", {}, {}, 204)
        return no_content()


def checked_changes(body: Any) -> dict[str, bool]:
    """Return which applications a request enables and disables, or raise the vendor's 400."""
    if not isinstance(body, list) or not 1 <= len(body) <= MOST_CLIENT_CHANGES:
        raise invalid_body(f"Expected an array of 1 to {MOST_CLIENT_CHANGES} items")
    changes: dict[str, bool] = {}
    for item in body:
        if not isinstance(item, dict) or set(item) != {"client_id", "status"} or not isinstance(item["status"], bool):
            raise invalid_body("Expected items of client_id and status")
        changes[str(item["client_id"])] = item["status"]
    return changes
