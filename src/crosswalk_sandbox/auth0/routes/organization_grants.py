"""What an organization may use: client grants, and its connections by the newer endpoint."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from crosswalk_sandbox.auth0.paging import page_of
from crosswalk_sandbox.auth0.routes.exchange import Query, answer, no_content, read_json
from crosswalk_sandbox.auth0.routes.operations import log_operation
from crosswalk_sandbox.auth0.routes.organizations import PAGED, ConnectionRoutes
from crosswalk_sandbox.auth0.schema import Property, check_body
from crosswalk_sandbox.auth0.tenant import Tenant

GRANT_ID = {"grant_id": Property(str, "A Client Grant ID to add to the organization")}


def organization_grant_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes of organizations' grants, and of their connections by the newer endpoint."""
    grants, connections = OrganizationGrantRoutes(tenant), AllConnectionRoutes(tenant)
    all_connections, connection = "/organizations/{id}/connections", "/organizations/{id}/connections/{connection_id}"
    return [
        Route("/organizations/{id}/client-grants", grants.list_grants, methods=["GET"]),
        Route("/organizations/{id}/client-grants", grants.add, methods=["POST"]),
        Route("/organizations/{id}/client-grants/{grant_id}", grants.remove, methods=["DELETE"]),
        Route(all_connections, connections.list_connections, methods=["GET"]),
        Route(all_connections, connections.add, methods=["POST"]),
        Route(connection, connections.get, methods=["GET"]),
        Route(connection, connections.update, methods=["PATCH"]),
        Route(connection, connections.remove, methods=["DELETE"]),
    ]


class OrganizationGrantRoutes:
    """The operations on which client grants an organization may use."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def list_grants(self, request: Request) -> Response:
        """Return one page of the organization's grants."""
        query = Query(request, (*PAGED, "audience", "client_id", "grant_ids"))
        with self._tenant.lock:
            organization = self._tenant.organizations.find(request.path_params["id"])
            found = [one for one in self._tenant.client_grants.all() if one["id"] in organization.client_grants]
        for name in ("audience", "client_id"):
            if name in query:
                found = [one for one in found if one[name] == query.text(name)]
        return answer(page_of(found, query, "client_grants", default_size=50))

    async def add(self, request: Request) -> Response:
        """Let an organization use a grant."""
        body = check_body(await read_json(request), GRANT_ID, required=("grant_id",))
        with self._tenant.lock:
            organization = self._tenant.organizations.find(request.path_params["id"])
            grant = self._tenant.client_grants.get(body["grant_id"])
            organization.client_grants[grant["id"]] = None
            log_operation(self._tenant, request, "Associate a client grant with an organization", body, grant, 201)
        return answer(grant, 201)

    async def remove(self, request: Request) -> Response:
        """Take a grant from an organization."""
        with self._tenant.lock:
            organization = self._tenant.organizations.find(request.path_params["id"])
            organization.client_grants.pop(request.path_params["grant_id"], None)
            log_operation(self._tenant, request, "Remove a client grant from an organization", {}, {}, 204)
        return no_content()


class AllConnectionRoutes(ConnectionRoutes):
    """The same connections as those called enabled, listed under another name."""

    async def list_connections(self, request: Request) -> Response:
        """Return one page of the organization's connections."""
        query = Query(request, (*PAGED, "is_enabled"))
        with self._tenant.lock:
            settings = self._tenant.organizations.find(request.path_params["id"]).connections.values()
            found = [{"is_enabled": True, **self._tenant.organizations.shown_connection(one)} for one in settings]
        if "is_enabled" in query:
            wanted = query.flag("is_enabled", default=True)
            found = [one for one in found if one["is_enabled"] == wanted]
        return answer(page_of(found, query, "connections", default_size=50))
