"""The page's address, and who may use its forms: only whoever was shown them."""

import hmac
import secrets
from collections.abc import Awaitable, Callable

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from crosswalk_sandbox.auth0 import Problem
from crosswalk_sandbox.controls import forms
from crosswalk_sandbox.controls.forms import Fields, Member
from crosswalk_sandbox.controls.page import render
from crosswalk_sandbox.fleet import Fleet, UnknownMember
from crosswalk_sandbox.salesforce import RecordRefused

PATH = "/sandbox-controls"
_COOKIE = "sandbox_controls"
_SECURITY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
_REFUSALS = (msgspec.DecodeError, Problem, RecordRefused, UnknownMember, ValueError, KeyError)

Form = Callable[[Fleet, Member, Fields], Awaitable[str]]
_FORMS: dict[str, Form] = {
    "seed": forms.seed,
    "reset": forms.reset,
    "clock": forms.clock,
    "trouble": forms.trouble,
    "rules": forms.rules,
}


def with_controls(app: ASGIApp, fleet: Fleet, member: Member) -> ASGIApp:
    """The vendor's application with the page before its front door."""
    page = _Page(fleet, member)
    pages = Starlette(
        routes=[Route(PATH, page.show, methods=["GET"]), Route(PATH + "/{form}", page.act, methods=["POST"])]
    )

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        is_page = scope["type"] == "http" and (scope["path"] == PATH or scope["path"].startswith(PATH + "/"))
        await (pages if is_page else app)(scope, receive, send)

    return serve


class _Page:
    """The endpoints for one tenant or org."""

    def __init__(self, fleet: Fleet, member: Member) -> None:
        self._fleet = fleet
        self._member = member
        self._notice = ""

    async def show(self, request: Request) -> Response:
        notice, self._notice = self._notice, ""
        return self._shown(request, notice=notice)

    async def act(self, request: Request) -> Response:
        form = _FORMS.get(request.path_params["form"])
        if form is None:
            return Response(status_code=404)
        submitted = await request.form()
        fields = {name: value for name, value in submitted.items() if isinstance(value, str)}
        expected = request.cookies.get(_COOKIE, "")
        if not expected or not hmac.compare_digest(expected.encode(), fields.pop("csrf", "").encode()):
            return self._shown(request, 403, error="This form is no longer valid. Please try again.")
        try:
            self._notice = await form(self._fleet, self._member, fields)
        except _REFUSALS as error:
            return self._shown(request, 400, error=str(error))
        return RedirectResponse(PATH, 303)

    def _shown(self, request: Request, status: int = 200, *, notice: str = "", error: str = "") -> Response:
        csrf = request.cookies.get(_COOKIE) or secrets.token_urlsafe(24)
        html = render(self._fleet, self._member, csrf, notice=notice, error=error)
        response = HTMLResponse(html, status, headers={"content-security-policy": _SECURITY})
        response.set_cookie(_COOKIE, csrf, httponly=True, secure=True, samesite="strict", path=PATH)
        return response
