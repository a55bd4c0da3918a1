"""The tenant as one ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount

from crosswalk_sandbox.auth0.fault_answers import TenantAnswers
from crosswalk_sandbox.auth0.pages import page_routes
from crosswalk_sandbox.auth0.pages.action_pages import action_page_routes
from crosswalk_sandbox.auth0.pages.ticket_pages import ticket_page_routes
from crosswalk_sandbox.auth0.routes.authentication_limits import AuthenticationLimits
from crosswalk_sandbox.auth0.routes.authorize import authorize_routes
from crosswalk_sandbox.auth0.routes.cross_origin import CrossOrigin
from crosswalk_sandbox.auth0.routes.jobs import export_file_routes
from crosswalk_sandbox.auth0.routes.logout import logout_routes
from crosswalk_sandbox.auth0.routes.management import management_api
from crosswalk_sandbox.auth0.routes.oauth import oauth_routes
from crosswalk_sandbox.auth0.scim.routes import scim_routes
from crosswalk_sandbox.auth0.tenant import Tenant
from crosswalk_sandbox.auth0.webhooks import delivering
from crosswalk_sandbox.faults import FaultLayer


def create_app(tenant: Tenant) -> Starlette:
    """Return the application that serves `tenant`.

    Its lifespan runs the delivery of events and logs, so the server must run lifespans.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with delivering(tenant):
            yield
        tenant.close_subscriptions()
        tenant.jobs.close()
        tenant.action_runner.close()
        tenant.action_builder.close()

    routes = [
        *oauth_routes(tenant),
        *authorize_routes(tenant),
        *logout_routes(tenant),
        Mount("/api/v2", app=management_api(tenant)),
        *scim_routes(tenant),
        *export_file_routes(tenant),
        *ticket_page_routes(tenant),
        *action_page_routes(tenant),
        *page_routes(tenant),
    ]
    middleware = [
        Middleware(FaultLayer, faults=tenant.faults, vendor=TenantAnswers(tenant)),
        Middleware(AuthenticationLimits, tenant=tenant),
        Middleware(CrossOrigin, tenant=tenant),
    ]
    return Starlette(routes=routes, middleware=middleware, lifespan=lifespan)
