"""What every call passes: on the outside `FrontDoor` with latency and the call log, then the ordered faults, and last
`Admission` with session and API limits, next to the endpoints."""

import asyncio
import re
import time
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crosswalk_sandbox.salesforce.acting import ACTING_USER
from crosswalk_sandbox.salesforce.errors import ApiError, not_found
from crosswalk_sandbox.salesforce.fault_answers import LIMIT_MESSAGES
from crosswalk_sandbox.salesforce.http import NEWEST_VERSION, OLDEST_VERSION, api_error_reply
from crosswalk_sandbox.salesforce.journal import CallEntry
from crosswalk_sandbox.salesforce.org import Org
from crosswalk_sandbox.salesforce.pubsub.origin import CHANGE_ORIGIN, origin_of
from crosswalk_sandbox.salesforce.rules import DUPLICATES_ALLOWED

_LONGEST_URI = 16_384
_VERSIONED = re.compile(r"/services/data/v(\d+)\.0(?:/|$)")


class FrontDoor:
    """Delays and logs calls.

    Parameters
    ----------
    app
        What serves them.
    org
        The org.
    template_of
        The path template that a served scope matched.
    """

    def __init__(self, app: ASGIApp, org: Org, template_of: Callable[[Scope], str]) -> None:
        self._app = app
        self._org = org
        self._template_of = template_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/services/"):
            await self._app(scope, receive, send)
            return
        org, started, status = self._org, time.perf_counter(), 0

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        running, number = org.running, org.running.enter()
        try:
            if org.latency_ms > 0:
                await asyncio.sleep(org.latency_ms / 1000)
            await self._app(scope, receive, send_on)
        finally:
            running.leave(number)
            milliseconds = (time.perf_counter() - started) * 1000
            org.calls.append(CallEntry(scope["method"], self._template_of(scope), status, milliseconds))


class Admission:
    """Lets calls with a session through, within the limits, and tells the limit on each of their replies."""

    def __init__(self, app: ASGIApp, org: Org) -> None:
        self._app = app
        self._org = org

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/services/"):
            await self._app(scope, receive, send)
            return
        user_id: str | None = None

        async def send_on(message: Message) -> None:
            if user_id is not None and message["type"] == "http.response.start":
                usage = self._org.usage
                value = f"api-usage={usage.used()}/{usage.daily_limit}".encode()
                message["headers"] = [*message["headers"], (b"sforce-limit-info", value)]
            await send(message)

        try:
            user_id = self._admit(scope)
            if user_id is not None:
                self._spend()
        except ApiError as error:
            await api_error_reply(error)(scope, receive, send_on)
            return
        if scope["path"] != "/" and scope["path"].endswith("/"):
            scope["path"] = scope["path"].rstrip("/")
        DUPLICATES_ALLOWED.set(allows_duplicates(scope))
        CHANGE_ORIGIN.set(origin_of(scope["path"], _header(scope, b"sforce-call-options")))
        acting = ACTING_USER.set(user_id)
        try:
            await self._app(scope, receive, send_on)
        finally:
            ACTING_USER.reset(acting)

    def _admit(self, scope: Scope) -> str | None:
        """Raise what the call is refused with, else tell whose call it is; None for one that is no API call."""
        if len(scope.get("raw_path") or scope["path"]) + len(scope["query_string"]) + 1 > _LONGEST_URI:
            raise ApiError(414, "URI_TOO_LONG", "URI Too Long")
        versioned = _VERSIONED.match(scope["path"])
        if versioned is None:
            return None
        if not OLDEST_VERSION <= int(versioned.group(1)) <= NEWEST_VERSION:
            raise not_found()
        session = self._org.sessions.find(session_token(scope))
        if session is None:
            raise ApiError(401, "INVALID_SESSION_ID", "Session expired or invalid")
        if not session.opens_rest:
            raise ApiError(401, "INVALID_SESSION_ID", "This session is not valid for use with the REST API")
        return session.user_id

    def _spend(self) -> None:
        if not self._org.running.has_room():
            raise ApiError(403, "REQUEST_LIMIT_EXCEEDED", LIMIT_MESSAGES["ConcurrentRequests"])
        if not self._org.usage.spend():
            raise ApiError(403, "REQUEST_LIMIT_EXCEEDED", LIMIT_MESSAGES["TotalRequests"])


def session_token(scope: Scope) -> str:
    """The access token or session id in a call's header, empty without one."""
    scheme, _, token = _header(scope, b"authorization").partition(" ")
    return token.strip() if scheme.lower() in ("bearer", "oauth") else ""


def allows_duplicates(scope: Scope) -> bool:
    """Whether a call's headers let it save records that a duplicate rule would hold back."""
    options = _header(scope, b"sforce-duplicate-rule-header").replace(" ", "").lower()
    return "allowsave=true" in re.split("[,;]", options)


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")
