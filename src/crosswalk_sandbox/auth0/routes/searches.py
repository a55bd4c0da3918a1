"""The searches over applications, APIs, client grants and organizations, in the syntax of user search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from crosswalk_sandbox.auth0.paging import sorted_by
from crosswalk_sandbox.auth0.problems import invalid_query
from crosswalk_sandbox.auth0.routes.checkpoints import page_by_checkpoint
from crosswalk_sandbox.auth0.routes.exchange import Query, answer
from crosswalk_sandbox.auth0.search import parse_query
from crosswalk_sandbox.auth0.tenant import Tenant

PARAMETERS = ("q", "parser", "fields", "include_fields", "take", "from", "sort")


@dataclass(frozen=True, slots=True)
class Searched:
    """One kind of thing that can be searched.

    Attributes
    ----------
    name : str
        Under which an answer holds the page.
    all : callable
        Returns everything that a tenant has of it, in the order of creation.
    text_fields : tuple of str
        Where a bare word is looked for.
    sortable : tuple of str
        What it may be sorted by, upwards alone.
    hidden : tuple of str
        What a search never shows.
    key : str
        The property that tells one from the others.
    """

    name: str
    all: Callable[[Tenant], list[dict[str, Any]]]
    text_fields: tuple[str, ...]
    sortable: tuple[str, ...]
    hidden: tuple[str, ...] = ()
    key: str = "id"


KINDS = {
    "/clients/search": Searched(
        "clients",
        lambda tenant: tenant.clients.all(),
        ("name",),
        ("name", "updated_at"),
        ("client_secret", "encryption_key", "signing_keys", "owners", "addons"),
        "client_id",
    ),
    "/client-grants/search": Searched(
        "client_grants",
        lambda tenant: tenant.client_grants.all(),
        ("audience", "client_id"),
        ("audience", "updated_at"),
    ),
    "/resource-servers/search": Searched(
        "resource_servers",
        lambda tenant: tenant.resource_servers.all(),
        ("name", "identifier"),
        ("identifier", "name", "updated_at"),
        ("signing_secret",),
    ),
    "/organizations/search": Searched(
        "organizations",
        lambda tenant: tenant.organizations.all(),
        ("name", "display_name"),
        ("name", "display_name", "created_at"),
    ),
}


def search_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes of the searches; they go before those that would take ``search`` for an id."""
    return [Route(path, search_of(tenant, kind), methods=["GET"]) for path, kind in KINDS.items()]


def search_of(tenant: Tenant, kind: Searched) -> Callable[[Request], Any]:
    """Return the endpoint that searches one kind of thing."""

    async def search(request: Request) -> Response:
        query = Query(request, PARAMETERS)
        if query.text("parser") not in {"", "lucene"}:
            raise invalid_query("Expected parser lucene; scim is not emulated", "parser", "Syntax of the query")
        matches = parse_query(query.text("q"), kind.text_fields)
        with tenant.lock:
            found = [one for one in kind.all(tenant) if matches(one)]
        sort = query.text("sort")
        if sort and sort not in kind.sortable:
            raise invalid_query(f"Expected one of {', '.join(kind.sortable)}: {sort}", "sort", "Field to sort by")
        if sort:
            found = sorted_by(found, f"{sort}:1")
        shown = [{name: value for name, value in one.items() if name not in kind.hidden} for one in found]
        return answer(page_by_checkpoint(shown, query, kind.name, key=kind.key))

    return search
