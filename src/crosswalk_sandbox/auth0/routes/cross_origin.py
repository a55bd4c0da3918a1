"""Requests from pages of other origins (CORS): what applications in the browser need of the Authentication API."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crosswalk_sandbox.auth0.tenant import Tenant

# Read by anybody, and never with cookies.
OPEN_PATHS = frozenset({"/.well-known/openid-configuration", "/.well-known/jwks.json", "/userinfo"})
# Only for the origins that an application has registered.
CLIENT_PATHS = frozenset({"/oauth/token", "/oauth/revoke", "/dbconnections/signup"})
PREFLIGHT = {
    "access-control-allow-methods": "GET, POST",
    "access-control-allow-headers": "authorization, content-type, auth0-client",
    "access-control-max-age": "7200",
}


class CrossOrigin:
    """Tells browsers from which pages the Authentication API may be called."""

    def __init__(self, app: ASGIApp, tenant: Tenant) -> None:
        self._app = app
        self._tenant = tenant

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request (ASGI)."""
        headers = self._headers(scope)
        if not headers:
            await self._app(scope, receive, send)
            return
        if scope["method"] == "OPTIONS":
            await Response(status_code=204, headers={**headers, **PREFLIGHT})(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _headers(self, scope: Scope) -> dict[str, str]:
        if scope["type"] != "http":
            return {}
        origin = Headers(scope=scope).get("origin", "")
        path = scope["path"]
        if not origin or (path not in OPEN_PATHS and path not in CLIENT_PATHS):
            return {}
        if path in CLIENT_PATHS and origin not in self._registered():
            return {}
        return {"access-control-allow-origin": origin, "vary": "Origin"}

    def _registered(self) -> set[str]:
        """Return the origins of all applications: those they list, and those of their callbacks."""
        with self._tenant.lock:
            clients = self._tenant.clients.all()
        listed = {
            origin for one in clients for name in ("allowed_origins", "web_origins") for origin in one.get(name) or []
        }
        callbacks = [urlsplit(callback) for one in clients for callback in one.get("callbacks") or []]
        return listed | {f"{parts.scheme}://{parts.netloc}" for parts in callbacks}
