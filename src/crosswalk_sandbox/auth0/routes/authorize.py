"""``/authorize`` and the sign-in pages behind it: login, sign-up, second factor, consent.

Paths and form fields are the vendor's (``/u/login?state=...``, ``username``, ``password``, ``code``, ``action``).
Every page belongs to one login on its way, which only the browser that began it can go on with.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakValueDictionary

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from crosswalk_sandbox.auth0.actions.event_objects import Asked
from crosswalk_sandbox.auth0.actions.login import take_login_outcome
from crosswalk_sandbox.auth0.actions.pending import Pending, afterwards, settle
from crosswalk_sandbox.auth0.actions.runs import Outcome
from crosswalk_sandbox.auth0.origin import Origin
from crosswalk_sandbox.auth0.pages.signin import signin_page
from crosswalk_sandbox.auth0.problems import Problem
from crosswalk_sandbox.auth0.routes.answers import (
    HEADERS,
    browser_id,
    current_session,
    return_to_application,
    set_browser_cookie,
    set_session_cookie,
)
from crosswalk_sandbox.auth0.routes.oauth import caller
from crosswalk_sandbox.auth0.signin.choices import (
    buttons_for,
    database_for,
    provider_for,
    usable_connections,
)
from crosswalk_sandbox.auth0.signin.errors import Denied, PageError, RequestDenied
from crosswalk_sandbox.auth0.signin.flow import Flow
from crosswalk_sandbox.auth0.signin.forms import Forms
from crosswalk_sandbox.auth0.signin.organization_prompts import offered_organizations
from crosswalk_sandbox.auth0.signin.otp import new_secret, otpauth_uri
from crosswalk_sandbox.auth0.signin.records import log_application
from crosswalk_sandbox.auth0.signin.requests import read_request
from crosswalk_sandbox.auth0.signin.transactions import AuthorizationRequest, Transaction
from crosswalk_sandbox.auth0.tenant import Tenant

OVER = "You may have pressed the back button, refreshed during login, opened too many login dialogs, or there is some issue with cookies, since we couldn't find your session. Try logging in again from the application and if the problem persists please contact the administrator."  # noqa: E501 - one sentence of the vendor's
RECOVERY = "mfa-recovery-code-challenge"
# Pages between which a person may choose, whichever of them the login has come to.
EXCHANGEABLE = ({"login", "signup", "provider"}, {"mfa-otp-challenge", RECOVERY})
Answer = Response | Pending[Response]


def authorize_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes of the login."""
    pages = SignInPages(tenant)
    steps = (
        *("organization-selection", "login", "signup", "provider", "organization-picker"),
        *("consent", "mfa-otp-challenge", "mfa-otp-enrollment", RECOVERY),
    )
    return [
        Route("/authorize", pages.authorize, methods=["GET", "POST"]),
        *(Route(f"/u/{step}", pages.show, methods=["GET"], name=step) for step in steps),
        *(Route(f"/u/{step}", pages.submit, methods=["POST"], name=step) for step in steps),
        Route("/continue", pages.resume, methods=["GET", "POST"]),
    ]


