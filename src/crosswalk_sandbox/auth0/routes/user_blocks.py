"""`/api/v2/user-blocks` and `/api/v2/anomaly/blocks`: accounts and addresses that are kept out, and letting them in."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from crosswalk_sandbox.auth0.problems import Problem, invalid_query
from crosswalk_sandbox.auth0.routes.exchange import Query, answer, no_content
from crosswalk_sandbox.auth0.routes.operations import log_operation
from crosswalk_sandbox.auth0.tenant import Tenant

IDENTIFIER = "Should be any of a username, phone number, or email"


def user_block_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes of blocks, by the typed identifier or by user."""

    def identifier_of(request: Request) -> str:
        if "id" in request.path_params:
            return str(tenant.users.get(request.path_params["id"]).get("email", ""))
        query = Query(request, ("identifier", "consider_brute_force_enablement"))
        if "identifier" not in query:
            raise invalid_query("Missing required property: identifier", "identifier", IDENTIFIER)
        return query.text("identifier")

    async def blocks(request: Request) -> Response:
        with tenant.lock:
            identifier = identifier_of(request)
            addresses = tenant.signin.attempts.blocked_addresses(identifier, tenant.brute_force_protection())
        return answer({"blocked_for": [{"identifier": identifier, "ip": address} for address in addresses]})

    async def unblock(request: Request) -> Response:
        with tenant.lock:
            tenant.signin.attempts.unblock(identifier_of(request))
            log_operation(tenant, request, "Unblock a user", {}, {}, 204)
        return no_content()

    async def check_address(request: Request) -> Response:
        with tenant.lock:
            settings, ip = tenant.suspicious_ip_throttling(), request.path_params["ip"]
            if not tenant.signin.address_failures.is_closed(ip, settings, tenant.clock()):
                raise Problem(404, "The IP address specified is not currently blocked.")
        return Response(status_code=200)

    async def open_address(request: Request) -> Response:
        with tenant.lock:
            tenant.signin.address_failures.open(request.path_params["ip"])
            log_operation(tenant, request, "Remove the blocked IP address", {}, {}, 204)
        return no_content()

    return [
        Route("/anomaly/blocks/ips/{ip}", check_address, methods=["GET"]),
        Route("/anomaly/blocks/ips/{ip}", open_address, methods=["DELETE"]),
        Route("/user-blocks", blocks, methods=["GET"]),
        Route("/user-blocks", unblock, methods=["DELETE"]),
        Route("/user-blocks/{id}", blocks, methods=["GET"]),
        Route("/user-blocks/{id}", unblock, methods=["DELETE"]),
    ]
