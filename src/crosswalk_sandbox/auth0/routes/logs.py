"""`/api/v2/logs`: by search and page (newest first), or by checkpoint (oldest first)."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from crosswalk_sandbox.auth0.paging import MOST_PER_PAGE, page_of, projected, sorted_by
from crosswalk_sandbox.auth0.routes.exchange import Query, answer
from crosswalk_sandbox.auth0.search import LOG_TEXT_FIELDS, parse_query
from crosswalk_sandbox.auth0.tenant import Tenant

LIST_PARAMETERS = (
    "page",
    "per_page",
    "sort",
    "fields",
    "include_fields",
    "include_totals",
    "q",
    "search",
    "from",
    "take",
)


def log_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes of tenant logs."""

    async def list_logs(request: Request) -> Response:
        query = Query(request, LIST_PARAMETERS)
        tenant.forget_old_logs()
        if "from" in query or "take" in query:
            return answer(checkpoint(query))
        matches = parse_query(query.text("q") or query.text("search"), LOG_TEXT_FIELDS)
        with tenant.lock:
            found = [entry for entry in tenant.logs.entries() if matches(entry)]
        found = sorted_by(found, query.text("sort")) if "sort" in query else found[::-1]
        return answer(page_of([shown(entry) for entry in found], query, "logs", default_size=50))

    def checkpoint(query: Query) -> list[dict[str, Any]]:
        take = query.number("take", default=50, minimum=1, maximum=MOST_PER_PAGE)
        with tenant.lock:
            return [shown(entry) for entry in tenant.logs.after(query.text("from"), take)]

    async def get(request: Request) -> Response:
        query = Query(request, ("fields", "include_fields"))
        tenant.forget_old_logs()
        with tenant.lock:
            entry = tenant.logs.get(request.path_params["id"])
        return answer(projected(shown(entry), query))

    return [Route("/logs", list_logs, methods=["GET"]), Route("/logs/{id}", get, methods=["GET"])]


def shown(entry: dict[str, Any]) -> dict[str, Any]:
    """Return an entry as the API shows it: with its id twice, unlike in a log stream."""
    return {**entry, "_id": entry["log_id"], "isMobile": False}