class SignInPages:
    """The login of one tenant, page by page."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._flow = Flow(tenant)
        # Who sends a page's form twice waits for the first one, so that Actions run once.
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._forms = Forms(tenant, self._flow)

    async def authorize(self, request: Request) -> Response:
        """Begin a login, or end it at once when the browser's session is enough."""
        given = request.query_params if request.method == "GET" else await request.form()
        parameters = text_fields(given)
        origin, browser = caller(request, self._tenant, parameters.get("client_id", "")), browser_id(request)
        response = await settle(self._tenant, lambda: self._begin(request, parameters, browser, origin))
        set_browser_cookie(response, browser)
        return response

    def _begin(self, request: Request, parameters: dict[str, str], browser: str, origin: Origin) -> Answer:
        try:
            wanted = read_request(self._tenant, parameters)
        except PageError as error:
            log_application(self._tenant, "f", origin, error.description)
            return self._error_page(error)
        except RequestDenied as denied:
            log_application(self._tenant, "f", origin, denied.description)
            return return_to_application(denied.address, denied.parameters())
        transaction = self._flow.begin(wanted, browser, current_session(request, self._tenant))
        transaction.query = parameters
        return self._guarded(transaction, origin, lambda: self._advance(request, transaction, origin))

    async def show(self, request: Request) -> Response:
        """Show the page that the login has come to, whichever was asked for."""
        return await self._in_transaction(
            request,
            request.query_params.get("state", ""),
            lambda transaction, origin: self._on_page(request, transaction, None, origin),
        )

    async def submit(self, request: Request) -> Response:
        """Take the form of a page, and go on or show what is wrong with it."""
        form = text_fields(await request.form())
        return await self._in_transaction(
            request,
            request.query_params.get("state", ""),
            lambda transaction, origin: self._on_page(request, transaction, form, origin),
        )

    async def resume(self, request: Request) -> Response:
        """Go on with a login whose browser comes back from where an Action had sent it."""
        form = text_fields(await request.form()) if request.method == "POST" else {}
        query = dict(request.query_params)
        asked = Asked(request.method, query, form)
        return await self._in_transaction(
            request,
            query.get("state") or form.get("state", ""),
            lambda transaction, origin: self._come_back(request, transaction, asked, origin),
        )

    def _come_back(self, request: Request, transaction: Transaction, asked: Asked, origin: Origin) -> Answer:
        if not transaction.actions.url:
            return self._error_page(PageError("invalid_request", OVER))
        transaction.actions.url = ""
        transaction.actions.came_back = asked
        return self._advance(request, transaction, origin)

    async def _in_transaction(
        self, request: Request, state: str, act: Callable[[Transaction, Origin], Answer]
    ) -> Response:
        def begin() -> Answer:
            transaction = self._tenant.signin.transactions.find(state, browser_id(request), self._tenant.clock())
            if transaction is None:
                return self._error_page(PageError("invalid_request", OVER))
            origin = caller(request, self._tenant, transaction.request.client_id)
            return self._guarded(transaction, origin, lambda: act(transaction, origin))

        turn = self._turns.setdefault(state, asyncio.Lock())
        async with turn:
            return await settle(self._tenant, begin)

    def _guarded(self, transaction: Transaction, origin: Origin, act: Callable[[], Answer]) -> Answer:
        """Do something in a login, now and after the Actions that it may wait for, and answer what goes wrong."""
        try:
            step = act()
        except Denied as denied:
            return self._denied(transaction, denied, origin)
        except Problem as problem:
            # The client, the API or the organization is gone since the login began.
            return self._error_page(PageError("invalid_request", problem.message))
        if not isinstance(step, Pending):
            return step

        def then(outcome: Outcome) -> Answer:
            if not self._tenant.signin.transactions.is_open(transaction):
                return self._error_page(PageError("invalid_request", OVER))
            return self._guarded(transaction, origin, lambda: step.then(outcome))

        return Pending(step.run, then)

    def _on_page(
        self, request: Request, transaction: Transaction, form: dict[str, str] | None, origin: Origin
    ) -> Answer:
        page = page_of(request)
        step = self._flow.next_step(transaction, origin)
        if page == "provider" and not transaction.provider:
            return self._advance(request, transaction, origin)
        if page != step and not any({page, step} <= pages for pages in EXCHANGEABLE):
            return self._advance(request, transaction, origin)
        if form is None:
            return self._page(page, transaction)
        typed = form.get("username") or form.get("email", "")

        def go_on(message: str | None) -> Answer:
            if message is not None:
                return self._page(page, transaction, 400, error=message, username=typed)
            return self._advance(request, transaction, origin)

        return afterwards(self._forms.submit(page, transaction, form, origin), go_on)

    def _advance(self, request: Request, transaction: Transaction, origin: Origin) -> Answer:
        """Send the browser to the next page, or back to the application when there is none left."""
        step = self._flow.next_step(transaction, origin)
        if step == "actions" and transaction.actions.url:
            return RedirectResponse(transaction.actions.url, 302, HEADERS)
        session = current_session(request, self._tenant)
        if step == "actions":
            run = self._flow.actions_run(transaction, session, origin)
            return Pending(run, lambda outcome: self._after_actions(request, transaction, outcome, origin))
        if "none" in transaction.request.prompts:
            self._flow.silently(step)
        if step != "done":
            return RedirectResponse(f"/u/{step}?state={transaction.state}", 302, HEADERS)
        code, session = self._flow.finish(transaction, session, origin)
        response = return_to_application(transaction.request.address, {"code": code})
        set_session_cookie(response, session)
        return response

    def _after_actions(self, request: Request, transaction: Transaction, outcome: Outcome, origin: Origin) -> Answer:
        take_login_outcome(self._tenant, transaction, current_session(request, self._tenant), outcome, origin)
        return self._advance(request, transaction, origin)

    def _denied(self, transaction: Transaction, denied: Denied, origin: Origin) -> Response:
        self._flow.fail(transaction, denied, origin)
        return return_to_application(transaction.request.address, denied.parameters())

    def _page(
        self, page: str, transaction: Transaction, status: int = 200, *, error: str = "", username: str = ""
    ) -> Response:
        request = transaction.request
        values: dict[str, Any] = {
            "invited": self._forms.invited_email(transaction),
            "may_sign_up": self._forms.may_sign_up(transaction),
        }
        if page == "login":
            transaction.provider = ""
            values["buttons"] = buttons_for(self._tenant, request)
            values["takes_passwords"] = database_for(self._tenant, request) is not None
            values["finds_home"] = self._finds_home(request)
        if page == "provider":
            connection = provider_for(self._tenant, request, transaction.provider)
            values["provider"] = transaction.provider
            values["strategy"] = connection.strategy if connection is not None else ""
        values["username"] = values["invited"] or username or request.login_hint
        if page == "mfa-otp-enrollment":
            transaction.otp_secret = transaction.otp_secret or new_secret()
            user = self._tenant.users.get(transaction.user_id or "")
            account = user.get("email") or user["name"]
            values["secret"] = transaction.otp_secret
            values["otpauth_uri"] = otpauth_uri(transaction.otp_secret, self._tenant.name, account)
        if page == "organization-picker":
            values["organizations"] = offered_organizations(self._tenant, transaction)
            values["may_skip"] = request.organization_prompt == "after, or none"
        if page == "consent":
            values["scopes"] = self._flow.consent_scopes(transaction)
            values["user"] = self._tenant.users.get(transaction.user_id or "")
        if request.organization_id is not None:
            values["organization"] = self._tenant.organizations.find(request.organization_id).document
        client = self._tenant.clients.get(request.client_id)
        return signin_page(
            self._tenant.name, page, status, state=transaction.state, client=client["name"], error=error, **values
        )

    def _finds_home(self, request: AuthorizationRequest) -> bool:
        """Tell whether a typed address may lead to an enterprise connection, so that no password is asked for."""
        usable = usable_connections(self._tenant, request.client_id, request.organization_id)
        return any(one.options.get("domain_aliases") for one in usable)

    def _error_page(self, error: PageError) -> Response:
        return signin_page(self._tenant.name, "error", error.status, code=error.error, error=error.description)


def text_fields(given: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters of a request that are texts, not files."""
    return {name: value for name, value in given.items() if isinstance(value, str)}


def page_of(request: Request) -> str:
    """Return which page a request is for."""
    return request.url.path.rpartition("/")[2]
