"""What every request to the console passes: security headers, error pages, the session and the CSRF check."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias
from urllib.parse import quote

import psycopg
import structlog
from psycopg_pool import PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from crosswalk.api.security import SESSION_COOKIE, AdminAccess, Session
from crosswalk.console.asked import form_field
from crosswalk.console.rendering import Renderer
from crosswalk.store.errors import DatabaseUnavailable
from crosswalk.store.search import SearchTooSlow

log = structlog.get_logger()

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]
ClosedEndpoint: TypeAlias = Callable[[Request, Session], Awaitable[Response]]

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Gate:
    """Wraps endpoints."""

    def __init__(self, access: AdminAccess, renderer: Renderer) -> None:
        self._access = access
        self._renderer = renderer

    def open(self, endpoint: Endpoint) -> Endpoint:
        """Wrap an endpoint that anybody may reach."""

        async def guarded(request: Request) -> Response:
            try:
                response = await endpoint(request)
            except Exception as error:  # whatever it was, the person gets a page and the log the rest
                response = self._error_page(request, error)
            for name, value in HEADERS.items():
                response.headers[name] = value
            response.headers.setdefault("Cache-Control", "no-store")
            return response

        return guarded

    def closed(self, endpoint: ClosedEndpoint) -> Endpoint:
        """Wrap an endpoint that only a signed-in browser may reach, and post to only from our own forms."""

        async def admitted(request: Request) -> Response:
            session = self._access.session(request.cookies.get(SESSION_COOKIE))
            if session is None:
                return _to_login(request)
            if request.method == "POST" and not self._access.is_csrf_token(
                session.nonce, await form_field(request, "csrf")
            ):
                raise HTTPException(403, "The form has expired: go back, reload the page and send it again.")
            return await endpoint(request, session)

        return self.open(admitted)

    def _error_page(self, request: Request, error: Exception) -> Response:
        status, title, hint = _explain(error)
        if status == 500:
            log.error("console_request_failed", path=request.url.path, exc_info=error)
        session = self._access.session(request.cookies.get(SESSION_COOKIE))
        response = self._renderer.page(
            request, "error.html", session, status, title=title, hint=hint, status_code=status
        )
        if isinstance(error, HTTPException) and error.headers:
            response.headers.update(error.headers)
        return response


def _to_login(request: Request) -> Response:
    if request.headers.get("HX-Request") == "true":
        # A page that was left open: the browser itself has to go to the log-in page, not the fragment.
        return Response(status_code=401, headers={"HX-Redirect": "/console/login"})
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    target = f"?next={quote(path, safe='')}" if request.method == "GET" and path != "/console" else ""
    return RedirectResponse(f"/console/login{target}", 303)


def _explain(error: Exception) -> tuple[int, str, str]:
    """Status, headline and what to do next."""
    match error:
        case SearchTooSlow():
            return 503, "The search took too long", str(error)
        case PoolTimeout() | psycopg.OperationalError() | DatabaseUnavailable():
            return (
                503,
                "The database does not answer",
                "Events that arrive meanwhile are sent again by Auth0, and nothing is lost. Check that PostgreSQL "
                "runs and that database_url names it; this page works again as soon as it does.",
            )
        case HTTPException(status_code=404):
            given = error.detail if error.detail != "Not Found" else ""
            return 404, "There is nothing here", given or "Check the address, or search for an identity."
        case HTTPException():
            return error.status_code, "That did not work", error.detail
        case _:
            return (
                500,
                "Something went wrong",
                "The hub itself goes on working. The log has the details under console_request_failed.",
            )
