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
from crosswalk_sandbox.auth0.actions.login import take_login_outcome, transaction_properties
from crosswalk_sandbox.auth0.actions.pending import Pending, afterwards, settle
from crosswalk_sandbox.auth0.actions.registration import RegistrationDenied, registering
from crosswalk_sandbox.auth0.actions.runs import Outcome
from crosswalk_sandbox.auth0.mails import mail_new_user
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
    home_of,
    provider_for,
    usable_connections,
)
from crosswalk_sandbox.auth0.signin.credentials import WrongCredentials, check_credentials
from crosswalk_sandbox.auth0.signin.errors import Denied, PageError, RequestDenied
from crosswalk_sandbox.auth0.signin.federation import arrive, told_by
from crosswalk_sandbox.auth0.signin.flow import Flow
from crosswalk_sandbox.auth0.signin.otp import matching_step, new_secret, otpauth_uri
from crosswalk_sandbox.auth0.signin.records import log_application, log_user_id
from crosswalk_sandbox.auth0.signin.requests import read_request
from crosswalk_sandbox.auth0.signin.transactions import AuthorizationRequest, Transaction
from crosswalk_sandbox.auth0.tenant import Tenant

OVER = "You may have pressed the back button, refreshed during login, opened too many login dialogs, or there is some issue with cookies, since we couldn't find your session. Try logging in again from the application and if the problem persists please contact the administrator."  # noqa: E501 - one sentence of the vendor's
SIGNUP_DISABLED = "Sign up is disabled for this organization"
NO_DATABASE = "There is no database connection to log in with"
GENERIC = "Something went wrong, please try again later"
WRONG_CODE = "The code you entered is invalid"
# What a page's form does: it may change the login, or return a message to show on the same page again.
Message = str | None
Submission = Callable[[Transaction, dict[str, str], Origin], Message | Pending[Message]]
Answer = Response | Pending[Response]


