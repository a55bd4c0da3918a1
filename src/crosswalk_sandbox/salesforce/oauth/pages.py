"""What a person sees of a login: the login page and the approval page. Plain forms that work without scripts.

GET  /services/oauth2/authorize       where an app sends a browser
GET  /login                           asks for user name and password; POST takes them
GET  /setup/secur/RemoteAccessAuthorizationPage.apexp   asks for approval; POST takes the answer
GET  /services/auth/idp/oidc/logout   and /secur/logout.jsp: log the browser out
"""

import secrets
from html import escape
from importlib import resources
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from crosswalk_sandbox.salesforce.http import Path
from crosswalk_sandbox.salesforce.oauth.endpoints import LOGOUT_PATH, read_form, server_of
from crosswalk_sandbox.salesforce.oauth.logins import AuthorizationRequest, PendingLogin
from crosswalk_sandbox.salesforce.oauth.web_flow import (
    AuthorizeRefused,
    denied,
    finish,
    needs_page,
    read_request,
    returned,
    silent_failure,
)

LOGIN_PATH = "/login"
APPROVAL_PATH = "/setup/secur/RemoteAccessAuthorizationPage.apexp"
_SESSION_COOKIE = "sid"
_BROWSER_COOKIE = "oauth_browser"
_DATA = resources.files("crosswalk_sandbox.salesforce") / "data"
_STYLE = "".join((_DATA / name).read_text(encoding="utf-8") for name in ("page.css", "login.css"))
_HEADERS = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    # No form-action: browsers apply it to the redirect that follows a form, and that leads to the app.
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
}
_NO_LOGIN = "Please check your username and password. If you still can't log in, contact your Salesforce administrator."
_STALE = "This login is no longer valid. Go back to the application and start again."
_MEANINGS = {
    "api": "Manage user data via APIs",
    "email": "Access your email address",
    "full": "Full access",
    "id": "Access the identity URL service",
    "offline_access": "Perform requests at any time",
    "openid": "Access unique user identifiers",
    "profile": "Access your basic information",
    "refresh_token": "Perform requests at any time",
    "web": "Manage user data via Web browsers",
}


async def authorize(request: Request) -> Response:
    """Begin the web server flow."""
    server = server_of(request)
    try:
        asked = read_request(server, await read_form(request))
        user_id = server.browser_sessions.user(request.cookies.get(_SESSION_COOKIE, ""))
        if user_id is not None and not server.users.is_active(user_id):
            user_id = None
        must_log_in = user_id is None or bool(asked.prompts & {"login", "select_account"})
        if not must_log_in and user_id is not None and not needs_page(server, asked, user_id):
            return RedirectResponse(finish(server, asked, user_id), 302)
        if asked.is_silent:
            raise silent_failure(asked)
    except AuthorizeRefused as refused:
        return _refused(refused)
    browser = request.cookies.get(_BROWSER_COOKIE) or secrets.token_urlsafe(24)
    source = server.pending_logins.start(asked, browser)
    if not must_log_in:
        pending = server.pending_logins.find(source, browser)
        assert pending is not None  # noqa: S101 - it was started a moment ago
        pending.user_id = user_id
    reply = RedirectResponse(_page_address(LOGIN_PATH if must_log_in else APPROVAL_PATH, source), 302)
    _set_cookie(reply, _BROWSER_COOKIE, browser)
    return reply


async def show_login(request: Request) -> Response:
    pending = _pending(request, request.query_params.get("source", ""))
    if pending is None:
        return _page("Login", f"<p class=error role=alert>{escape(_STALE)}</p>", 400)
    return _login_page(request.query_params["source"], pending.request.login_hint)


async def log_in(request: Request) -> Response:
    """Take user name and password; the next page is the approval or the app's own."""
    server, form = server_of(request), await read_form(request)
    pending = _pending(request, form.get("source", ""))
    if pending is None:
        return _page("Login", f"<p class=error role=alert>{escape(_STALE)}</p>", 400)
    row = server.users.log_in(form.get("username", ""), form.get("pw", ""))
    if row is None:
        return _login_page(form["source"], form.get("username", ""), _NO_LOGIN)
    pending.user_id = row["Id"]
    server.browser_sessions.end(request.cookies.get(_SESSION_COOKIE, ""))
    reply = _after_login(request, form["source"], pending.request, row["Id"])
    _set_cookie(reply, _SESSION_COOKIE, server.browser_sessions.start(row["Id"]))
    return reply


async def show_approval(request: Request) -> Response:
    source = request.query_params.get("source", "")
    pending = _pending(request, source)
    if pending is None or not _is_their_login(request, pending):
        return _page("Allow Access?", f"<p class=error role=alert>{escape(_STALE)}</p>", 400)
    server = server_of(request)
    app, row = server.apps.find(pending.request.consumer_key), server.users.get(pending.user_id or "")
    name = escape(app.name if app is not None else "")
    scopes = "".join(f"<li>{escape(_MEANINGS.get(each, each))}</li>" for each in pending.request.scopes)
    body = (
        f"<h2>Allow Access?</h2><form method=post action='{escape(_page_address(APPROVAL_PATH, source))}'>"
        f"<p><b>{name}</b> is asking to:</p><ul>{scopes}</ul>"
        f"<p>Do you want to allow access for {escape(str(row['Username']) if row is not None else '')}?</p>"
        "<div class=bar><button id=oaapprove name=save value=Allow>Allow</button>"
        "<button id=oadeny class=quiet name=cancel value=Deny>Deny</button></div></form>"
    )
    return _page("Allow Access?", f"<section>{body}</section>")


