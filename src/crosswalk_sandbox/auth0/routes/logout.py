"""Logging out: the vendor's own ``/v2/logout``, and ``/oidc/logout`` of the standard (RP-initiated logout)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from crosswalk_sandbox.auth0.pages.signin import signin_page
from crosswalk_sandbox.auth0.routes.answers import HEADERS, SESSION_COOKIE, current_session, with_parameters
from crosswalk_sandbox.auth0.routes.oauth import caller
from crosswalk_sandbox.auth0.signin.errors import PageError
from crosswalk_sandbox.auth0.signin.records import log_application, log_user_id
from crosswalk_sandbox.auth0.signin.sessions import Session
from crosswalk_sandbox.auth0.tenant import Tenant

PARAMETERS = ("id_token_hint", "logout_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales")


def logout_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes that end a session."""
    pages = LogoutPages(tenant)
    return [
        Route("/v2/logout", pages.log_out, methods=["GET"]),
        Route("/oidc/logout", pages.oidc_log_out, methods=["GET", "POST"]),
    ]


class LogoutPages:
    """The logouts of one tenant."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def log_out(self, request: Request) -> Response:
        """End the browser's session at once, and go where the client's settings allow."""
        given = request.query_params
        return_to, client_id = given.get("returnTo", ""), given.get("client_id", "")
        with self._tenant.lock:
            if return_to and return_to not in self._allowed(client_id):
                found = (
                    f'The "returnTo" querystring parameter "{return_to}" is not defined as a valid URL in '
                    '"Allowed Logout URLs".'
                )
                return self._refused(request, client_id, found)
            self._end(request, current_session(request, self._tenant), client_id)
        response: Response = RedirectResponse(return_to, 302, HEADERS) if return_to else PlainTextResponse("OK")
        return without_session(response)

    async def oidc_log_out(self, request: Request) -> Response:
        """End the session that an ID token names, or after a question the browser's own."""
        submitted = request.query_params if request.method == "GET" else await request.form()
        given = {name: value for name, value in submitted.items() if isinstance(value, str)}
        with self._tenant.lock:
            try:
                hint = self._hint(given)
                client_id = given.get("client_id") or (hint["aud"] if hint else "")
                target = self._target(given, client_id)
            except PageError as error:
                return self._refused(request, given.get("client_id", ""), error.description)
            session = current_session(request, self._tenant)
            named = self._named_session(given, hint)
            is_certain = session is None or (named is not None and named.sid == session.sid)
            if session is not None and not is_certain and not self._confirmed(given, session):
                shown = {name: given[name] for name in PARAMETERS if name in given}
                token = confirmation(session)
                return signin_page(self._tenant.name, "logout", 200, token=token, parameters=shown)
            self._end(request, session or named, client_id)
        if not target:
            return without_session(signin_page(self._tenant.name, "logout", 200))
        state = {"state": given["state"]} if "state" in given else {}
        return without_session(RedirectResponse(with_parameters(target, state), 302, HEADERS))

    def _hint(self, given: Mapping[str, str]) -> dict[str, Any] | None:
        """Return the claims of the ID token that names the session, expired or not."""
        if "id_token_hint" not in given:
            return None
        claims = self._tenant.tokens.read(given["id_token_hint"])
        if claims is None or not isinstance(claims.get("aud"), str):
            raise PageError("invalid_request", "Invalid id_token_hint")
        if given.get("client_id", claims["aud"]) != claims["aud"]:
            raise PageError("invalid_request", "client_id does not match the audience of id_token_hint")
        return claims

    def _target(self, given: Mapping[str, str], client_id: str) -> str:
        target = given.get("post_logout_redirect_uri", "")
        if target and target not in self._allowed(client_id):
            found = f"The post_logout_redirect_uri parameter is not defined as a valid URL: {target}"
            raise PageError("invalid_request", found)
        return target

    def _named_session(self, given: Mapping[str, str], hint: dict[str, Any] | None) -> Session | None:
        sid = (hint or {}).get("sid") or given.get("logout_hint", "")
        return self._tenant.signin.sessions.by_sid(sid) if sid else None

    def _confirmed(self, given: Mapping[str, str], session: Session) -> bool:
        return hmac.compare_digest(given.get("confirmation", "").encode(), confirmation(session).encode())

    def _allowed(self, client_id: str) -> list[str]:
        client = self._tenant.clients.find(client_id)
        return list(client.get("allowed_logout_urls") or []) if client is not None else []

    def _end(self, request: Request, session: Session | None, client_id: str) -> None:
        if session is not None:
            self._tenant.signin.sessions.end(session)
            log_user_id(self._tenant, "slo", session.user_id, caller(request, self._tenant, client_id))

    def _refused(self, request: Request, client_id: str, description: str) -> Response:
        log_application(self._tenant, "flo", caller(request, self._tenant, client_id), description)
        return signin_page(self._tenant.name, "error", 400, code="invalid_request", error=description)


def confirmation(session: Session) -> str:
    """Return what only a form shown to the session's browser can send back."""
    return hashlib.sha256(f"log out {session.token}".encode()).hexdigest()


def without_session(response: Response) -> Response:
    """Take the session's cookie from the browser."""
    response.delete_cookie(SESSION_COOKIE, path="/", secure=True, httponly=True, samesite="none")
    return response
