"""`/api/v2/users` and `/api/v2/users-by-email`."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from crosswalk_sandbox.auth0.actions.pending import settle
from crosswalk_sandbox.auth0.actions.registration import registering
from crosswalk_sandbox.auth0.mails import mail_new_user
from crosswalk_sandbox.auth0.paging import page_of, projected, sorted_by
from crosswalk_sandbox.auth0.problems import Problem, invalid_query
from crosswalk_sandbox.auth0.routes.exchange import Query, answer, no_content, origin_of, read_json
from crosswalk_sandbox.auth0.schema import EMAIL_SHAPE
from crosswalk_sandbox.auth0.search import USER_TEXT_FIELDS, parse_query
from crosswalk_sandbox.auth0.tenant import Tenant

# The vendor has no checkpoint paging here: `from` and `take` are refused like any other unknown parameter.
LIST_PARAMETERS = (
    "page",
    "per_page",
    "include_totals",
    "sort",
    "connection",
    "fields",
    "include_fields",
    "q",
    "search_engine",
    "primary_order",
)
PROJECTION = ("fields", "include_fields")


def user_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes of users."""
    routes = Users(tenant)
    return [
        Route("/users", routes.list_users, methods=["GET"]),
        Route("/users", routes.create, methods=["POST"]),
        Route("/users/{id}", routes.get, methods=["GET"]),
        Route("/users/{id}", routes.update, methods=["PATCH"]),
        Route("/users/{id}", routes.delete, methods=["DELETE"]),
        Route("/users-by-email", routes.by_email, methods=["GET"]),
    ]


class Users:
    """The operations on users."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def list_users(self, request: Request) -> Response:
        """Search users and return one page of them."""
        query = Query(request, LIST_PARAMETERS)
        if query.text("search_engine") not in {"", "v3"}:
            raise Problem(400, "Search engine not supported; use v3.", "invalid_query_string")
        if "connection" in query:
            raise Problem(400, "The connection parameter is not supported by search engine v3.", "invalid_query_string")
        matches = parse_query(query.text("q"), USER_TEXT_FIELDS)
        with self._tenant.lock:
            since = self._tenant.time.monotonic() - self._tenant.knobs.search_delay_seconds
            found = [each for each in self._tenant.search_lag.seen(self._tenant.users, since) if matches(each)]
        if "sort" in query:
            found = sorted_by(found, query.text("sort"))
        return answer(page_of(found, query, "users", default_size=50))

    async def create(self, request: Request) -> Response:
        """Create a user."""
        body, origin = await read_json(request), origin_of(request)

        def create(wanted: Any) -> dict[str, Any]:
            document = self._tenant.create_user(wanted, origin)
            mail_new_user(self._tenant, document, wanted, origin.client_id)
            return document

        document = await settle(self._tenant, lambda: registering(self._tenant, body, origin, create))
        return answer(document, 201)

    async def get(self, request: Request) -> Response:
        """Return one user."""
        query = Query(request, PROJECTION)
        with self._tenant.lock:
            document = self._tenant.users.get(request.path_params["id"])
        return answer(projected(document, query))

    async def update(self, request: Request) -> Response:
        """Change a user."""
        body = await read_json(request)
        with self._tenant.lock:
            document = self._tenant.update_user(request.path_params["id"], body, origin_of(request))
            if body.get("verify_email"):
                mail_new_user(self._tenant, document, body, body.get("client_id", ""))
        return answer(document)

    async def delete(self, request: Request) -> Response:
        """Delete a user."""
        self._tenant.delete_user(request.path_params["id"], origin_of(request))
        return no_content()

    async def by_email(self, request: Request) -> Response:
        """Return the users with one e-mail address."""
        query = Query(request, ("email", *PROJECTION))
        email = query.text("email")
        if "email" not in query:
            raise invalid_query("Missing required property: email", "email", "Email address to search for")
        if not EMAIL_SHAPE.match(email):
            found = f"Object didn't pass validation for format email: {email}"
            raise invalid_query(found, "email", "Email address to search for")
        with self._tenant.lock:
            found_users = self._tenant.users.by_email(email)
        return answer([projected(document, query) for document in found_users])
