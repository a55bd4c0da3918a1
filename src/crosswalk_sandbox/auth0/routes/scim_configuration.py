"""`/api/v2/connections/{id}/scim-configuration`: letting a directory send users and groups to a connection."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from crosswalk_sandbox.auth0.routes.checkpoints import totals_or_checkpoint
from crosswalk_sandbox.auth0.routes.exchange import Query, answer, no_content, read_json
from crosswalk_sandbox.auth0.routes.operations import log_operation
from crosswalk_sandbox.auth0.scim.configurations import default_mapping
from crosswalk_sandbox.auth0.tenant import Tenant


def scim_configuration_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes of SCIM configurations and their tokens."""
    routes = ScimConfigurationRoutes(tenant)
    base = "/connections/{id}/scim-configuration"
    return [
        Route("/connections-scim-configurations", routes.list_configurations, methods=["GET"]),
        Route(base, routes.get, methods=["GET"]),
        Route(base, routes.create, methods=["POST"]),
        Route(base, routes.update, methods=["PATCH"]),
        Route(base, routes.delete, methods=["DELETE"]),
        Route(f"{base}/default-mapping", routes.mapping, methods=["GET"]),
        Route(f"{base}/tokens", routes.tokens, methods=["GET"]),
        Route(f"{base}/tokens", routes.create_token, methods=["POST"]),
        Route(f"{base}/tokens/{{token_id}}", routes.delete_token, methods=["DELETE"]),
    ]


class ScimConfigurationRoutes:
    """The operations on configurations."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def list_configurations(self, request: Request) -> Response:
        """Return one page of all configurations."""
        query = Query(request, ("from", "take"))
        with self._tenant.lock:
            found = [one.document(self._tenant.name) for one in self._tenant.scim.all()]
        page = totals_or_checkpoint(found, query, "scim_configurations", key="connection_id")
        return answer(page if isinstance(page, dict) else {"scim_configurations": page})

    async def get(self, request: Request) -> Response:
        """Return the configuration of a connection."""
        with self._tenant.lock:
            return answer(self._tenant.scim.find(request.path_params["id"]).document(self._tenant.name))

    async def create(self, request: Request) -> Response:
        """Let a connection take SCIM."""
        body = await read_optional(request)
        with self._tenant.lock:
            connection = self._tenant.connections.find(request.path_params["id"])
            shown = self._tenant.scim.create(connection, body).document(self._tenant.name)
            log_operation(self._tenant, request, "Create a SCIM configuration", body, shown, 201)
        return answer(shown, 201)

    async def update(self, request: Request) -> Response:
        """Change a configuration."""
        body = await read_json(request)
        with self._tenant.lock:
            shown = self._tenant.scim.update(request.path_params["id"], body).document(self._tenant.name)
            log_operation(self._tenant, request, "Update a SCIM configuration", body, shown)
        return answer(shown)

    async def delete(self, request: Request) -> Response:
        """End SCIM for a connection."""
        with self._tenant.lock:
            self._tenant.scim.delete(request.path_params["id"])
            log_operation(self._tenant, request, "Delete a SCIM configuration", {}, {}, 204)
        return no_content()

    async def mapping(self, request: Request) -> Response:
        """Return the mapping that a new configuration has."""
        with self._tenant.lock:
            self._tenant.connections.find(request.path_params["id"])
        return answer({"mapping": default_mapping()})

    async def tokens(self, request: Request) -> Response:
        """Return the tokens of a connection, without their text."""
        with self._tenant.lock:
            found = self._tenant.scim.find(request.path_params["id"]).tokens.values()
            return answer([token.shown for token in found])

    async def create_token(self, request: Request) -> Response:
        """Make a token, whose text is told only now."""
        body = await read_optional(request)
        with self._tenant.lock:
            shown = self._tenant.scim.add_token(request.path_params["id"], body)
            log_operation(self._tenant, request, "Create a SCIM token", body, {**shown, "token": "*****"}, 201)
        return answer(shown, 201)

    async def delete_token(self, request: Request) -> Response:
        """Take a token back."""
        with self._tenant.lock:
            tokens = self._tenant.scim.find(request.path_params["id"]).tokens
            tokens.pop(request.path_params["token_id"], None)
            log_operation(self._tenant, request, "Delete a SCIM token", {}, {}, 204)
        return no_content()


async def read_optional(request: Request) -> Any:
    """Return the JSON body of a request that may have none."""
    return await read_json(request) if await request.body() else {}
