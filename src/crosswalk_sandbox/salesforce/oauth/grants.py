"""Token requests: each grant type, and what it is refused with."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crosswalk_sandbox.salesforce.oauth.apps import REFRESH_SCOPES, ConnectedApp
from crosswalk_sandbox.salesforce.oauth.assertions import JWT_BEARER, read_assertion
from crosswalk_sandbox.salesforce.oauth.clients import Credentials, authenticate
from crosswalk_sandbox.salesforce.oauth.codes import Authorization, verifies
from crosswalk_sandbox.salesforce.oauth.refusals import TokenRefused, refusal
from crosswalk_sandbox.salesforce.oauth.replies import token_reply
from crosswalk_sandbox.salesforce.table import Row

if TYPE_CHECKING:
    from crosswalk_sandbox.salesforce.oauth.server import AuthorizationServer

_SIGNATURE = ("signature", "issued_at")


def grant(server: "AuthorizationServer", form: Mapping[str, str], given: Credentials) -> dict[str, Any]:
    """Answer a token request.

    Parameters
    ----------
    server
        The org's authorization server.
    form
        The form fields of the request.
    given
        The app's credentials in the request.

    Raises
    ------
    TokenRefused
        With the vendor's error and description.
    """
    flow = _FLOWS.get(form.get("grant_type", ""))
    if flow is None:
        raise refusal("unsupported_grant_type")
    return flow(server, form, given)


def _exchange_code(server: "AuthorizationServer", form: Mapping[str, str], given: Credentials) -> dict[str, Any]:
    app = authenticate(server.apps, given, server.instance_url, server.clock())
    _check_flow(app, "authorization_code")
    code = server.codes.take(_required(form, "code"), app.consumer_key, server.clock())
    if form.get("redirect_uri", "") != code.redirect_uri:
        raise refusal("redirect_uri_mismatch")
    if not verifies(code.challenge, form.get("code_verifier", "")):
        raise refusal("code_verifier" if code.challenge else "unexpected_verifier")
    _active(server, code.authorization.user_id)
    if REFRESH_SCOPES.isdisjoint(code.authorization.scopes):
        return token_reply(server, app, code.authorization)
    family, token = server.refresh_tokens.start(code.authorization, server.clock())
    return token_reply(server, app, code.authorization, family=family, refresh_token=token)


def _refresh(server: "AuthorizationServer", form: Mapping[str, str], given: Credentials) -> dict[str, Any]:
    known = server.apps.find(given.consumer_key)
    needs_secret = known.require_secret_for_refresh if known is not None else None
    app = authenticate(server.apps, given, server.instance_url, server.clock(), needs_secret=needs_secret)
    token = _required(form, "refresh_token")
    family = server.refresh_tokens.find(token)
    if family is not None and family.authorization.consumer_key == app.consumer_key:
        _check_access(app, _active(server, family.authorization.user_id))
    family, follower = server.refresh_tokens.use(token, app, server.clock())
    return token_reply(server, app, family.authorization, family=family, refresh_token=follower)


def _client_credentials(server: "AuthorizationServer", form: Mapping[str, str], given: Credentials) -> dict[str, Any]:
    app = authenticate(server.apps, given, server.instance_url, server.clock(), needs_secret=True)
    if "client_credentials" not in app.flows:
        raise refusal("client_credentials_off")
    row = server.users.find(app.run_as or "")
    if row is None:
        raise refusal("no_run_as_user")
    user_id = str(_active(server, row["Id"])["Id"])
    _check_access(app, row)
    scopes = tuple(scope for scope in app.scopes if scope not in REFRESH_SCOPES)
    if not scopes:
        raise refusal("no_scopes")
    return _reply(server, app, user_id, scopes, hidden=("id_token",))


def _jwt_bearer(server: "AuthorizationServer", form: Mapping[str, str], _given: Credentials) -> dict[str, Any]:
    assertion = form.get("assertion", "")
    app, username = read_assertion(assertion, server.apps.find, (server.instance_url,), server.clock())
    _check_flow(app, "jwt_bearer")
    row = server.users.find(username)
    if row is None:
        raise refusal("not_approved")
    _active(server, row["Id"])
    _check_access(app, row)
    approved = server.approvals.scopes(row["Id"], app.consumer_key)
    if app.permitted_users == "self_authorize" and REFRESH_SCOPES.isdisjoint(approved):
        raise refusal("not_approved")
    scopes = tuple(scope for scope in app.scopes if scope not in REFRESH_SCOPES)
    return _reply(server, app, row["Id"], scopes, hidden=("id_token", *_SIGNATURE))


def _password(server: "AuthorizationServer", form: Mapping[str, str], given: Credentials) -> dict[str, Any]:
    app = authenticate(server.apps, given, server.instance_url, server.clock(), needs_secret=True)
    _check_flow(app, "password")
    row = server.users.log_in(form.get("username", ""), form.get("password", ""), may_append_token=True)
    if row is None:
        raise refusal("authentication_failure")
    _check_access(app, row)
    scopes = tuple(scope for scope in app.scopes if scope not in REFRESH_SCOPES)
    return _reply(server, app, row["Id"], scopes, hidden=("id_token", "scope"))


def _reply(
    server: "AuthorizationServer", app: ConnectedApp, user_id: str, scopes: tuple[str, ...], *, hidden: tuple[str, ...]
) -> dict[str, Any]:
    """The reply of a flow without refresh tokens, which tells less than the web server flow."""
    reply = token_reply(server, app, Authorization(app.consumer_key, user_id, scopes))
    return {name: value for name, value in reply.items() if name not in hidden}


def _required(form: Mapping[str, str], name: str) -> str:
    if not form.get(name):
        raise TokenRefused("invalid_request", f"missing required parameter: {name}")
    return form[name]


def _check_flow(app: ConnectedApp, flow: str) -> None:
    if flow not in app.flows:
        raise refusal("unsupported_grant_type")


def _active(server: "AuthorizationServer", user_id: str) -> Row:
    row = server.users.get(user_id)
    if row is None or not row["IsActive"]:
        raise refusal("inactive_user")
    return row


def _check_access(app: ConnectedApp, row: Row) -> None:
    if app.permitted_users == "admin_approved" and not app.permits(row["Username"]):
        raise refusal("app_access")


_FLOWS = {
    "authorization_code": _exchange_code,
    "client_credentials": _client_credentials,
    "password": _password,
    "refresh_token": _refresh,
    JWT_BEARER: _jwt_bearer,
}
