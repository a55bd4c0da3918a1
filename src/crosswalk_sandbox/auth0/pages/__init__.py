"""The tenant's own pages: sign-up, profile, people. Plain HTML that works without scripts."""

from __future__ import annotations

from starlette.routing import BaseRoute

from crosswalk_sandbox.auth0.tenant import Tenant


def page_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes of the pages."""
    return []
