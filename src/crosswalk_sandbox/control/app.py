"""The control API as an application: the whole sandbox's calls, and those of each tenant and org under its name."""

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from crosswalk_sandbox.auth0 import Problem
from crosswalk_sandbox.control.fleet_calls import fleet_calls
from crosswalk_sandbox.control.org_calls import org_calls
from crosswalk_sandbox.control.replies import Call, reply
from crosswalk_sandbox.control.tenant_calls import tenant_calls
from crosswalk_sandbox.fleet import Fleet, UnknownMember
from crosswalk_sandbox.hosted import Hosted
from crosswalk_sandbox.salesforce import RecordRefused


def create_app(fleet: Fleet) -> Starlette:
    """The control API over tenants and orgs; those that come later get their calls too."""
    tenants = _Switchboard(fleet.tenant, tenant_calls)
    orgs = _Switchboard(fleet.org, org_calls)
    return Starlette(
        routes=[
            *(Route(path, endpoint, methods=[method]) for method, path, endpoint in fleet_calls(fleet)),
            Mount("/auth0", app=tenants),
            Mount("/tenants/{member}", app=tenants),
            Mount("/salesforce", app=orgs),
            Mount("/orgs/{member}", app=orgs),
        ],
        middleware=[Middleware(_NoWebPages)],
        exception_handlers={
            UnknownMember: _answer_unknown_member,
            msgspec.DecodeError: _answer_bad_order,
            OSError: _answer_bad_order,
            Problem: _answer_bad_order,
            RecordRefused: _answer_bad_order,
            ValueError: _answer_bad_order,
        },
    )


class _NoWebPages:
    """Refuses what web pages send: anybody's page in a browser on this machine could reach the port."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and any(name == b"origin" for name, _ in scope["headers"]):
            refusal = reply({"error": "the control API takes no calls from web pages"}, 403)
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)


class _Switchboard:
    """Passes a call on to the tenant or org that its path names, to the first one when it names none."""

    def __init__(self, find: Callable[[str | None], Any], calls_of: Callable[[Any], list[Call]]) -> None:
        self._find = find
        self._calls_of = calls_of
        self._routers: WeakKeyDictionary[Hosted, Router] = WeakKeyDictionary()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        member = self._find(scope["path_params"].get("member"))
        router = self._routers.get(member)
        if router is None:
            router = self._routers[member] = Router([_route(*call) for call in self._calls_of(member)])
        await router(scope, receive, send)


def _route(method: str, path: str, endpoint: Callable[[Request], Any]) -> Route:
    """The route of a call below the tenant's or org's own path."""
    return Route("/" + path.lstrip("/").partition("/")[2], endpoint, methods=[method])


async def _answer_unknown_member(_request: Request, error: Exception) -> Response:
    return reply({"error": str(error)}, 404)


async def _answer_bad_order(_request: Request, error: Exception) -> Response:
    words = error.strerror if isinstance(error, OSError) else None
    return reply({"error": words or str(error)}, 400)
