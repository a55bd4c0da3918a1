"""The page of the tenant's Actions: which run where, and what came of it, console output included."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from crosswalk_sandbox.auth0.actions.library import Action
from crosswalk_sandbox.auth0.pages.rendering import TEMPLATES
from crosswalk_sandbox.auth0.tenant import Tenant

MOST_EXECUTIONS_SHOWN = 50
HEADERS = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}


def action_page_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the route of the page of Actions."""

    async def actions(request: Request) -> Response:
        with tenant.lock:
            rows = [action_row(tenant, action) for action in tenant.actions.library]
            executions = [one.shown() for one in tenant.actions.executions.newest(MOST_EXECUTIONS_SHOWN)]
        html = TEMPLATES.get_template("actions.html").render(tenant=tenant.name, actions=rows, executions=executions)
        return HTMLResponse(html, 200, HEADERS)

    return [Route("/actions", actions, methods=["GET"])]


def action_row(tenant: Tenant, action: Action) -> dict[str, Any]:
    """Return what the page says of one Action."""
    return {
        "name": action.name,
        "triggers": [name for name, _ in action.definition.supported_triggers],
        "is_bound": bool(tenant.actions.bindings.of_action(action)),
        "version": action.deployed.number if action.deployed is not None else None,
        "status": action.build.status(),
        "reason": action.build.installation.reason,
    }
