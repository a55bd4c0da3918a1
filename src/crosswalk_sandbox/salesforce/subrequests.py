"""Calls inside a call: what composite, batch and graph ask for, answered by the org's own endpoints."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Message

from crosswalk_sandbox.salesforce.errors import ApiError, RecordRefused, not_found
from crosswalk_sandbox.salesforce.front_door import allows_duplicates
from crosswalk_sandbox.salesforce.http import (
    NEWEST_VERSION,
    OLDEST_VERSION,
    api_error_reply,
    record_error_reply,
)
from crosswalk_sandbox.salesforce.rules import DUPLICATES_ALLOWED

_VERSIONED = re.compile(r"/services/data/v(\d+)\.0/(.+)")
_QUERY_SAFE = "%/?:@!$&'()*+,;=~-._ "
_OWN_HEADERS = {"location": "Location", "last-modified": "Last-Modified", "etag": "ETag"}
METHODS = ("GET", "POST", "PATCH", "DELETE", "PUT")


@dataclass(frozen=True, slots=True)
class Subrequest:
    """One call to make: `url` starts with `/services/data/`, `body` is JSON in Python's form or None."""

    method: str
    url: str
    body: Any
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Subreply:
    """What a subrequest was answered: `body` is JSON in Python's form, None when there is none."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def is_error(self) -> bool:
        return self.status >= 400


def resource_of(url: str) -> str:
    """The part of a subrequest's path after the version, such as `sobjects/Contact`; empty when it has none."""
    path = unquote(url.partition("?")[0])
    match = _VERSIONED.fullmatch(path.rstrip("/"))
    if match is None or not OLDEST_VERSION <= int(match.group(1)) <= NEWEST_VERSION:
        return ""
    return match.group(2)


async def perform(request: Request, subrequest: Subrequest) -> Subreply:
    """Answer a subrequest of the given call; other calls may run meanwhile.

    Parameters
    ----------
    request
        The call that contains the subrequest; its application answers.
    subrequest
        What to do.
    """
    try:
        reply = await _answer(request, subrequest)
    except ApiError as error:
        reply = api_error_reply(error)
    except RecordRefused as refused:
        reply = record_error_reply(refused)
    headers = {_OWN_HEADERS[name]: value for name, value in reply.headers.items() if name in _OWN_HEADERS}
    return Subreply(reply.status_code, msgspec.json.decode(reply.body) if reply.body else None, headers)


def perform_at_once(request: Request, subrequest: Subrequest) -> Subreply:
    """The same without any other call's running meanwhile, as part of a transaction."""
    answer = perform(request, subrequest)
    while True:
        try:
            waits_for = answer.send(None)
        except StopIteration as ended:
            reply: Subreply = ended.value
            return reply
        if waits_for is not None:
            answer.close()
            raise RuntimeError("an endpoint waited for something inside a transaction, where others could interleave")


async def _answer(request: Request, subrequest: Subrequest) -> Response:
    target, _, query = subrequest.url.partition("?")
    path = unquote(target).rstrip("/")
    body = b"" if subrequest.body is None else msgspec.json.encode(subrequest.body)
    scope = {
        **request.scope,
        "method": subrequest.method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": quote(query, safe=_QUERY_SAFE).encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in subrequest.headers.items()],
        "path_params": {},
        "extensions": {},
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    for route in request.app.routes:
        matched, child = route.matches(scope)
        if matched is Match.FULL and isinstance(route, Route):
            scope.update(child)
            # A subrequest inherits no such options from the call that contains it.
            DUPLICATES_ALLOWED.set(allows_duplicates(scope))
            reply: Response = await route.endpoint(Request(scope, receive))
            return reply
    raise not_found()
