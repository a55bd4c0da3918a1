"""The web server flow up to its code: what an authorization request must look like, and who may be given a code."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from crosswalk_sandbox.salesforce.oauth.apps import SCOPES, ConnectedApp
from crosswalk_sandbox.salesforce.oauth.codes import Authorization, Code
from crosswalk_sandbox.salesforce.oauth.logins import AuthorizationRequest
from crosswalk_sandbox.salesforce.oauth.refusals import REFUSALS

if TYPE_CHECKING:
    from crosswalk_sandbox.salesforce.oauth.server import AuthorizationServer

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43,128}")
_PROMPTS = frozenset({"login", "consent", "select_account", "none"})
_DENIED = ("access_denied", "end-user denied authorization")
_SILENT = ("immediate_unsuccessful", "immediate unsuccessful")
_NOT_ADMIN_APPROVED = ("OAUTH_APP_ACCESS_DENIED", "user is not admin approved to access this app")


class AuthorizeRefused(Exception):
    """An authorization request that ends without a code.

    Parameters
    ----------
    error, description
        The vendor's words.
    redirect_uri
        Where the app is told so; None where it is not known to be the app, so that the browser alone is told.
    state
        What the app wants to see again.
    """

    def __init__(self, error: str, description: str, redirect_uri: str | None = None, state: str | None = None) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description
        self.redirect_uri = redirect_uri
        self.state = state

    def location(self) -> str | None:
        """Where the browser is sent with the refusal, if anywhere."""
        if self.redirect_uri is None:
            return None
        return returned(
            self.redirect_uri, {"error": self.error, "error_description": self.description, "state": self.state}
        )


def returned(redirect_uri: str, parameters: Mapping[str, str | None]) -> str:
    """A callback address with what it is told."""
    told = urlencode({name: value for name, value in parameters.items() if value is not None})
    return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{told}"


def read_request(server: "AuthorizationServer", parameters: Mapping[str, str]) -> AuthorizationRequest:
    """Check an authorization request; raises `AuthorizeRefused`."""
    app = server.apps.find(parameters.get("client_id", ""))
    if app is None:
        raise AuthorizeRefused(*REFUSALS["unknown_client"])
    redirect_uri = parameters.get("redirect_uri", "")
    if not redirect_uri:
        raise AuthorizeRefused("redirect_uri_missing", "redirect_uri not provided")
    if redirect_uri not in app.callbacks:
        raise AuthorizeRefused(*REFUSALS["redirect_uri_mismatch"])
    challenge = _challenge(app, parameters)
    state = parameters.get("state")
    if parameters.get("response_type") != "code" or "authorization_code" not in app.flows:
        raise AuthorizeRefused("unsupported_response_type", "response type not supported", redirect_uri, state)
    prompts = frozenset(parameters.get("prompt", "").split())
    if not prompts <= _PROMPTS:
        raise AuthorizeRefused("invalid_request", "prompt value not supported", redirect_uri, state)
    return AuthorizationRequest(
        consumer_key=app.consumer_key,
        redirect_uri=redirect_uri,
        scopes=_scopes(app, parameters.get("scope", ""), redirect_uri, state),
        state=state,
        nonce=parameters.get("nonce"),
        challenge=challenge,
        prompts=prompts - {"none"},
        is_silent="none" in prompts or parameters.get("immediate") == "true",
        login_hint=parameters.get("login_hint", ""),
    )


def needs_page(server: "AuthorizationServer", request: AuthorizationRequest, user_id: str) -> bool:
    """Whether this user still has to be asked for approval.

    Raises
    ------
    AuthorizeRefused
        When the app is for users that the administrator has approved, and this is none of them.
    """
    app, row = server.apps.find(request.consumer_key), server.users.get(user_id)
    if app is None or row is None:
        raise AuthorizeRefused(*REFUSALS["unknown_client"])
    if app.permitted_users == "admin_approved":
        if not app.permits(row["Username"]):
            raise AuthorizeRefused(*_NOT_ADMIN_APPROVED, request.redirect_uri, request.state)
        return False
    approved = server.approvals.scopes(user_id, request.consumer_key)
    return "consent" in request.prompts or not approved.issuperset(request.scopes)


def finish(server: "AuthorizationServer", request: AuthorizationRequest, user_id: str) -> str:
    """Give the app a code for this user; returns the address that carries it."""
    server.approvals.give(user_id, request.consumer_key, request.scopes)
    authorization = Authorization(request.consumer_key, user_id, request.scopes, request.nonce)
    code = server.codes.issue(Code(authorization, request.redirect_uri, request.challenge, server.clock()))
    return returned(request.redirect_uri, {"code": code, "state": request.state})


def denied(request: AuthorizationRequest) -> AuthorizeRefused:
    """The refusal when the person does not approve the app."""
    return AuthorizeRefused(*_DENIED, request.redirect_uri, request.state)


def silent_failure(request: AuthorizationRequest) -> AuthorizeRefused:
    """The refusal when a page would be needed and none may be shown."""
    return AuthorizeRefused(*_SILENT, request.redirect_uri, request.state)


def _challenge(app: ConnectedApp, parameters: Mapping[str, str]) -> str:
    """The request's challenge; the vendor takes it for S256 without being told, and tells only the browser if wrong."""
    challenge = parameters.get("code_challenge", "")
    if not challenge:
        if app.require_pkce:
            raise AuthorizeRefused("invalid_request", "missing required code challenge")
        return ""
    if parameters.get("code_challenge_method", "S256") != "S256":
        raise AuthorizeRefused("invalid_request", "code challenge method not supported")
    if not _CHALLENGE.fullmatch(challenge):
        raise AuthorizeRefused("invalid_request", "invalid code challenge")
    return challenge


def _scopes(app: ConnectedApp, wanted: str, redirect_uri: str, state: str | None) -> tuple[str, ...]:
    """What the app gets; `refresh_token` and `offline_access` are two names of one thing."""
    if not wanted.split():
        return tuple(app.scopes)
    allowed = set(app.scopes)
    if allowed & {"refresh_token", "offline_access"}:
        allowed |= {"refresh_token", "offline_access"}
    scopes = tuple(dict.fromkeys(wanted.split()))
    if not allowed.issuperset(scopes) or not set(SCOPES).issuperset(scopes):
        raise AuthorizeRefused(*REFUSALS["invalid_scope"], redirect_uri, state)
    return scopes
