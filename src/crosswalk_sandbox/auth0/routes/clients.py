"""`/api/v2/clients` and `/api/v2/client-grants`."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from crosswalk_sandbox.auth0.clients import shown_client
from crosswalk_sandbox.auth0.organizations import shown_organization
from crosswalk_sandbox.auth0.paging import page_of, projected
from crosswalk_sandbox.auth0.problems import Problem, invalid_property
from crosswalk_sandbox.auth0.resource_servers import GRANT_PROPERTIES, scope_values
from crosswalk_sandbox.auth0.routes.checkpoints import page_by_checkpoint, totals_or_checkpoint
from crosswalk_sandbox.auth0.routes.exchange import Query, answer, no_content, read_json
from crosswalk_sandbox.auth0.routes.operations import log_operation
from crosswalk_sandbox.auth0.schema import check_body
from crosswalk_sandbox.auth0.tenant import Tenant

LIST_PARAMETERS = (
    "fields",
    "include_fields",
    "page",
    "per_page",
    "include_totals",
    "is_global",
    "is_first_party",
    "app_type",
)


def client_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes of applications and their grants."""
    clients, grants = ClientRoutes(tenant), GrantRoutes(tenant)
    return [
        Route("/clients", clients.list_clients, methods=["GET"]),
        Route("/clients", clients.create, methods=["POST"]),
        Route("/clients/{id}", clients.get, methods=["GET"]),
        Route("/clients/{id}", clients.update, methods=["PATCH"]),
        Route("/clients/{id}", clients.delete, methods=["DELETE"]),
        Route("/clients/{id}/rotate-secret", clients.rotate_secret, methods=["POST"]),
        Route("/clients/{id}/connections", clients.connections, methods=["GET"]),
        Route("/client-grants", grants.list_grants, methods=["GET"]),
        Route("/client-grants", grants.create, methods=["POST"]),
        Route("/client-grants/{id}", grants.get, methods=["GET"]),
        Route("/client-grants/{id}", grants.update, methods=["PATCH"]),
        Route("/client-grants/{id}", grants.delete, methods=["DELETE"]),
        Route("/client-grants/{id}/organizations", grants.organizations, methods=["GET"]),
    ]


