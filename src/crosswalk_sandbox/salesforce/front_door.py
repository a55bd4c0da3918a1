"""What every call passes before and after its endpoint: troubles, session, API limit, latency, and the call log."""

import asyncio
import re
import time
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crosswalk_sandbox.salesforce.errors import ApiError, not_found
from crosswalk_sandbox.salesforce.http import NEWEST_VERSION, OLDEST_VERSION, api_error_reply
from crosswalk_sandbox.salesforce.journal import CallEntry
from crosswalk_sandbox.salesforce.org import Org
from crosswalk_sandbox.salesforce.rules import DUPLICATES_ALLOWED

ABORT_EXTENSION = "crosswalk_sandbox.abort"
"""ASGI scope extension: a function that drops the connection. Servers without it get an exception instead."""

_LONGEST_URI = 16_384
_VERSIONED = re.compile(r"/services/data/v(\d+)\.0(?:/|$)")
_WRITING_METHODS = {"POST", "PATCH", "DELETE"}


class ReplyLost(Exception):
    """The reply of an applied write was dropped on purpose, where the server cannot drop the connection."""


class FrontDoor:
    """Wraps the org's application.

    Parameters
    ----------
    app
        The application that has the endpoints.
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
        started = time.perf_counter()
        reply = _Reply(self._org, scope, receive, send)
        if self._org.latency_ms > 0:
            await asyncio.sleep(self._org.latency_ms / 1000)
        try:
            self._admit(scope, reply)
        except ApiError as error:
            await api_error_reply(error)(scope, receive, reply.send)
        else:
            if scope["path"] != "/" and scope["path"].endswith("/"):
                scope["path"] = scope["path"].rstrip("/")
            DUPLICATES_ALLOWED.set(allows_duplicates(scope))
            await self._app(scope, receive, reply.send)
        milliseconds = (time.perf_counter() - started) * 1000
        self._org.calls.append(CallEntry(scope["method"], self._template_of(scope), reply.status, milliseconds))

    def _admit(self, scope: Scope, reply: "_Reply") -> None:
        """Let the call through, or raise what it is refused with."""
        if len(scope.get("raw_path") or scope["path"]) + len(scope["query_string"]) + 1 > _LONGEST_URI:
            raise ApiError(414, "URI_TOO_LONG", "URI Too Long")
        self._org.faults.refuse_call()
        versioned = _VERSIONED.match(scope["path"])
        if versioned is None:
            return
        if not OLDEST_VERSION <= int(versioned.group(1)) <= NEWEST_VERSION:
            raise not_found()
        if not self._org.sessions.is_valid(_token(scope)):
            raise ApiError(401, "INVALID_SESSION_ID", "Session expired or invalid")
        reply.is_counted = True
        if not self._org.usage.spend():
            raise ApiError(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")


class _Reply:
    """Sends a reply on, with the limit header added, or loses it when that was ordered."""

    def __init__(self, org: Org, scope: Scope, receive: Receive, send: Send) -> None:
        self._org = org
        self._scope = scope
        self._receive = receive
        self._send = send
        self._is_lost = False
        self.is_counted = False
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self._has_written() and self._org.faults.take_drop():
                self._is_lost = True
                await self._drop_connection()
            if self.is_counted:
                usage = self._org.usage
                value = f"api-usage={usage.used()}/{usage.daily_limit}".encode()
                message["headers"] = [*message["headers"], (b"sforce-limit-info", value)]
        if not self._is_lost:
            await self._send(message)

    async def _drop_connection(self) -> None:
        abort = self._scope.get("extensions", {}).get(ABORT_EXTENSION)
        if abort is None:
            raise ReplyLost("the reply of an applied write was dropped, as ordered through the control API")
        abort()
        while (await self._receive())["type"] != "http.disconnect":
            pass

    def _has_written(self) -> bool:
        return self.is_counted and self.status < 300 and self._scope["method"] in _WRITING_METHODS


def _token(scope: Scope) -> str:
    scheme, _, token = _header(scope, b"authorization").partition(" ")
    return token.strip() if scheme.lower() in ("bearer", "oauth") else ""


def allows_duplicates(scope: Scope) -> bool:
    """Whether a call's headers let it save records that a duplicate rule would hold back."""
    options = _header(scope, b"sforce-duplicate-rule-header").replace(" ", "").lower()
    return "allowsave=true" in re.split("[,;]", options)


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")
