"""`/api/v2/users/{id}/identities`: linking accounts to a user, and unlinking them."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from crosswalk_sandbox.auth0.accounts import link, unlink
from crosswalk_sandbox.auth0.problems import Problem, invalid_body, invalid_property
from crosswalk_sandbox.auth0.routes.exchange import answer, origin_of, read_json
from crosswalk_sandbox.auth0.routes.operations import log_operation
from crosswalk_sandbox.auth0.schema import Property, check_body
from crosswalk_sandbox.auth0.strategies import STRATEGIES
from crosswalk_sandbox.auth0.tenant import Tenant

PROPERTIES: dict[str, Property] = {
    "provider": Property(str, "Identity provider of the secondary user account being linked", choices=STRATEGIES),
    "connection_id": Property(str, "connection_id of the secondary user account being linked"),
    "user_id": Property(str, "user_id of the secondary user account being linked"),
    "link_with": Property(str, "JWT for the secondary account being linked"),
}


def identity_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes of identities."""

    async def link_account(request: Request) -> Response:
        body = await read_json(request)
        checked = check_body(body, PROPERTIES)
        with tenant.lock:
            key = linked_by_token(checked["link_with"]) if "link_with" in checked else linked_by_id(checked)
            identities = link(tenant, request.path_params["id"], key, origin_of(request))
            shown = {name: value for name, value in checked.items() if name != "link_with"}
            log_operation(tenant, request, "Link a User Account", shown, identities, 201)
        return answer(identities, 201)

    def linked_by_token(token: str) -> str:
        claims = tenant.tokens.read(token)
        now = tenant.clock().timestamp()
        # An ID token is for an application; access tokens are for APIs and link nothing.
        is_for_application = claims is not None and tenant.clients.find(str(claims.get("aud"))) is not None
        if claims is None or not is_for_application or claims.get("exp", 0) <= now:
            raise invalid_property("The token is not a valid ID token of this tenant", "link_with", "JWT")
        return str(claims["sub"])

    def linked_by_id(body: dict[str, Any]) -> str:
        for name in ("provider", "user_id"):
            if name not in body:
                raise invalid_body(f"Missing required property: {name}")
        prefix = f"{body['provider']}|"
        # Clients send the whole user id as well as the part after the provider.
        key = body["user_id"] if body["user_id"].startswith(prefix) else prefix + body["user_id"]
        if "connection_id" in body:
            check_connection(key, body["connection_id"])
        return str(key)

    def check_connection(key: str, connection_id: str) -> None:
        connection = tenant.connections.find(connection_id)
        owner = tenant.users.owner_of(key)
        document = tenant.users.get(owner) if owner is not None else {"identities": []}
        if owner == key and document["identities"][0]["connection"] != connection.name:
            raise Problem(404, "The user does not exist.", "inexistent_user")

    async def unlink_account(request: Request) -> Response:
        path = request.path_params
        with tenant.lock:
            identities = unlink(tenant, path["id"], f"{path['provider']}|{path['user_id']}", origin_of(request))
            log_operation(tenant, request, "Unlink a User Account", {}, identities)
        return answer(identities)

    return [
        Route("/users/{id}/identities", link_account, methods=["POST"]),
        Route("/users/{id}/identities/{provider}/{user_id}", unlink_account, methods=["DELETE"]),
    ]
