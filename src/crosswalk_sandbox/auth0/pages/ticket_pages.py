"""The pages behind the links in e-mails and tickets: verified addresses, forgotten and new passwords, the mailbox."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from crosswalk_sandbox.auth0.mails import mail_password_reset
from crosswalk_sandbox.auth0.origin import Origin
from crosswalk_sandbox.auth0.pages.rendering import TEMPLATES
from crosswalk_sandbox.auth0.pages.signin import HEADERS, signin_page
from crosswalk_sandbox.auth0.problems import Problem
from crosswalk_sandbox.auth0.routes.answers import browser_id
from crosswalk_sandbox.auth0.routes.oauth import caller, read_parameters, refused
from crosswalk_sandbox.auth0.signin.choices import database_for
from crosswalk_sandbox.auth0.signin.errors import OAuthError
from crosswalk_sandbox.auth0.signin.records import log_application
from crosswalk_sandbox.auth0.tenant import Tenant
from crosswalk_sandbox.auth0.tickets import (
    CHANGED,
    VERIFIED,
    Refused,
    Ticket,
    change_password,
    outcome_url,
    usable,
    verify_email,
)

SENT = "We've just sent you an email to reset your password."
DIFFERENT = "The passwords are not the same"
OVER = "This login is over. Start again from the application."


def ticket_page_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes of these pages."""
    pages = TicketPages(tenant)
    return [
        Route("/u/email-verification", pages.verify, methods=["GET"]),
        Route("/u/reset-verify", pages.password_form, methods=["GET"]),
        Route("/u/reset-verify", pages.set_password, methods=["POST"]),
        Route("/u/reset-password/request", pages.request_form, methods=["GET"]),
        Route("/u/reset-password/request", pages.request_reset, methods=["POST"]),
        Route("/dbconnections/change_password", pages.reset_by_api, methods=["POST"]),
        Route("/mailbox", pages.mailbox, methods=["GET"]),
    ]


class TicketPages:
    """The pages of one tenant."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def verify(self, request: Request) -> Response:
        """Verify the address that the link was sent to."""
        token = request.query_params.get("ticket", "")
        try:
            ticket = verify_email(self._tenant, token, self._origin(request, token))
        except Refused as refused_ticket:
            return self._refused(token, refused_ticket)
        return self._done(ticket, {"success": "true", "code": "success", "message": VERIFIED})

    async def password_form(self, request: Request) -> Response:
        """Show the form for a new password."""
        token = request.query_params.get("ticket", "")
        try:
            with self._tenant.lock:
                usable(self._tenant, token, "password-change")
        except Refused as refused_ticket:
            return self._refused(token, refused_ticket)
        return self._form("reset-password", ticket=token, error="")

    async def set_password(self, request: Request) -> Response:
        """Take the new password."""
        token = request.query_params.get("ticket", "")
        form = await self._fields(request)
        password = form.get("password-reset", "")
        if password != form.get("re-enter-password", ""):
            return self._form("reset-password", 400, ticket=token, error=DIFFERENT)
        try:
            ticket = change_password(self._tenant, token, password, self._origin(request, token))
        except Refused as refused_ticket:
            return self._refused(token, refused_ticket)
        except Problem as problem:
            return self._form("reset-password", 400, ticket=token, error=problem.message)
        return self._done(ticket, {"success": "true", "message": CHANGED})

    async def request_form(self, request: Request) -> Response:
        """Ask whose password is forgotten."""
        state = request.query_params.get("state", "")
        return self._form("reset-password-request", state=state, error="", sent="")

    async def request_reset(self, request: Request) -> Response:
        """Send the link, and say the same whether there is such a user or not."""
        state, form = request.query_params.get("state", ""), await self._fields(request)
        with self._tenant.lock:
            transaction = self._tenant.signin.transactions.find(state, browser_id(request), self._tenant.clock())
            database = None if transaction is None else database_for(self._tenant, transaction.request)
            if transaction is None or database is None:
                return self._form("reset-password-request", 400, state=state, error=OVER, sent="")
            origin = caller(request, self._tenant, transaction.request.client_id)
            self._send_reset(database.name, form.get("username", "").strip(), origin)
        return self._form("reset-password-request", state=state, error="", sent=SENT)

    async def reset_by_api(self, request: Request) -> Response:
        """Send the link, as applications with their own form ask for it."""
        try:
            given = await read_parameters(request)
            client_id = given.get("client_id", "")
            with self._tenant.lock:
                connection = self._tenant.connections.named(given.get("connection", ""))
                if self._tenant.clients.find(client_id) is None or connection is None or not given.get("email"):
                    raise OAuthError(400, "invalid_request", "client_id, connection and email are expected")
                self._send_reset(connection.name, given["email"].strip(), caller(request, self._tenant, client_id))
        except OAuthError as error:
            return refused(error)
        return PlainTextResponse(SENT)

    async def mailbox(self, request: Request) -> Response:
        """List the e-mails, newest first."""
        with self._tenant.lock:
            mails = self._tenant.mailbox.mails()[::-1]
        html = TEMPLATES.get_template("mailbox.html").render(tenant=self._tenant.name, mails=mails)
        return HTMLResponse(html, 200, HEADERS)

    def _send_reset(self, connection: str, email: str, origin: Origin) -> None:
        account = self._tenant.users.login_of(connection, email) if email else None
        if account is None:
            log_application(self._tenant, "fcpr", origin, "The user does not exist.", user_name=email)
            return
        mail_password_reset(self._tenant, account, email.lower(), origin.client_id)
        user = self._tenant.users.get(self._tenant.users.owner_of(account) or "")
        entry = self._tenant.user_log(user, origin, {"email": email.lower()})
        self._tenant.log("scpr", {"description": "Change Password Request", **entry})

    def _done(self, ticket: Ticket, told: dict[str, str]) -> Response:
        address = outcome_url(ticket, told)
        if address:
            return RedirectResponse(address, 302, HEADERS)
        return signin_page(self._tenant.name, "message", 200, message=told["message"])

    def _refused(self, token: str, error: Refused) -> Response:
        ticket = self._tenant.tickets.get(token)
        if ticket is not None:
            log_type = "fv" if ticket.kind == "email-verification" else "fcp"
            origin = Origin(ticket.client_id, self._tenant.clients.name_of(ticket.client_id))
            log_application(self._tenant, log_type, origin, error.message, user_name=ticket.email)
            address = outcome_url(ticket, {"success": "false", "code": error.code, "message": error.message})
            if address:
                return RedirectResponse(address, 302, HEADERS)
        return signin_page(self._tenant.name, "error", 400, code=error.code, error=error.message)

    def _form(self, page: str, status: int = 200, **values: Any) -> Response:
        return signin_page(self._tenant.name, page, status, **values)

    async def _fields(self, request: Request) -> dict[str, str]:
        return {name: value for name, value in (await request.form()).items() if isinstance(value, str)}

    def _origin(self, request: Request, token: str) -> Origin:
        ticket = self._tenant.tickets.get(token)
        return caller(request, self._tenant, ticket.client_id if ticket is not None else "")
