"""Log in with the admin token, log out."""

import math
import re
import secrets

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from crosswalk.api.security import LOGIN_COOKIE, SESSION_COOKIE, SESSION_S, AdminAccess, Session
from crosswalk.console.asked import form_field
from crosswalk.console.rendering import Renderer

log = structlog.get_logger()

LOGIN_PAGE_S = 3600
_OWN_PAGE = re.compile(r"/console(?:[/?][\x21-\x5b\x5d-\x7e]*)?")


class LogIn:
    """The log-in page and what its form, and the log-out button, do."""

    def __init__(self, access: AdminAccess, renderer: Renderer) -> None:
        self._access = access
        self._renderer = renderer

    async def show(self, request: Request) -> Response:
        """Show the form; a browser that is signed in already goes on."""
        if self._access.session(request.cookies.get(SESSION_COOKIE)) is not None:
            return RedirectResponse(_next_page(request.query_params.get("next", "")), 303)
        return self._form(request, _next_page(request.query_params.get("next", "")))

    async def submit(self, request: Request) -> Response:
        """Check the token and open a session."""
        binding = request.cookies.get(LOGIN_COOKIE, "")
        next_page = _next_page(await form_field(request, "next"))
        if not self._access.is_csrf_token(binding, await form_field(request, "csrf")):
            return self._form(request, next_page, 403, "The page was open too long. Try again.")
        address = request.client.host if request.client else ""
        wait_s = math.ceil(self._access.throttle.wait_s(address))
        if wait_s:
            response = self._form(request, next_page, 429, f"Too many wrong tokens. Try again in {wait_s} seconds.")
            response.headers["Retry-After"] = str(wait_s)
            return response
        if not self._access.is_admin_token((await form_field(request, "token")).strip()):
            self._access.throttle.count_wrong(address)
            log.warning("console_login_refused", address=address)
            return self._form(request, next_page, 401, "That is not the admin token.")
        log.info("console_login_accepted", address=address)
        _, cookie = self._access.open_session()
        response = RedirectResponse(next_page, 303)
        _set_cookie(response, request, SESSION_COOKIE, cookie, SESSION_S)
        response.delete_cookie(LOGIN_COOKIE, path="/console")
        return response

    async def log_out(self, request: Request, session: Session) -> Response:
        """End the session."""
        self._access.close_session(session)
        response = RedirectResponse("/console/login", 303)
        response.delete_cookie(SESSION_COOKIE, path="/console")
        return response

    async def refuse_get(self, request: Request, session: Session) -> Response:
        """A link must not log anybody out."""
        raise HTTPException(405, "Use the log-out button.", headers={"Allow": "POST"})

    def _form(self, request: Request, next_page: str, status: int = 200, problem: str = "") -> Response:
        binding = request.cookies.get(LOGIN_COOKIE) or secrets.token_urlsafe(18)
        response = self._renderer.page(
            request,
            "login.html",
            status=status,
            problem=problem,
            next_page=next_page,
            form_token=self._access.csrf_token(binding),
        )
        _set_cookie(response, request, LOGIN_COOKIE, binding, LOGIN_PAGE_S)
        return response


def _set_cookie(response: Response, request: Request, name: str, value: str, max_age_s: int) -> None:
    response.set_cookie(
        name,
        value,
        max_age=max_age_s,
        path="/console",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


def _next_page(path: str) -> str:
    """Where to go after the log-in: only ever a page of this console."""
    return path if _OWN_PAGE.fullmatch(path) and "/login" not in path else "/console"
