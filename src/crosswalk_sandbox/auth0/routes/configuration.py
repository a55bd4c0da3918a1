"""The endpoints of the tenant's configuration, made from its two tables."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from crosswalk_sandbox.auth0.configuration.resource_table import RESOURCE_KINDS
from crosswalk_sandbox.auth0.configuration.resources import ResourceKind
from crosswalk_sandbox.auth0.configuration.settings import SettingsDocument, without_secrets
from crosswalk_sandbox.auth0.configuration.settings_table import SETTINGS_DOCUMENTS
from crosswalk_sandbox.auth0.paging import page_of, projected
from crosswalk_sandbox.auth0.routes.checkpoints import totals_or_checkpoint
from crosswalk_sandbox.auth0.routes.exchange import Query, answer, no_content, read_json
from crosswalk_sandbox.auth0.routes.operations import log_operation
from crosswalk_sandbox.auth0.tenant import Tenant

FIELDS = ("fields", "include_fields")
PAGED = ("page", "per_page", "include_totals")


def configuration_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes of all settings documents and resources."""
    routes: list[BaseRoute] = []
    for document in SETTINGS_DOCUMENTS:
        handlers = SettingsRoutes(tenant, document)
        endpoints = {"PATCH": handlers.change, "PUT": handlers.replace, "POST": handlers.create}
        routes.append(Route(document.path, handlers.read, methods=["GET"]))
        for method in document.methods:
            routes.append(Route(document.path, endpoints.get(method, handlers.delete), methods=[method]))
    for kind in RESOURCE_KINDS:
        collection = ResourceRoutes(tenant, kind)
        item = f"{kind.path}/{{item}}"
        if kind.paging != "none":
            routes.append(Route(kind.path, collection.list_items, methods=["GET"]))
        routes += [
            Route(kind.path, collection.create, methods=["POST"]),
            Route(item, collection.get, methods=["GET"]),
            Route(item, collection.update, methods=["PATCH", "PUT"]),
            Route(item, collection.delete, methods=["DELETE"]),
        ]
    return routes


class SettingsRoutes:
    """The operations on one settings document."""

    def __init__(self, tenant: Tenant, kind: SettingsDocument) -> None:
        self._tenant = tenant
        self._kind = kind

    async def read(self, request: Request) -> Response:
        """Return the document."""
        query = Query(request, FIELDS)
        with self._tenant.lock:
            document = self._tenant.settings.read(self._kind, self._key(request))
        return answer(projected(document, query))

    async def change(self, request: Request) -> Response:
        """Change the given properties."""
        body = await read_json(request)
        with self._tenant.lock:
            document = self._tenant.settings.change(self._kind, self._key(request), body)
            self._log(request, self._kind.change_told or f"Update {self._kind.about}", body, document)
        return answer(document)

    async def replace(self, request: Request) -> Response:
        """Put a whole document."""
        body = await read_json(request)
        with self._tenant.lock:
            document = self._tenant.settings.replace(self._kind, self._key(request), body)
            self._log(request, f"Set {self._kind.about}", body, document)
        return no_content() if self._kind.silent else answer(document)

    async def create(self, request: Request) -> Response:
        """Make the document where there is none."""
        body = await read_json(request)
        with self._tenant.lock:
            document = self._tenant.settings.create(self._kind, self._key(request), body)
            self._log(request, f"Create {self._kind.about}", body, document, 201)
        return answer(document, 201)

    async def delete(self, request: Request) -> Response:
        """Go back to the first values."""
        with self._tenant.lock:
            self._tenant.settings.delete(self._key(request))
            log_operation(self._tenant, request, f"Delete {self._kind.about}", {}, {}, 204)
        return no_content()

    def _key(self, request: Request) -> str:
        return self._kind.key(request.path_params)

    def _log(self, request: Request, told: str, body: Any, document: dict[str, Any], status: int = 200) -> None:
        log_operation(self._tenant, request, told, without_secrets(body, self._kind.hidden), document, status)


class ResourceRoutes:
    """The operations on one collection."""

    def __init__(self, tenant: Tenant, kind: ResourceKind) -> None:
        self._tenant = tenant
        self._kind = kind

    async def list_items(self, request: Request) -> Response:
        """Return the collection, or a page of it."""
        query = Query(request, (*FIELDS, *PAGED, "from", "take", "q", "sort", "hydrate", "app_id", "disabled"))
        with self._tenant.lock:
            found = self._tenant.resources.all(self._kind, self._path(request))
        name = self._kind.listed_as
        if self._kind.paging == "whole":
            return answer({name: found} if name else found)
        if self._kind.paging == "checkpoints":
            return answer(totals_or_checkpoint(found, query, name))
        return answer(page_of(found, query, name, default_size=50))

    async def create(self, request: Request) -> Response:
        """Create an item."""
        body = await read_json(request)
        with self._tenant.lock:
            item = self._tenant.resources.create(self._kind, self._path(request), body)
            shown = without_secrets(body, self._kind.hidden)
            log_operation(self._tenant, request, f"Create a {self._kind.about}", shown, item, 201)
        return answer(item, 201)

    async def get(self, request: Request) -> Response:
        """Return one item."""
        with self._tenant.lock:
            return answer(self._tenant.resources.get(self._kind, self._path(request), request.path_params["item"]))

    async def update(self, request: Request) -> Response:
        """Change an item."""
        body = await read_json(request)
        item_id = request.path_params["item"]
        with self._tenant.lock:
            item = self._tenant.resources.update(self._kind, self._path(request), item_id, body)
            shown = without_secrets(body, self._kind.hidden)
            log_operation(self._tenant, request, f"Update a {self._kind.about}", shown, item)
        return answer(item)

    async def delete(self, request: Request) -> Response:
        """Delete an item."""
        path, item_id = self._path(request), request.path_params["item"]
        with self._tenant.lock:
            self._tenant.resources.delete(path, item_id)
            self._tenant.settings.forget_owner(f"{path}/{item_id}")
            log_operation(self._tenant, request, f"Delete a {self._kind.about}", {}, {}, 204)
        return no_content()

    def _path(self, request: Request) -> str:
        """Return the path of the collection, whose owner must be there."""
        owner = request.path_params.get("owner", "")
        if self._kind.path.startswith("/clients/"):
            self._tenant.clients.get(owner)
        if self._kind.path.startswith("/organizations/"):
            self._tenant.organizations.find(owner)
        return self._kind.path.format(owner=owner)
