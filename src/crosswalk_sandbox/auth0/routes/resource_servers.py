"""`/api/v2/resource-servers`: the APIs that tokens are for."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from crosswalk_sandbox.auth0.paging import page_of
from crosswalk_sandbox.auth0.routes.exchange import Query, answer, no_content, read_json
from crosswalk_sandbox.auth0.routes.operations import log_operation
from crosswalk_sandbox.auth0.tenant import Tenant


def resource_server_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes of APIs. An id in the path may also be the API's identifier, encoded."""
    routes = ResourceServerRoutes(tenant)
    return [
        Route("/resource-servers", routes.list_servers, methods=["GET"]),
        Route("/resource-servers", routes.create, methods=["POST"]),
        Route("/resource-servers/{id:path}", routes.get, methods=["GET"]),
        Route("/resource-servers/{id:path}", routes.update, methods=["PATCH"]),
        Route("/resource-servers/{id:path}", routes.delete, methods=["DELETE"]),
    ]


class ResourceServerRoutes:
    """The operations on APIs."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def list_servers(self, request: Request) -> Response:
        """Return one page of the APIs."""
        query = Query(request, ("identifiers", "page", "per_page", "include_totals", "include_fields"))
        with self._tenant.lock:
            found = self._tenant.resource_servers.all()
        if "identifiers" in query:
            wanted = {name for text in query.all("identifiers") for name in text.split(",")}
            found = [one for one in found if one["identifier"] in wanted]
        return answer(page_of(found, query, "resource_servers", default_size=50))

    async def create(self, request: Request) -> Response:
        """Create an API."""
        body = await read_json(request)
        with self._tenant.lock:
            server = self._tenant.resource_servers.create(body)
            log_operation(self._tenant, request, "Create a resource server", body, server, 201)
        return answer(server, 201)

    async def get(self, request: Request) -> Response:
        """Return one API."""
        with self._tenant.lock:
            return answer(self._tenant.resource_servers.get(request.path_params["id"]))

    async def update(self, request: Request) -> Response:
        """Change an API."""
        body = await read_json(request)
        with self._tenant.lock:
            server = self._tenant.resource_servers.update(request.path_params["id"], body)
            log_operation(self._tenant, request, "Update a resource server", body, server)
        return answer(server)

    async def delete(self, request: Request) -> Response:
        """Delete an API, and with it what was granted for it."""
        with self._tenant.lock:
            server = self._tenant.resource_servers.delete(request.path_params["id"])
            if server is not None:
                self._tenant.client_grants.forget(audience=server["identifier"])
                self._tenant.roles.forget_api(server["identifier"])
            log_operation(self._tenant, request, "Delete a resource server", {}, {}, 204)
        return no_content()
