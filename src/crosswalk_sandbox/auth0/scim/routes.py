"""``/scim/v2/connections/{id}``: what directories call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from crosswalk_sandbox.auth0.logs import connection_fields
from crosswalk_sandbox.auth0.origin import Origin
from crosswalk_sandbox.auth0.scim.configurations import Configuration
from crosswalk_sandbox.auth0.scim.errors import ScimError
from crosswalk_sandbox.auth0.scim.operations import matches, patched
from crosswalk_sandbox.auth0.scim.people import change_person, create_person, people, person, person_resource
from crosswalk_sandbox.auth0.scim.teams import change_team, create_team, team, team_resource, teams
from crosswalk_sandbox.auth0.tenant import Tenant

LIST_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
MOST_RESULTS = 100
Resource = dict[str, Any]
Operation = Callable[[Configuration, Request, Any, Origin], tuple[int, Resource | None]]


def scim_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes of SCIM."""
    service = ScimService(tenant)
    base = "/scim/v2/connections/{connection}"
    routes: list[BaseRoute] = []
    for noun, operations in service.operations().items():
        for (method, has_id), operation in operations.items():
            path = f"{base}/{noun}/{{id}}" if has_id else f"{base}/{noun}"
            routes.append(Route(path, service.endpoint(noun, method, operation), methods=[method]))
    return routes