class ClientRoutes:
    """The operations on applications."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def list_clients(self, request: Request) -> Response:
        """Return one page of the applications."""
        query = Query(request, LIST_PARAMETERS)
        with self._tenant.lock:
            found = self._tenant.clients.all()
        for name in ("is_global", "is_first_party"):
            if name in query:
                wanted = query.flag(name, default=False)
                found = [one for one in found if one["global" if name == "is_global" else name] == wanted]
        if "app_type" in query:
            found = [one for one in found if one.get("app_type") in query.names("app_type")]
        return answer(page_of(found, query, "clients", default_size=50))

    async def create(self, request: Request) -> Response:
        """Create an application."""
        body = await read_json(request)
        with self._tenant.lock:
            client = self._tenant.clients.create(body)
            log_operation(self._tenant, request, "Create a client", body, client, 201)
        return answer(client, 201)

    async def get(self, request: Request) -> Response:
        """Return one application."""
        query = Query(request, ("fields", "include_fields"))
        with self._tenant.lock:
            return answer(projected(shown_client(self._tenant.clients.get(request.path_params["id"])), query))

    async def update(self, request: Request) -> Response:
        """Change an application."""
        body = await read_json(request)
        with self._tenant.lock:
            client = self._tenant.clients.update(request.path_params["id"], body)
            log_operation(self._tenant, request, "Update a client", body, client)
        return answer(client)

    async def delete(self, request: Request) -> Response:
        """Delete an application and what it was granted."""
        client_id = request.path_params["id"]
        with self._tenant.lock:
            self._tenant.clients.delete(client_id)
            self._tenant.client_grants.forget(client_id=client_id)
            self._tenant.signin.forget_client(client_id)
            self._tenant.connections.forget_client(client_id)
            self._tenant.resources.forget_owner(f"/clients/{client_id}")
            log_operation(self._tenant, request, "Delete a client", {}, {}, 204)
        return no_content()

    async def rotate_secret(self, request: Request) -> Response:
        """Give an application a new secret."""
        with self._tenant.lock:
            client = self._tenant.clients.rotate_secret(request.path_params["id"])
            log_operation(self._tenant, request, "Rotate a client secret", {}, client)
        return answer(client)

    async def connections(self, request: Request) -> Response:
        """Return one page of the connections that are enabled for an application."""
        query = Query(request, ("strategy", "from", "take", "fields", "include_fields"))
        with self._tenant.lock:
            client_id = self._tenant.clients.get(request.path_params["id"])["client_id"]
            enabled = [one for one in self._tenant.connections.every() if one.allows(client_id)]
            wanted = [one for one in enabled if "strategy" not in query or one.strategy in query.all("strategy")]
            found = [self._tenant.connections.shown(one) for one in wanted]
        return answer(page_by_checkpoint(found, query, "connections"))


class GrantRoutes:
    """The operations on what applications may do on their own."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def list_grants(self, request: Request) -> Response:
        """Return one page of the grants."""
        filters = ("audience", "client_id")
        query = Query(request, (*filters, "page", "per_page", "include_totals", "from", "take"))
        with self._tenant.lock:
            found = self._tenant.client_grants.all()
        for name in filters:
            if name in query:
                found = [one for one in found if one[name] == query.text(name)]
        return answer(totals_or_checkpoint(found, query, "client_grants"))

    async def create(self, request: Request) -> Response:
        """Allow an application tokens of its own for an API."""
        body = check_body(await read_json(request), GRANT_PROPERTIES, required=("client_id", "audience"))
        with self._tenant.lock:
            self._tenant.clients.get(body["client_id"])
            self._check_scopes(body["audience"], body)
            grant = self._tenant.client_grants.create(body)
            log_operation(self._tenant, request, "Create client grant", body, grant, 201)
        return answer(grant, 201)

    async def get(self, request: Request) -> Response:
        """Return one grant."""
        with self._tenant.lock:
            return answer(self._tenant.client_grants.get(request.path_params["id"]))

    async def update(self, request: Request) -> Response:
        """Change a grant."""
        body = await read_json(request)
        with self._tenant.lock:
            before = self._tenant.client_grants.get(request.path_params["id"])
            if isinstance(body, dict):
                self._check_scopes(before["audience"], body)
            grant = self._tenant.client_grants.update(before["id"], body)
            log_operation(self._tenant, request, "Update a client grant", body, grant)
        return answer(grant)

    async def delete(self, request: Request) -> Response:
        """Take a grant back."""
        with self._tenant.lock:
            self._tenant.client_grants.delete(request.path_params["id"])
            log_operation(self._tenant, request, "Delete a client grant", {}, {}, 204)
        return no_content()

    async def organizations(self, request: Request) -> Response:
        """Return one page of the organizations that may use a grant."""
        query = Query(request, ("from", "take", "include_totals"))
        with self._tenant.lock:
            grant_id = self._tenant.client_grants.get(request.path_params["id"])["id"]
            every = [self._tenant.organizations.find(one["id"]) for one in self._tenant.organizations.all()]
            found = [shown_organization(one.document) for one in every if grant_id in one.client_grants]
        return answer(page_by_checkpoint(found, query, "organizations"))

    def _check_scopes(self, audience: str, body: dict[str, Any]) -> None:
        server = self._tenant.resource_servers.find(audience)
        if server is None or server["identifier"] != audience:
            raise Problem(404, f"The resource server does not exist: {audience}", "inexistent_resource_server")
        for scope in body.get("scope") or []:
            if scope not in scope_values(server):
                found = f"The following scopes are not allowed for this resource server: {scope}"
                raise invalid_property(found, "scope", GRANT_PROPERTIES["scope"].meaning)
