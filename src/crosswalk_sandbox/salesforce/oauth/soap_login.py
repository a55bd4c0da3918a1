"""`login()` and `logout()` of the SOAP API, the oldest way in, which many scripts still take.

A user name and password, with the security token behind it or without, are answered with a session id that the REST API
takes as well. Nothing else of SOAP is here.
"""

import re
from html import escape, unescape

from starlette.requests import Request
from starlette.responses import Response

from crosswalk_sandbox.salesforce.http import Path
from crosswalk_sandbox.salesforce.oauth.endpoints import server_of
from crosswalk_sandbox.salesforce.oauth.server import AuthorizationServer
from crosswalk_sandbox.salesforce.oauth.sessions import Session
from crosswalk_sandbox.salesforce.table import Row

_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope '
    'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:{kind}.soap.sforce.com" '
    'xmlns:sf="urn:fault.{kind}.soap.sforce.com" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    "<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
)
_FAULT = (
    "<soapenv:Fault><faultcode>sf:{code}</faultcode><faultstring>{code}: {message}</faultstring><detail>"
    '<sf:{fault} xsi:type="sf:{fault}"><sf:exceptionCode>{code}</sf:exceptionCode>'
    "<sf:exceptionMessage>{message}</sf:exceptionMessage></sf:{fault}></detail></soapenv:Fault>"
)
_KINDS = {"u": "partner", "c": "enterprise"}
_WRONG_LOGIN = "Invalid username, password, security token; or user locked out."
_NO_SESSION = "Invalid Session ID found in SessionHeader: Illegal Session. Session not found, missing session key"
_SCOPES = ("full",)


async def call(request: Request) -> Response:
    """`POST /services/Soap/u/VERSION` (partner) or `/c/VERSION` (enterprise)."""
    server, body = server_of(request), (await request.body()).decode("utf-8", "replace")
    kind, version = request.path_params["kind"], request.path_params["version"]
    if kind not in _KINDS:
        return Response(status_code=404)
    if _element(body, "login") is not None:
        row = server.users.log_in(_text(body, "username"), _text(body, "password"), may_append_token=True)
        if row is None:
            return _fault(kind, "LoginFault", "INVALID_LOGIN", _WRONG_LOGIN)
        return _reply(kind, _login_result(server, row, kind, version))
    if re.search(r"<(?:\w+:)?logout\b", body):
        token = _text(body, "sessionId")
        if not server.sessions.is_valid(token):
            return _fault(kind, "UnexpectedErrorFault", "INVALID_SESSION_ID", _NO_SESSION)
        server.sessions.end(token)
        return _reply(kind, "<logoutResponse/>")
    message = "The sandbox knows login and logout of the SOAP API; use the REST API for anything else"
    return _fault(kind, "UnexpectedErrorFault", "UNSUPPORTED_API_VERSION", message)


def _login_result(server: AuthorizationServer, row: Row, kind: str, version: str) -> str:
    now = server.clock()
    session_id = server.sessions.start(Session(row["Id"], "", _SCOPES, now, now + server.sessions.lifetime))
    short, url = server.organization_id[:15], server.instance_url
    user = {
        "organizationId": server.organization_id,
        "sessionSecondsValid": int(server.sessions.lifetime.total_seconds()),
        "userEmail": row["Email"],
        "userFullName": row["Name"],
        "userId": row["Id"],
        "userName": row["Username"],
        "userType": row["UserType"],
    }
    result = {
        "metadataServerUrl": f"{url}/services/Soap/m/{version}/{short}",
        "passwordExpired": "false",
        "sandbox": "false",
        "serverUrl": f"{url}/services/Soap/{kind}/{version}/{short}",
        "sessionId": session_id,
        "userId": row["Id"],
    }
    return f"<loginResponse><result>{_elements(result)}<userInfo>{_elements(user)}</userInfo></result></loginResponse>"


def _elements(values: dict[str, object]) -> str:
    return "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in values.items())


def _element(body: str, name: str) -> str | None:
    """The content of the element with this local name; clients choose the prefixes."""
    found = re.search(rf"<(?:\w+:)?{name}(?:\s[^>]*)?>(.*?)</(?:\w+:)?{name}>", body, re.DOTALL)
    return found.group(1) if found is not None else None


def _text(body: str, name: str) -> str:
    return unescape(_element(body, name) or "")


def _reply(kind: str, body: str, status: int = 200) -> Response:
    return Response(_ENVELOPE.format(kind=_KINDS[kind], body=body), status, media_type="text/xml;charset=UTF-8")


def _fault(kind: str, fault: str, code: str, message: str) -> Response:
    return _reply(kind, _FAULT.format(fault=fault, code=code, message=escape(message)), 500)


PATHS = [
    Path("/services/Soap/{kind}/{version}", {"POST": call}),
    # Where a login's `serverUrl` leads.
    Path("/services/Soap/{kind}/{version}/{organization}", {"POST": call}),
]