async def answer_approval(request: Request) -> Response:
    """Take the answer of the approval page."""
    server, form = server_of(request), await read_form(request)
    pending = _pending(request, form.get("source", ""))
    if pending is None or pending.user_id is None or not _is_their_login(request, pending):
        return _page("Allow Access?", f"<p class=error role=alert>{escape(_STALE)}</p>", 400)
    server.pending_logins.end(form["source"])
    if "save" not in form:
        return _refused(denied(pending.request), 303)
    try:
        needs_page(server, pending.request, pending.user_id)
    except AuthorizeRefused as refused:
        return _refused(refused, 303)
    return RedirectResponse(finish(server, pending.request, pending.user_id), 303)


async def log_out(request: Request) -> Response:
    """End the browser's session; an app's registered address comes next, or a page that says so."""
    server, form = server_of(request), await read_form(request)
    server.browser_sessions.end(request.cookies.get(_SESSION_COOKIE, ""))
    wanted = form.get("post_logout_redirect_uri", "")
    if any(wanted in app.logout_urls for app in server.apps.all()):
        reply: Response = RedirectResponse(
            returned(wanted, {"state": form["state"]}) if "state" in form else wanted, 302
        )
    else:
        reply = _page("Logged out", "<section><h2>You are logged out.</h2></section>")
    reply.delete_cookie(_SESSION_COOKIE, secure=True, httponly=True)
    return reply


def _after_login(request: Request, source: str, asked: AuthorizationRequest, user_id: str) -> Response:
    server = server_of(request)
    try:
        if needs_page(server, asked, user_id):
            return RedirectResponse(_page_address(APPROVAL_PATH, source), 303)
        location = finish(server, asked, user_id)
    except AuthorizeRefused as refused:
        server.pending_logins.end(source)
        return _refused(refused, 303)
    server.pending_logins.end(source)
    return RedirectResponse(location, 303)


def _pending(request: Request, source: str) -> PendingLogin | None:
    return server_of(request).pending_logins.find(source, request.cookies.get(_BROWSER_COOKIE, ""))


def _is_their_login(request: Request, pending: PendingLogin) -> bool:
    """Whether the browser is still logged in as the user whom the page is about."""
    server = server_of(request)
    user_id = server.browser_sessions.user(request.cookies.get(_SESSION_COOKIE, ""))
    return user_id is not None and user_id == pending.user_id and server.users.is_active(user_id)


def _refused(refused: AuthorizeRefused, status: int = 302) -> Response:
    location = refused.location()
    if location is not None:
        return RedirectResponse(location, status)
    told = {"error": refused.error, "error_description": refused.description}
    return PlainTextResponse(urlencode(told, quote_via=quote), 400, _HEADERS)


def _page_address(path: str, source: str) -> str:
    return f"{path}?{urlencode({'source': source})}"


def _login_page(source: str, username: str, error: str = "") -> Response:
    message = f"<p class=error role=alert id=error>{escape(error)}</p>" if error else ""
    body = (
        f"<h2>Login</h2><form method=post action='{escape(_page_address(LOGIN_PATH, source))}'>{message}"
        f'<label>Username<input id=username name=username value="{escape(username)}" autocomplete=username></label>'
        "<label>Password<input id=password name=pw type=password autocomplete=current-password required></label>"
        "<div class=bar><button id=Login name=Login value='Log In'>Log In</button></div></form>"
    )
    return _page("Login", f"<section>{body}</section>")


def _page(title: str, body: str, status: int = 200) -> Response:
    head = f"<meta charset=utf-8><meta name=viewport content='width=device-width'><title>{title} | Salesforce</title>"
    html = (
        f"<!doctype html><html lang=en><head>{head}<style>{_STYLE}</style></head><body>"
        f"<header><span>Salesforce sandbox</span></header><main>{body}</main></body></html>"
    )
    return HTMLResponse(html, status, _HEADERS)


def _set_cookie(reply: Response, name: str, value: str) -> None:
    reply.set_cookie(name, value, httponly=True, secure=True, samesite="lax", path="/")


PATHS = [
    Path("/services/oauth2/authorize", {"GET": authorize, "POST": authorize}),
    Path(LOGIN_PATH, {"GET": show_login, "POST": log_in}),
    Path(APPROVAL_PATH, {"GET": show_approval, "POST": answer_approval}),
    Path(LOGOUT_PATH, {"GET": log_out, "POST": log_out}),
    Path("/secur/logout.jsp", {"GET": log_out}),
]
