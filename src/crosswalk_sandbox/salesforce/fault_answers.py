"""How the org refuses calls on order, in the vendor's words, and which class each call is of."""

import re

import msgspec
from starlette.types import Scope

from crosswalk_sandbox.faults.answers import Answer, empty_answer, html_answer
from crosswalk_sandbox.faults.effects import Limit, Status, Throttle
from crosswalk_sandbox.salesforce.http import JSON_TYPE
from crosswalk_sandbox.salesforce.org import Org

_OAUTH = "/services/oauth2/"
_SOAP_LOGIN = "/services/Soap/"
_VERSIONED = re.compile(r"/services/data/v[^/]+/([^/]+)(?:/([^/]+))?(?:/([^/]+))?(?:/([^/]+))?")
_QUERIES = ("query", "queryAll", "search", "parameterizedSearch")
LIMIT_MESSAGES = {
    "TotalRequests": "TotalRequests Limit exceeded.",
    "ConcurrentRequests": "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
    "ConcurrentPerOrgLongTxn": "ConcurrentPerOrgLongTxn Limit exceeded.",
}
_UNAVAILABLE = ("SERVER_UNAVAILABLE", "The server is temporarily unavailable. Please try again later.")
_BY_STATUS = {
    401: ("INVALID_SESSION_ID", "Session expired or invalid"),
    403: ("REQUEST_LIMIT_EXCEEDED", LIMIT_MESSAGES["TotalRequests"]),
    404: ("NOT_FOUND", "The requested resource does not exist"),
    500: ("UNKNOWN_EXCEPTION", "An unexpected error occurred. Please try again later."),
}


class OrgAnswers:
    """What the fault layer asks of an org."""

    def __init__(self, org: Org) -> None:
        self._org = org

    def operations_of(self, scope: Scope) -> frozenset[str]:
        path: str = scope["path"]
        if path.startswith(_OAUTH):
            return frozenset(["token" if path.rstrip("/") == f"{_OAUTH}token" else "authentication"])
        if path.startswith(_SOAP_LOGIN):
            return frozenset({"token"})
        if path.startswith("/cometd/"):
            return frozenset({"events"})
        if not path.startswith("/services/"):
            return frozenset()
        parts = _VERSIONED.match(path)
        return frozenset(_rest_operations(scope["method"], *(parts.groups("") if parts else ("", "", "", ""))))

    def answer(self, effect: Status | Throttle | Limit, scope: Scope) -> Answer:
        match effect:
            case Limit():
                return _refusal(scope, 403, "REQUEST_LIMIT_EXCEEDED", LIMIT_MESSAGES[effect.limit])
            case Status(body="html"):
                return html_answer(effect.status)
            case Status(body="empty"):
                return empty_answer(effect.status)
            case Status():
                code, message = _BY_STATUS.get(effect.status, _UNAVAILABLE)
                return _refusal(scope, effect.status, effect.code or code, effect.message or message)
            case _:
                return _refusal(scope, 429, "REQUEST_LIMIT_EXCEEDED", effect.message)

    def revoke(self, scope: Scope, *, every: bool) -> None:
        if every:
            self._org.sessions.revoke_all()
            return
        header = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        self._org.sessions.end(header.decode("latin-1").partition(" ")[2].strip())

    def exhaust(self) -> None:
        self._org.usage.exhaust()


def _rest_operations(method: str, service: str, first: str, second: str, third: str) -> set[str]:
    reads = method in ("GET", "HEAD")
    if service == "jobs":
        return {"bulk", "read" if reads else "write"}
    if service == "composite" and first == "sobjects":
        # With an object alone the ids to read come in the body.
        return {"collections", "read" if reads or (method == "POST" and second and not third) else "write"}
    if not reads:
        return {"write"}
    operations = {"read"}
    if service in _QUERIES:
        operations.add("query")
    elif service == "limits":
        operations.add("limits")
    elif service == "sobjects" and (not second or second == "describe"):
        operations.add("describe")
    return operations


def _refusal(scope: Scope, status: int, code: str, message: str) -> Answer:
    """An error in the form of the REST API, or of the token endpoint and its neighbours."""
    if scope["path"].startswith(_OAUTH):
        body = msgspec.json.encode({"error": "unknown_error", "error_description": message})
    else:
        body = msgspec.json.encode([{"message": message, "errorCode": code}])
    return Answer(status, body, JSON_TYPE)
