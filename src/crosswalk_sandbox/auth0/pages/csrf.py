"""Protection of the forms: the same random value in a cookie and in the form, which another site cannot know."""

from __future__ import annotations

import hmac
import secrets

from starlette.requests import Request
from starlette.responses import Response

COOKIE = "sandbox_csrf"
FIELD = "csrf"


def csrf_value(request: Request) -> str:
    """Return the value that the visitor's cookie already holds, or a new one."""
    return request.cookies.get(COOKIE) or secrets.token_urlsafe(24)


def set_csrf_cookie(response: Response, value: str) -> None:
    """Give the visitor the cookie that belongs to the form in `response`."""
    response.set_cookie(COOKIE, value, httponly=True, secure=True, samesite="strict", path="/")


def is_genuine(request: Request, submitted: str) -> bool:
    """Tell whether a form with the value `submitted` came from a page that this visitor was shown."""
    expected = request.cookies.get(COOKIE, "")
    return bool(expected) and hmac.compare_digest(expected.encode(), submitted.encode())
