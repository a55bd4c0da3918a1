"""The request limits of the Authentication API and the login pages, when the tenant has a plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import msgspec
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crosswalk_sandbox.auth0.fault_answers import AUTHENTICATION, JSON_TYPE, refusal
from crosswalk_sandbox.auth0.rate_limit import Verdict
from crosswalk_sandbox.auth0.rate_limit_tables import Key
from crosswalk_sandbox.auth0.tenant import Tenant

LARGEST_BODY = 1_000_000
PASSWORD_GRANTS = ("password", "http://auth0.com/oauth/grant-type/password-realm")
LOGIN_FORMS = ("/u/login", "/u/login/password")


class AuthenticationLimits:
    """Refuses requests beyond the plan's limits with 429, and tells the limits' state on the others' answers."""

    def __init__(self, app: ASGIApp, tenant: Tenant) -> None:
        self._app = app
        self._tenant = tenant

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request (ASGI)."""
        limited = scope["type"] == "http" and self._tenant.knobs.rate_limit_plan is not None
        if not limited or not scope["path"].startswith(AUTHENTICATION):
            await self._app(scope, receive, send)
            return
        body, replay = await read_ahead(receive)
        verdict = self._verdict(scope, parameters(scope, body))
        if not verdict.allowed:
            await refuse(scope, send, verdict)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(verdict.headers)
            await send(message)

        await self._app(scope, replay, send_with_headers)

    def _verdict(self, scope: Scope, given: Mapping[str, str]) -> Verdict:
        ip = scope["client"][0] if scope.get("client") else ""
        method, path = scope["method"], scope["path"]

        def key_of(key: Key) -> str:
            match key:
                case "any":
                    return ""
                case "ip":
                    return ip
                case "user":
                    return self._user_of(scope)
                case "ip and page":
                    return f"{ip} {path}"
                case "ip, page and state":
                    return f"{ip} {path} {given.get('state', '')}"
                case "ip and account":
                    return f"{ip} {given.get('email', '').lower()}"

        with self._tenant.lock:
            verdict = self._tenant.rate_limit.take_authentication(method, path, key_of)
            if verdict.allowed and (account := login_of(method, path, given)):
                attempt = self._tenant.rate_limit.take_login(f"{ip} {account}")
                return verdict if attempt.allowed else attempt
        return verdict

    def _user_of(self, scope: Scope) -> str:
        """Return the user of the request's access token; the token itself when nobody knows it."""
        token = Headers(scope=scope).get("authorization", "").partition(" ")[2]
        opaque = self._tenant.signin.opaque_tokens.get(token)
        if opaque is not None:
            return opaque.authorization.user_id
        claims = self._tenant.tokens.read(token) if token else None
        return str(claims["sub"]) if claims is not None else token


def login_of(method: str, path: str, given: Mapping[str, str]) -> str:
    """Return the account that a request tries to log in to with a password, or an empty text."""
    is_form = path in LOGIN_FORMS and "password" in given
    is_grant = path == "/oauth/token" and given.get("grant_type") in PASSWORD_GRANTS
    return given.get("username", "").lower() if method == "POST" and (is_form or is_grant) else ""


def parameters(scope: Scope, body: bytes) -> dict[str, str]:
    """Return a request's parameters, of its query and its body, JSON or form; unreadable ones are left out."""
    query = scope["query_string"].decode("latin-1")
    found = {name: values[0] for name, values in parse_qs(query).items()}
    if Headers(scope=scope).get("content-type", "").startswith("application/json"):
        try:
            decoded: Any = msgspec.json.decode(body)
        except msgspec.DecodeError:
            return found
        members = decoded.items() if isinstance(decoded, dict) else ()
        return found | {name: value for name, value in members if isinstance(value, str)}
    return found | {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}


async def read_ahead(receive: Receive) -> tuple[bytes, Receive]:
    """Return a request's body, and what gives it to the application once more."""
    messages: list[Message] = []
    body = b""
    while len(body) <= LARGEST_BODY:
        message = await receive()
        messages.append(message)
        body += message.get("body", b"")
        if message["type"] != "http.request" or not message.get("more_body"):
            break

    async def replay() -> Message:
        return messages.pop(0) if messages else await receive()

    return body, replay


async def refuse(scope: Scope, send: Send, verdict: Verdict) -> None:
    """Answer 429 in the Authentication API's form."""
    answer = refusal(scope, 429, verdict.message, "too_many_requests")
    headers = {"content-type": JSON_TYPE, "content-length": str(len(answer.body)), **verdict.headers}
    start = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": 429, "headers": start})
    await send({"type": "http.response.body", "body": answer.body})
