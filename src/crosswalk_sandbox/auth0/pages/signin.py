"""The sign-in pages as HTML: plain forms that work without scripts and can be driven by any client."""

from __future__ import annotations

from typing import Any

from starlette.responses import HTMLResponse, Response

from crosswalk_sandbox.auth0.pages.rendering import TEMPLATES

HEADERS = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    # No form-action: browsers apply it to the redirect that follows a form, and that leads to the application.
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
}


def signin_page(tenant_name: str, page: str, status: int, **values: Any) -> Response:
    """Return one of the pages ``login``, ``signup``, ``mfa-otp-*``, ``consent``, ``logout`` and ``error``."""
    html = TEMPLATES.get_template(f"signin/{page}.html").render(tenant=tenant_name, **values)
    return HTMLResponse(html, status, HEADERS)
