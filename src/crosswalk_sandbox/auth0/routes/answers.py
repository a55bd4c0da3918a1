"""How the outcome of a login travels back to the application, and the cookies of the sign-in pages."""

from __future__ import annotations

import secrets
from html import escape
from urllib.parse import urlencode, urlsplit, urlunsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from crosswalk_sandbox.auth0.signin.errors import ReturnAddress
from crosswalk_sandbox.auth0.signin.sessions import ABSOLUTE_LIFETIME, Session
from crosswalk_sandbox.auth0.tenant import Tenant

SESSION_COOKIE = "auth0"
# Tells one browser from another, from the first page on; the vendor's cookie of that name is for the device, too.
BROWSER_COOKIE = "did"
BROWSER_SECONDS = 31_557_600
HEADERS = {"cache-control": "no-store", "referrer-policy": "no-referrer"}


def return_to_application(address: ReturnAddress, parameters: dict[str, str]) -> Response:
    """Send the browser back to the application with the outcome of its request."""
    told = dict(parameters)
    if address.state is not None:
        told["state"] = address.state
    if address.response_mode == "form_post":
        return posting_page(address.redirect_uri, told)
    return RedirectResponse(with_parameters(address.redirect_uri, told, address.response_mode), 302, HEADERS)


def with_parameters(url: str, parameters: dict[str, str], where: str = "query") -> str:
    """Return `url` with `parameters` added to its query, or as its fragment."""
    if not parameters:
        return url
    parts = urlsplit(url)
    encoded = urlencode(parameters)
    if where == "fragment":
        return f"{url}#{encoded}"
    query = f"{parts.query}&{encoded}" if parts.query else encoded
    return urlunsplit(parts._replace(query=query))


def posting_page(url: str, parameters: dict[str, str]) -> Response:
    """Return a page that posts `parameters` to `url` by itself."""
    nonce = secrets.token_urlsafe(16)
    fields = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in parameters.items()
    )
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Submit this form</title></head><body>'
        f'<form method="post" action="{escape(url)}">{fields}<noscript><button>Continue</button></noscript></form>'
        f'<script nonce="{nonce}">document.forms[0].submit()</script></body></html>'
    )
    policy = f"default-src 'none'; script-src 'nonce-{nonce}'; frame-ancestors 'none'"
    return HTMLResponse(html, 200, {**HEADERS, "content-security-policy": policy})


def current_session(request: Request, tenant: Tenant) -> Session | None:
    """Return the live session of the browser, or None."""
    return tenant.signin.sessions.find(request.cookies.get(SESSION_COOKIE, ""), tenant.clock())


def set_session_cookie(response: Response, session: Session) -> None:
    """Give the browser the cookie of its session."""
    seconds = int(ABSOLUTE_LIFETIME.total_seconds())
    response.set_cookie(
        SESSION_COOKIE, session.token, max_age=seconds, httponly=True, secure=True, samesite="none", path="/"
    )


def browser_id(request: Request) -> str:
    """Return the value that the browser's cookie holds, or a new one."""
    return request.cookies.get(BROWSER_COOKIE) or secrets.token_urlsafe(24)


def set_browser_cookie(response: Response, value: str) -> None:
    """Give the browser the cookie by which its logins are known."""
    response.set_cookie(
        BROWSER_COOKIE, value, max_age=BROWSER_SECONDS, httponly=True, secure=True, samesite="none", path="/"
    )
