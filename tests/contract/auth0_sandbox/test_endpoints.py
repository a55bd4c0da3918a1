"""Which endpoints of the Management API are there: all that the vendor's client knows, but those the page lists."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

import auth0.management
import pytest
from starlette.routing import BaseRoute, Match

from crosswalk_sandbox.auth0 import Tenant
from crosswalk_sandbox.auth0.routes.management import management_routes
from crosswalk_sandbox.auth0.routes.scopes import NOUNS_NOT_IN_PLAN, scope_for

PAGE = Path(__file__).parents[3] / "docs" / "sandbox.md"
CLIENT = Path(auth0.management.__file__).parent
REQUEST = re.compile(r'httpx_client\.(?:request|stream)\(\s*f?"([^"]+)",(?:\s*\w+=[^\n]*,)*?\s*method="(\w+)"')


def endpoints_of_the_client() -> set[tuple[str, str]]:
    """Return method and path, such as ``/users/{id}``, of every request in the client's source."""
    found = set()
    for source in CLIENT.rglob("raw_client.py"):
        synchronous = source.read_text(encoding="utf-8").partition("\nclass AsyncRaw")[0]
        for path, method in REQUEST.findall(synchronous):
            found.add((method, "/" + re.sub(r"\{[^}]+\}", "{id}", path)))
    return found


def listed_on_the_page() -> tuple[str, set[str]]:
    """Return the client's version that the page names, and the paths with which endpoints begin that are not there."""
    paragraph = (
        PAGE.read_text(encoding="utf-8").partition("**Endpoints of the Management API.**")[2].partition("\n\n")[0]
    )
    (named,) = re.findall(r"auth0-python (\d+\.\d+)", paragraph)
    return named, set(re.findall(r"`(/[^`]+)`", paragraph))


def test_every_endpoint_is_there_but_those_that_the_page_lists() -> None:
    named, listed = listed_on_the_page()
    if not version("auth0-python").startswith(f"{named}."):
        pytest.skip(f"the page lists the endpoints of auth0-python {named}, {version('auth0-python')} is installed")
    endpoints = endpoints_of_the_client()
    routes = management_routes(Tenant(domain="tenant.example", client_id="id", client_secret="secret"))

    missing = {(method, path) for method, path in endpoints if not is_there(routes, method, path)}

    unlisted = {(method, path) for method, path in missing if not any(path.startswith(one) for one in listed)}
    assert len(endpoints) > 400
    assert unlisted == set()
    assert {one for one in listed if not any(path.startswith(one) for _, path in missing)} == set()


def is_there(routes: list[BaseRoute], method: str, path: str) -> bool:
    """Tell whether a request would reach something, or be told that the tenant's plan does not include it."""
    if (scope_for(method, path) or "").partition(":")[2] in NOUNS_NOT_IN_PLAN:
        return True
    scope = {"type": "http", "method": method, "path": path.replace("{id}", "an-id"), "root_path": ""}
    return any(route.matches(scope)[0] is Match.FULL for route in routes)
