"""`/api/v2/stats`: logins and sign-ups by day, and the number of active users."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from crosswalk_sandbox.auth0.problems import invalid_query
from crosswalk_sandbox.auth0.routes.exchange import Query, answer
from crosswalk_sandbox.auth0.stats import active_users, daily_stats
from crosswalk_sandbox.auth0.tenant import Tenant

DEFAULT_DAYS = 30


def stats_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes of statistics."""

    async def active(request: Request) -> Response:
        with tenant.lock:
            return answer(active_users(tenant.logs.entries(), tenant.clock()))

    async def daily(request: Request) -> Response:
        query = Query(request, ("from", "to"))
        today = tenant.clock().date()
        last = day_of(query, "to", today)
        first = day_of(query, "from", last - timedelta(days=DEFAULT_DAYS))
        if first > last:
            raise invalid_query("from must not be after to", "from", "First day of the date range")
        with tenant.lock:
            return answer(daily_stats(tenant.logs.entries(), first, last))

    return [
        Route("/stats/active-users", active, methods=["GET"]),
        Route("/stats/daily", daily, methods=["GET"]),
    ]


def day_of(query: Query, name: str, default: date) -> date:
    """Return a parameter that is a day as YYYYMMDD."""
    text = query.text(name)
    if not text:
        return default
    try:
        return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        raise invalid_query(f"String does not match pattern YYYYMMDD: {text}", name, "A day of the range") from None
