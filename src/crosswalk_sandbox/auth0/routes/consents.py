"""`/api/v2/grants`: what people have allowed applications on the consent page, and taking it back."""

from __future__ import annotations

import hashlib
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from crosswalk_sandbox.auth0.paging import page_of
from crosswalk_sandbox.auth0.problems import invalid_query
from crosswalk_sandbox.auth0.routes.exchange import Query, answer, no_content
from crosswalk_sandbox.auth0.routes.operations import log_operation
from crosswalk_sandbox.auth0.tenant import Tenant

FILTERS = {"user_id": "user_id", "client_id": "clientID", "audience": "audience"}
Key = tuple[str, str, str]


def consent_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes of grants."""

    async def list_grants(request: Request) -> Response:
        query = Query(request, (*FILTERS, "page", "per_page", "include_totals"))
        with tenant.lock:
            found = [shown(tenant, key, scopes) for key, scopes in tenant.signin.consents.items()]
        for name, shown_as in FILTERS.items():
            if name in query:
                found = [one for one in found if one[shown_as] == query.text(name)]
        return answer(page_of(found, query, "grants", default_size=50))

    async def delete(request: Request) -> Response:
        with tenant.lock:
            for key in [key for key in tenant.signin.consents if grant_id(key) == request.path_params["id"]]:
                end(key)
            log_operation(tenant, request, "Delete a grant", {}, {}, 204)
        return no_content()

    async def delete_of_user(request: Request) -> Response:
        query = Query(request, ("user_id",))
        if not query.text("user_id"):
            raise invalid_query("Missing required property: user_id", "user_id", "user_id of the grant to delete")
        with tenant.lock:
            for key in [key for key in tenant.signin.consents if key[0] == query.text("user_id")]:
                end(key)
            log_operation(tenant, request, "Delete grants of a user", {}, {}, 204)
        return no_content()

    def end(key: Key) -> None:
        """Forget what was allowed, with the refresh tokens that came of it."""
        del tenant.signin.consents[key]
        for family in tenant.signin.refresh_tokens.of_user(key[0]):
            if (family.authorization.client_id, family.authorization.audience) == key[1:]:
                tenant.signin.refresh_tokens.revoke(family)

    return [
        Route("/grants", list_grants, methods=["GET"]),
        Route("/grants", delete_of_user, methods=["DELETE"]),
        Route("/grants/{id}", delete, methods=["DELETE"]),
    ]


def shown(tenant: Tenant, key: Key, scopes: set[str]) -> dict[str, Any]:
    """Return a grant as the API shows it; without an API it is for ``/userinfo``."""
    user_id, client_id, audience = key
    return {
        "id": grant_id(key),
        "clientID": client_id,
        "user_id": user_id,
        "audience": audience or tenant.userinfo_audience(),
        "scope": sorted(scopes),
    }


def grant_id(key: Key) -> str:
    """Return the id of a grant: the same for the same user, application and API."""
    return f"cgr_{hashlib.sha256('|'.join(key).encode()).hexdigest()[:16]}"
