"""The org as an ASGI application."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Scope

from crosswalk_sandbox.faults import FaultLayer
from crosswalk_sandbox.salesforce import (
    composite,
    composite_batch,
    composite_tree,
    page,
    parameterized_search,
    query,
    record_collections,
    replication,
    service,
    sobjects,
)
from crosswalk_sandbox.salesforce.bulk import endpoints as bulk
from crosswalk_sandbox.salesforce.conditional import DescribeTimes
from crosswalk_sandbox.salesforce.errors import ApiError, RecordRefused, not_found
from crosswalk_sandbox.salesforce.fault_answers import OrgAnswers
from crosswalk_sandbox.salesforce.front_door import Admission, FrontDoor
from crosswalk_sandbox.salesforce.http import Endpoint, Path, api_error_reply, record_error_reply
from crosswalk_sandbox.salesforce.oauth import endpoints as oauth
from crosswalk_sandbox.salesforce.oauth import pages as login_pages
from crosswalk_sandbox.salesforce.oauth import soap_login
from crosswalk_sandbox.salesforce.org import Org
from crosswalk_sandbox.salesforce.streaming import endpoints as streaming

_TEMPLATE = "crosswalk_sandbox.template"
_ALL_METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS"]


class _MethodSwitch:
    """The endpoints of one path, by method; also remembers the path's template for the call log."""

    def __init__(self, path: Path) -> None:
        self.template = path.template.replace(":path", "")
        self._methods = path.methods

    async def __call__(self, request: Request) -> Response:
        endpoint: Endpoint | None = self._methods.get("GET" if request.method == "HEAD" else request.method)
        if endpoint is None:
            message = f"HTTP Method '{request.method}' not allowed. Allowed are {','.join(self._methods)}"
            return api_error_reply(ApiError(405, "METHOD_NOT_ALLOWED", message))
        request.scope[_TEMPLATE] = self.template
        return await endpoint(request)


def _template_finder(routes: list[Route]) -> Callable[[Scope], str]:
    """A function from a served scope to its path template, also when the call was refused before its endpoint."""

    def template_of(scope: Scope) -> str:
        known: str | None = scope.get(_TEMPLATE)
        if known is not None:
            return known
        matched = next((route.path for route in routes if route.matches(scope)[0] is Match.FULL), "(unknown)")
        return matched.replace(":path", "")

    return template_of


async def _answer_api_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)  # noqa: S101 - registered for this class alone
    return api_error_reply(error)


async def _answer_record_refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RecordRefused)  # noqa: S101 - registered for this class alone
    return record_error_reply(error)


async def _answer_unknown_path(_request: Request, _error: Exception) -> Response:
    return api_error_reply(not_found())


def create_app(org: Org) -> Starlette:
    """The org's application: logins (`oauth`), REST under `/services/data`, `/cometd`, and the page `/sandbox/`.

    Parameters
    ----------
    org
        The org to serve; it can be changed in process while it is served.
    """
    paths = [
        *oauth.PATHS,
        *login_pages.PATHS,
        *soap_login.PATHS,
        *service.PATHS,
        *record_collections.PATHS,
        *composite.PATHS,
        *composite_batch.PATHS,
        *composite_tree.PATHS,
        *query.PATHS,
        *parameterized_search.PATHS,
        *replication.PATHS,
        *bulk.PATHS,
        *sobjects.PATHS,
        *streaming.PATHS,
    ]
    routes = [Route(path.template, _route_endpoint(_MethodSwitch(path)), methods=_ALL_METHODS) for path in paths]

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        org.jobs.clear()

    app = Starlette(
        lifespan=lifespan,
        routes=[*routes, *page.ROUTES],
        middleware=[
            Middleware(FrontDoor, org=org, template_of=_template_finder(routes)),
            Middleware(FaultLayer, faults=org.faults, vendor=OrgAnswers(org)),
            Middleware(Admission, org=org),
        ],
        exception_handlers={
            ApiError: _answer_api_error,
            RecordRefused: _answer_record_refused,
            404: _answer_unknown_path,
        },
    )
    app.state.org = org
    app.state.describe_times = DescribeTimes(org.clock)
    return app


def _route_endpoint(switch: _MethodSwitch) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        return await switch(request)

    return endpoint