def authorize_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes of the login."""
    pages = SignInPages(tenant)
    steps = ("login", "signup", "provider", "mfa-otp-challenge", "mfa-otp-enrollment", "consent")
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
        self._submissions: dict[str, Submission] = {
            "login": self._log_in,
            "signup": self._sign_up,
            "provider": self._from_provider,
            "mfa-otp-challenge": self._challenge,
            "mfa-otp-enrollment": self._enroll,
            "consent": self._consent,
        }

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
        # Whoever is not known yet may change between the two forms.
        if page == "provider" and not transaction.provider:
            return self._advance(request, transaction, origin)
        if page != step and not ({page, step} <= {"login", "signup", "provider"}):
            return self._advance(request, transaction, origin)
        if form is None:
            return self._page(page, transaction)
        typed = form.get("username") or form.get("email", "")

        def go_on(message: str | None) -> Answer:
            if message is not None:
                return self._page(page, transaction, 400, error=message, username=typed)
            return self._advance(request, transaction, origin)

        return afterwards(self._submissions[page](transaction, form, origin), go_on)

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

    def _log_in(self, transaction: Transaction, form: dict[str, str], origin: Origin) -> str | None:
        invited = self._invited_email(transaction)
        username = invited or form.get("username", "")
        if self._chose_provider(transaction, form.get("connection", ""), username):
            return None
        database = database_for(self._tenant, transaction.request)
        if database is None:
            return NO_DATABASE
        try:
            user = check_credentials(self._tenant, database, username, form.get("password", ""), origin)
        except WrongCredentials as wrong:
            if wrong.code == "unauthorized":
                raise Denied("unauthorized", wrong.message) from None
            return wrong.message
        self._proven(transaction, user["user_id"], database.name)
        return None

    def _chose_provider(self, transaction: Transaction, name: str, username: str) -> bool:
        """Turn to a provider when its button was pressed, or when it serves the domain of the typed address."""
        request = transaction.request
        chosen = provider_for(self._tenant, request, name) if name else home_of(self._tenant, request, username)
        if chosen is not None:
            transaction.provider = chosen.name
        return chosen is not None

    def _from_provider(self, transaction: Transaction, form: dict[str, str], origin: Origin) -> str | None:
        provider = provider_for(self._tenant, transaction.request, transaction.provider)
        if provider is None:
            raise Denied("access_denied", "the connection is not enabled")
        told = told_by(form)
        if isinstance(told, str):
            return told
        user = arrive(self._tenant, provider, *told, origin)
        self._proven(transaction, user["user_id"], provider.name, "federated")
        return None

    def _sign_up(
        self, transaction: Transaction, form: dict[str, str], origin: Origin
    ) -> str | Pending[str | None] | None:
        if not self._may_sign_up(transaction):
            return SIGNUP_DISABLED
        email = self._invited_email(transaction) or form.get("email", "").strip()
        database = database_for(self._tenant, transaction.request)
        if database is None:
            return NO_DATABASE
        body: dict[str, Any] = {
            "connection": database.name,
            "email": email,
            "password": form.get("password", ""),
        }

        def create(wanted: dict[str, Any]) -> str | None:
            try:
                user = self._tenant.register(wanted, origin)
                mail_new_user(self._tenant, user, wanted, origin.client_id)
            except Problem as problem:
                log_application(self._tenant, "fs", origin, problem.message, user_name=email)
                # The vendor tells nobody whether an address is taken.
                return GENERIC if problem.status == 409 else problem.message
            self._proven(transaction, user["user_id"], database.name)
            return None

        told = transaction_properties(transaction)
        return refused_politely(registering(self._tenant, body, origin, create, told))

    def _proven(self, transaction: Transaction, user_id: str, connection: str, method: str = "pwd") -> None:
        transaction.user_id = user_id
        transaction.connection = connection
        transaction.methods = [method]
        transaction.auth_time = self._tenant.clock()
        transaction.fresh = True

    def _challenge(self, transaction: Transaction, form: dict[str, str], origin: Origin) -> str | None:
        user_id = transaction.user_id or ""
        if not self._tenant.signin.enrollments.accept(user_id, form.get("code", ""), self._tenant.clock()):
            log_user_id(self._tenant, "gd_auth_failed", user_id, origin)
            return WRONG_CODE
        transaction.methods.append("mfa")
        log_user_id(self._tenant, "gd_auth_succeed", user_id, origin)
        return None

    def _enroll(self, transaction: Transaction, form: dict[str, str], origin: Origin) -> str | None:
        user_id, now = transaction.user_id or "", self._tenant.clock()
        step = matching_step(transaction.otp_secret, form.get("code", ""), now) if transaction.otp_secret else None
        if step is None:
            return WRONG_CODE
        self._tenant.signin.enrollments.enroll(user_id, transaction.otp_secret, now).last_step = step
        transaction.methods.append("mfa")
        log_user_id(self._tenant, "gd_enrollment_complete", user_id, origin)
        return None

    def _consent(self, transaction: Transaction, form: dict[str, str], origin: Origin) -> str | None:
        if form.get("action") != "accept":
            raise Denied("access_denied", "User did not authorize the request")
        self._flow.accept(transaction)
        return None

    def _page(
        self, page: str, transaction: Transaction, status: int = 200, *, error: str = "", username: str = ""
    ) -> Response:
        request = transaction.request
        values: dict[str, Any] = {
            "invited": self._invited_email(transaction),
            "may_sign_up": self._may_sign_up(transaction),
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
        if page == "consent":
            values["scopes"] = self._flow.consent_scopes(transaction)
            values["user"] = self._tenant.users.get(transaction.user_id or "")
        if request.organization_id is not None:
            values["organization"] = self._tenant.organizations.find(request.organization_id).document
        client = self._tenant.clients.get(request.client_id)
        return signin_page(
            self._tenant.name, page, status, state=transaction.state, client=client["name"], error=error, **values
        )

    def _may_sign_up(self, transaction: Transaction) -> bool:
        """Tell whether the login offers a sign-up: in an organization only to the invited, unless it lets all in."""
        organization_id = transaction.request.organization_id
        if organization_id is None or transaction.request.invitation:
            return True
        database = database_for(self._tenant, transaction.request)
        if database is None:
            return False
        settings = self._tenant.organizations.connection(organization_id, database.id)
        return bool(settings["is_signup_enabled"])

    def _finds_home(self, request: AuthorizationRequest) -> bool:
        """Tell whether a typed address may lead to an enterprise connection, so that no password is asked for."""
        usable = usable_connections(self._tenant, request.client_id, request.organization_id)
        return any(one.options.get("domain_aliases") for one in usable)

    def _invited_email(self, transaction: Transaction) -> str:
        request = transaction.request
        if not request.invitation or request.organization_id is None:
            return ""
        invitation = self._tenant.invitations.valid(request.organization_id, request.invitation)
        return str(invitation["invitee"]["email"]) if invitation is not None else ""

    def _error_page(self, error: PageError) -> Response:
        return signin_page(self._tenant.name, "error", error.status, code=error.error, error=error.description)


def refused_politely(step: str | Pending[str | None] | None) -> str | Pending[str | None] | None:
    """Return the outcome of a sign-up, where an Action's refusal becomes what the page says."""
    if not isinstance(step, Pending):
        return step

    def then(outcome: Outcome) -> str | Pending[str | None] | None:
        try:
            return step.then(outcome)
        except RegistrationDenied as denied:
            return denied.user_message or GENERIC

    return Pending(step.run, then)


def text_fields(given: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters of a request that are texts, not files."""
    return {name: value for name, value in given.items() if isinstance(value, str)}


def page_of(request: Request) -> str:
    """Return which page a request is for."""
    return request.url.path.rpartition("/")[2]
