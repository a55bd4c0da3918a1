"""`/api/v2/tickets`: links that verify an e-mail address or set a password."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from crosswalk_sandbox.auth0.problems import Problem, inexistent_user, invalid_body
from crosswalk_sandbox.auth0.routes.exchange import answer, read_json
from crosswalk_sandbox.auth0.routes.operations import log_operation
from crosswalk_sandbox.auth0.schema import EMAIL_SHAPE, Property, check_body
from crosswalk_sandbox.auth0.tenant import Tenant
from crosswalk_sandbox.auth0.tickets import Ticket, expiry, issue, profile_of

COMMON: dict[str, Property] = {
    "result_url": Property(str, "URL the user will be redirected to once ticket is used"),
    "user_id": Property(str, "user_id of for whom the ticket should be created"),
    "client_id": Property(str, "ID of the client"),
    "organization_id": Property(str, "ID of the organization"),
    "ttl_sec": Property(int, "Number of seconds for which the ticket is valid before expiration"),
    "includeEmailInRedirect": Property(bool, "Whether to include the email address as part of the returnUrl"),
    "identity": Property(dict, "The identity that the ticket is for, when it is not the main one"),
}
PASSWORD_CHANGE: dict[str, Property] = {
    **COMMON,
    "connection_id": Property(str, "ID of the connection"),
    "email": Property(str, "Email address of the user", pattern=EMAIL_SHAPE, shape="email"),
    "new_password": Property(str, "Password to set on the user"),
    "mark_email_as_verified": Property(bool, "Whether to set the email_verified attribute to true"),
}


def ticket_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes of tickets."""

    async def email_verification(request: Request) -> Response:
        body = await read_json(request)
        checked = check_body(body, COMMON, required=("user_id",))
        with tenant.lock:
            account, email = account_of(tenant, checked["user_id"], checked)
            ticket = Ticket("email-verification", account, email, expiry(tenant, checked.get("ttl_sec", 0)))
            return respond(request, ticket, checked, "Create an email verification ticket")

    async def password_change(request: Request) -> Response:
        body = await read_json(request)
        checked = check_body(body, PASSWORD_CHANGE)
        with tenant.lock:
            account, email = account_of(tenant, wanted_user(tenant, checked), checked)
            check_database(tenant, account)
            ticket = Ticket("password-change", account, email, expiry(tenant, checked.get("ttl_sec", 0)))
            ticket.marks_verified = checked.get("mark_email_as_verified", False)
            return respond(request, ticket, checked, "Create a password change ticket")

    def respond(request: Request, ticket: Ticket, body: dict[str, Any], description: str) -> Response:
        ticket.result_url = body.get("result_url", "")
        ticket.includes_email = body.get("includeEmailInRedirect", False)
        ticket.client_id = body.get("client_id", "")
        link = issue(tenant, ticket)
        log_operation(tenant, request, description, body, {"ticket": "*****"}, 201)
        return answer({"ticket": link}, 201)

    return [
        Route("/tickets/email-verification", email_verification, methods=["POST"]),
        Route("/tickets/password-change", password_change, methods=["POST"]),
    ]


def wanted_user(tenant: Tenant, body: dict[str, Any]) -> str:
    """Return whose password is to change: the user that is named, or who has an address in a connection."""
    if "user_id" in body:
        if "email" in body or "connection_id" in body:
            raise invalid_body("Either user_id or connection_id and email are expected, not both")
        return str(body["user_id"])
    if "connection_id" not in body or "email" not in body:
        raise invalid_body("Missing required property: user_id")
    connection = tenant.connections.find(body["connection_id"])
    account = tenant.users.login_of(connection.name, body["email"])
    if account is None:
        raise inexistent_user()
    return account


def account_of(tenant: Tenant, user_id: str, body: dict[str, Any]) -> tuple[str, str]:
    """Return the account that a request is about, and its e-mail address.

    Raises
    ------
    Problem
        404 when user or identity do not exist, 400 when there is no address.
    """
    account, owner = user_id, tenant.users.owner_of(user_id)
    if owner is None:
        raise inexistent_user()
    if "identity" in body:
        account = f"{body['identity'].get('provider')}|{body['identity'].get('user_id')}"
    email = profile_of(tenant.users.get(owner), account).get("email")
    if email is None:
        raise Problem(400, "The user does not have an email address.", "operation_not_supported")
    return account, email


def check_database(tenant: Tenant, account: str) -> None:
    """Raise the vendor's 400 for an account without a password of the tenant's."""
    if not account.startswith("auth0|"):
        found = "The user's main connection does not support this operation"
        raise Problem(400, found, "operation_not_supported")
