"""A browser without a screen, over ASGI."""

import re

import httpx
from starlette.types import ASGIApp

from tests.console_scene import ADMIN_TOKEN


def client_of(app: ASGIApp, scheme: str = "http", address: str = "192.0.2.7") -> httpx.AsyncClient:
    """A client of this application that keeps cookies and follows no redirects."""
    transport = httpx.ASGITransport(app=app, client=(address, 4711))
    return httpx.AsyncClient(transport=transport, base_url=f"{scheme}://hub.test", timeout=10)


def csrf_of(page: str) -> str:
    """The CSRF token in a page's form."""
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', page)
    assert found, "the page has a form with a CSRF token"
    return found[1]


async def log_in(client: httpx.AsyncClient, token: str = ADMIN_TOKEN) -> httpx.Response:
    """Fill in the log-in form."""
    page = await client.get("/console/login")
    return await client.post("/console/login", data={"csrf": csrf_of(page.text), "token": token, "next": "/console"})
