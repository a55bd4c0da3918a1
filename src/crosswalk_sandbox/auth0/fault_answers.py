"""How the tenant refuses calls on order, in the vendor's words, and which class each call is of."""

from __future__ import annotations

import msgspec
from starlette.types import Scope

from crosswalk_sandbox.auth0.problems import Problem
from crosswalk_sandbox.auth0.tenant import Tenant
from crosswalk_sandbox.faults import Answer
from crosswalk_sandbox.faults.answers import empty_answer, html_answer
from crosswalk_sandbox.faults.effects import Limit, Status, Throttle

JSON_TYPE = "application/json; charset=utf-8"
MANAGEMENT = "/api/v2/"
AUTHENTICATION = (
    "/.well-known/",
    "/authorize",
    "/co/",
    "/dbconnections/",
    "/login",
    "/mfa/",
    "/oauth/",
    "/oidc/",
    "/passwordless/",
    "/u/",
    "/userinfo",
    "/v2/logout",
)
SEARCHES = frozenset({"users", "users-by-email", "logs"})
MESSAGES = {
    500: "An internal server error occurred",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


class TenantAnswers:
    """What the fault layer asks of a tenant."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def operations_of(self, scope: Scope) -> frozenset[str]:
        """Return the classes of a call; none for the sandbox's own pages."""
        path: str = scope["path"]
        if path == "/oauth/token":
            return frozenset({"token"})
        if not path.startswith(MANAGEMENT):
            return frozenset({"authentication"} if path.startswith(AUTHENTICATION) else ())
        operations = {"management", "read" if scope["method"] in {"GET", "HEAD"} else "write"}
        resource = path[len(MANAGEMENT) :].rstrip("/")
        if resource in SEARCHES and "read" in operations:
            operations.add("query")
        if resource == "events":
            operations.add("events")
        if resource.startswith("jobs"):
            operations.add("bulk")
        return frozenset(operations)

    def answer(self, effect: Status | Throttle | Limit, scope: Scope) -> Answer:
        """Return the refusal of a call."""
        match effect:
            case Throttle():
                return self._throttled(effect, scope)
            case Status(body="html"):
                return html_answer(effect.status)
            case Status(body="empty"):
                return empty_answer(effect.status)
            case Status():
                message = effect.message or MESSAGES.get(effect.status, "The request was refused")
                return refusal(scope, effect.status, message, effect.code or None)
            case _:
                return refusal(scope, 429, "Global limit has been reached", "too_many_requests")

    def revoke(self, scope: Scope, *, every: bool) -> None:
        """End the bearer token that the call came with, or every token, for the Management API."""
        if every:
            self._tenant.tokens.revoke_all(self._tenant.clock())
            return
        header = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        self._tenant.tokens.revoke(header.decode("latin-1").partition(" ")[2].strip())

    def exhaust(self) -> None:
        """Do nothing: the vendor has no daily limit."""

    def _throttled(self, effect: Throttle, scope: Scope) -> Answer:
        answer = refusal(scope, 429, effect.message, "too_many_requests")
        match effect.headers:
            case "vendor":
                reset = int(self._tenant.time.epoch()) + effect.retry_after_seconds
                answer.headers.update(
                    {"x-ratelimit-limit": "50", "x-ratelimit-remaining": "0", "x-ratelimit-reset": str(reset)}
                )
            case "retry-after":
                answer.headers["retry-after"] = str(effect.retry_after_seconds)
            case "none":
                pass
        return answer


def refusal(scope: Scope, status: int, message: str, code: str | None) -> Answer:
    """Return an error in the form of the Management API, or of the Authentication API."""
    if scope["path"].startswith(MANAGEMENT):
        body: dict[str, object] = Problem(status, message, code).body()
    else:
        body = {"error": code or "temporarily_unavailable", "error_description": message}
    return Answer(status, msgspec.json.encode(body), JSON_TYPE)