class ScimService:
    """The operations of directories on one tenant."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def operations(self) -> dict[str, dict[tuple[str, bool], Operation]]:
        """Return what each method does, by resource, method and whether the path names one resource."""
        return {
            "Users": {
                ("POST", False): self._create_person,
                ("GET", False): self._list_people,
                ("GET", True): self._read_person,
                ("PUT", True): self._replace_person,
                ("PATCH", True): self._patch_person,
                ("DELETE", True): self._delete_person,
            },
            "Groups": {
                ("POST", False): self._create_team,
                ("GET", False): self._list_teams,
                ("GET", True): self._read_team,
                ("PUT", True): self._replace_team,
                ("PATCH", True): self._patch_team,
                ("DELETE", True): self._delete_team,
            },
        }

    def endpoint(self, noun: str, method: str, operation: Operation) -> Callable[[Request], Any]:
        """Return an endpoint that checks the directory's token, runs an operation, and logs it."""
        scope = f"{method.lower()}:{noun.lower()}"

        async def run(request: Request) -> Response:
            try:
                body = await self._body(request, method)
                with self._tenant.lock:
                    configuration = self._allowed(request, scope)
                    status, resource = operation(configuration, request, body, self._origin(request))
                    self._log("sscim", "Successful SCIM operation", request)
            except ScimError as error:
                self._log("fscim", error.detail, request)
                return reply(error.status, error.body())
            return reply(status, resource)

        return run

    def _create_person(
        self, configuration: Configuration, request: Request, body: Any, origin: Origin
    ) -> tuple[int, Resource | None]:
        document = create_person(self._tenant, configuration, body, origin)
        return 201, person_resource(document, self._base(configuration))

    def _list_people(
        self, configuration: Configuration, request: Request, body: Any, origin: Origin
    ) -> tuple[int, Resource | None]:
        base = self._base(configuration)
        return 200, listed([person_resource(one, base) for one in people(self._tenant, configuration)], request)

    def _read_person(
        self, configuration: Configuration, request: Request, body: Any, origin: Origin
    ) -> tuple[int, Resource | None]:
        document = person(self._tenant, configuration, request.path_params["id"])
        return 200, person_resource(document, self._base(configuration))

    def _replace_person(
        self, configuration: Configuration, request: Request, body: Any, origin: Origin
    ) -> tuple[int, Resource | None]:
        document = change_person(self._tenant, configuration, request.path_params["id"], body, origin)
        return 200, person_resource(document, self._base(configuration))

    def _patch_person(
        self, configuration: Configuration, request: Request, body: Any, origin: Origin
    ) -> tuple[int, Resource | None]:
        _, resource = self._read_person(configuration, request, body, origin)
        return self._replace_person(configuration, request, patched(resource or {}, body), origin)

    def _delete_person(
        self, configuration: Configuration, request: Request, body: Any, origin: Origin
    ) -> tuple[int, Resource | None]:
        document = person(self._tenant, configuration, request.path_params["id"])
        self._tenant.end_user(document["user_id"], origin)
        return 204, None

    def _create_team(
        self, configuration: Configuration, request: Request, body: Any, origin: Origin
    ) -> tuple[int, Resource | None]:
        group = create_team(self._tenant, configuration, body, origin)
        return 201, team_resource(group, self._base(configuration))

    def _list_teams(
        self, configuration: Configuration, request: Request, body: Any, origin: Origin
    ) -> tuple[int, Resource | None]:
        base = self._base(configuration)
        return 200, listed([team_resource(one, base) for one in teams(self._tenant, configuration)], request)

    def _read_team(
        self, configuration: Configuration, request: Request, body: Any, origin: Origin
    ) -> tuple[int, Resource | None]:
        group = team(self._tenant, configuration, request.path_params["id"])
        return 200, team_resource(group, self._base(configuration))

    def _replace_team(
        self, configuration: Configuration, request: Request, body: Any, origin: Origin
    ) -> tuple[int, Resource | None]:
        group = team(self._tenant, configuration, request.path_params["id"])
        change_team(self._tenant, configuration, group, body, origin)
        return 200, team_resource(group, self._base(configuration))

    def _patch_team(
        self, configuration: Configuration, request: Request, body: Any, origin: Origin
    ) -> tuple[int, Resource | None]:
        _, resource = self._read_team(configuration, request, body, origin)
        return self._replace_team(configuration, request, patched(resource or {}, body), origin)

    def _delete_team(
        self, configuration: Configuration, request: Request, body: Any, origin: Origin
    ) -> tuple[int, Resource | None]:
        group = team(self._tenant, configuration, request.path_params["id"])
        self._tenant.groups.delete(group.id, origin)
        return 204, None

    async def _body(self, request: Request, method: str) -> Any:
        if method in {"GET", "DELETE"}:
            return None
        try:
            body = msgspec.json.decode(await request.body())
        except msgspec.DecodeError:
            body = None
        if not isinstance(body, dict):
            raise ScimError(400, "Expected a JSON object", "invalidSyntax")
        return body

    def _allowed(self, request: Request, scope: str) -> Configuration:
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        connection_id = request.path_params["connection"]
        configuration = None
        if scheme.lower() == "bearer":
            configuration = self._tenant.scim.allowed(connection_id, bearer, scope)
        if configuration is None:
            raise ScimError(401, "Unauthorized")
        return configuration

    def _base(self, configuration: Configuration) -> str:
        return f"https://{self._tenant.domain}/scim/v2/connections/{configuration.connection.id}"

    def _origin(self, request: Request) -> Origin:
        ip = request.client.host if request.client else ""
        user_agent = request.headers.get("user-agent", "")
        return Origin("", "", ip=ip, user_agent=user_agent, hostname=self._tenant.domain)

    def _log(self, log_type: str, description: str, request: Request) -> None:
        told = {"request": {"method": request.method.lower(), "path": request.url.path}}
        with self._tenant.lock:
            found = (one for one in self._tenant.connections.every() if one.id == request.path_params["connection"])
            fields = connection_fields(next(found, None))
            origin = self._origin(request)
            who = {"client_name": "", "ip": origin.ip, "user_agent": origin.user_agent}
            self._tenant.log(log_type, {"description": description, **fields, **who, "details": told})


def listed(resources: list[Resource], request: Request) -> Resource:
    """Return the page of `resources` that a search asks for."""
    found = [one for one in resources if matches(one, request.query_params.get("filter", ""))]
    start, count = (
        request.query_params.get(name, default) for name, default in (("startIndex", "1"), ("count", "100"))
    )
    if not start.isdecimal() or not count.isdecimal():
        raise ScimError(400, "startIndex and count are whole numbers", "invalidValue")
    first = max(int(start), 1)
    page = found[first - 1 : first - 1 + min(int(count), MOST_RESULTS)]
    return {
        "schemas": [LIST_SCHEMA],
        "totalResults": len(found),
        "startIndex": first,
        "itemsPerPage": len(page),
        "Resources": page,
    }


def reply(status: int, body: Resource | None) -> Response:
    """Return an answer of the standard's media type."""
    if body is None:
        return Response(status_code=status)
    return Response(msgspec.json.encode(body), status, media_type="application/scim+json")
