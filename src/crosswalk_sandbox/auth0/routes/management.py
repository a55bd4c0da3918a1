"""Authentication, request limit and error shape for everything under `/api/v2`."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crosswalk_sandbox.auth0.problems import Problem
from crosswalk_sandbox.auth0.routes.actions import action_routes
from crosswalk_sandbox.auth0.routes.authentication_methods import authentication_method_routes
from crosswalk_sandbox.auth0.routes.clients import client_routes
from crosswalk_sandbox.auth0.routes.configuration import configuration_routes
from crosswalk_sandbox.auth0.routes.connections import connection_routes
from crosswalk_sandbox.auth0.routes.consents import consent_routes
from crosswalk_sandbox.auth0.routes.effective_access import effective_access_routes
from crosswalk_sandbox.auth0.routes.event_streams import event_stream_routes
from crosswalk_sandbox.auth0.routes.events import event_routes
from crosswalk_sandbox.auth0.routes.exchange import refusal
from crosswalk_sandbox.auth0.routes.groups import group_routes
from crosswalk_sandbox.auth0.routes.guardian import guardian_routes
from crosswalk_sandbox.auth0.routes.identities import identity_routes
from crosswalk_sandbox.auth0.routes.jobs import job_routes
from crosswalk_sandbox.auth0.routes.log_streams import log_stream_routes
from crosswalk_sandbox.auth0.routes.login_pages import login_page_routes
from crosswalk_sandbox.auth0.routes.logs import log_routes
from crosswalk_sandbox.auth0.routes.organization_grants import organization_grant_routes
from crosswalk_sandbox.auth0.routes.organization_members import organization_member_routes
from crosswalk_sandbox.auth0.routes.organizations import organization_routes
from crosswalk_sandbox.auth0.routes.resource_servers import resource_server_routes
from crosswalk_sandbox.auth0.routes.roles import role_routes
from crosswalk_sandbox.auth0.routes.scim_configuration import scim_configuration_routes
from crosswalk_sandbox.auth0.routes.scopes import check_scope
from crosswalk_sandbox.auth0.routes.searches import search_routes
from crosswalk_sandbox.auth0.routes.signing_keys import signing_key_routes
from crosswalk_sandbox.auth0.routes.stats import stats_routes
from crosswalk_sandbox.auth0.routes.tickets import ticket_routes
from crosswalk_sandbox.auth0.routes.user_activity import user_activity_routes
from crosswalk_sandbox.auth0.routes.user_blocks import user_block_routes
from crosswalk_sandbox.auth0.routes.users import user_routes
from crosswalk_sandbox.auth0.tenant import Tenant


def management_api(tenant: Tenant) -> ASGIApp:
    """Return the Management API of `tenant`, to be mounted at `/api/v2`."""
    return ManagementApi(tenant, Router(management_routes(tenant), redirect_slashes=False))


def management_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return every route of the Management API, below `/api/v2`."""
    return [
        *search_routes(tenant),
        *user_routes(tenant),
        *identity_routes(tenant),
        *user_activity_routes(tenant),
        *authentication_method_routes(tenant),
        *stats_routes(tenant),
        *connection_routes(tenant),
        *job_routes(tenant),
        *scim_configuration_routes(tenant),
        *group_routes(tenant),
        *ticket_routes(tenant),
        *client_routes(tenant),
        *resource_server_routes(tenant),
        *role_routes(tenant),
        *effective_access_routes(tenant),
        *consent_routes(tenant),
        *signing_key_routes(tenant),
        *organization_routes(tenant),
        *organization_member_routes(tenant),
        *organization_grant_routes(tenant),
        *guardian_routes(tenant),
        *action_routes(tenant),
        *user_block_routes(tenant),
        *log_routes(tenant),
        *log_stream_routes(tenant),
        *event_stream_routes(tenant),
        *event_routes(tenant),
        *login_page_routes(tenant),
        *configuration_routes(tenant),
    ]


class ManagementApi:
    """Lets authenticated requests within the limit through, and turns problems into answers."""

    def __init__(self, tenant: Tenant, router: Router) -> None:
        self._tenant = tenant
        self._router = router

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request (ASGI)."""
        request = Request(scope)
        tenant = self._tenant
        try:
            authorization = request.headers.get("authorization")
            claims = tenant.tokens.check(authorization, domain=tenant.domain, now=tenant.clock())
        except Problem as problem:
            await refusal(problem, {"www-authenticate": "Bearer"})(scope, receive, send)
            return
        verdict = tenant.rate_limit.take_management(scope["method"], scope["path"].removeprefix("/api/v2"))
        headers = verdict.headers
        if not verdict.allowed:
            exhausted = Problem(429, verdict.message, "too_many_requests")
            await refusal(exhausted, headers)(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
            await send(message)

        scope["auth0.claims"] = claims
        scope["auth0.client_name"] = tenant.clients.name_of(claims["azp"])
        try:
            check_scope(request, claims, tenant)
            await self._router(scope, receive, send_with_headers)
        except Problem as problem:
            await refusal(problem)(scope, receive, send_with_headers)
        except HTTPException as error:
            await unroutable(error)(scope, receive, send_with_headers)


def unroutable(error: HTTPException) -> Response:
    """Return the vendor's answer for a path or method that it does not know."""
    return refusal(Problem(error.status_code, error.detail))
