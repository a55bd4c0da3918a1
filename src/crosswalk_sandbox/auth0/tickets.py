"""Tickets: links that verify an e-mail address or let somebody choose a password, each good once."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlencode, urlsplit, urlunsplit

from crosswalk_sandbox.auth0.actions.registration import after_password_change
from crosswalk_sandbox.auth0.identities import key_of
from crosswalk_sandbox.auth0.origin import Origin
from crosswalk_sandbox.auth0.problems import Problem
from crosswalk_sandbox.auth0.tenant import Tenant
from crosswalk_sandbox.auth0.user_documents import check_password_strength

DEFAULT_SECONDS = 432_000
# Beyond so many the oldest are forgotten.
MOST_KEPT = 100_000
PATHS = {"email-verification": "/u/email-verification", "password-change": "/u/reset-verify"}
VERIFIED = "Your email was verified. You can continue using the application."
CHANGED = "You can now login to the application with the new password."


@dataclass(slots=True)
class Ticket:
    """What one link is good for.

    Attributes
    ----------
    account : str
        The account, such as ``auth0|123``; it may be linked to a user by another id.
    email : str
        Its e-mail address when the ticket was made; a changed address makes the ticket worthless.
    result_url : str
        Where the browser goes in the end; empty to stay.
    includes_email : bool
        Whether that address is told the e-mail address.
    marks_verified : bool
        Whether a new password proves the e-mail address as well.
    """

    kind: Literal["email-verification", "password-change"]
    account: str
    email: str
    expires: datetime
    result_url: str = ""
    includes_email: bool = False
    marks_verified: bool = False
    client_id: str = ""
    used: bool = False


class Refused(Exception):
    """A ticket that is worth nothing (any more); the message and the code are the vendor's."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


def issue(tenant: Tenant, ticket: Ticket) -> str:
    """Keep a ticket and return its link."""
    if len(tenant.tickets) >= MOST_KEPT:
        del tenant.tickets[next(iter(tenant.tickets))]
    token = secrets.token_urlsafe(24)
    tenant.tickets[token] = ticket
    return f"https://{tenant.domain}{PATHS[ticket.kind]}?ticket={token}"


def expiry(tenant: Tenant, seconds: int) -> datetime:
    """Return until when a ticket of so many seconds is good; 0 stands for the vendor's five days."""
    return tenant.clock() + timedelta(seconds=seconds or DEFAULT_SECONDS)


def usable(tenant: Tenant, token: str, kind: str) -> Ticket:
    """Return the ticket that `token` stands for.

    Raises
    ------
    Refused
        When it is unknown, used or expired, or its user is gone or has another address by now.
    """
    ticket = tenant.tickets.get(token)
    if ticket is None or ticket.kind != kind:
        raise Refused("This link is not valid.", "invalid_ticket")
    if ticket.used:
        raise Refused("This URL can be used only once", "used_ticket")
    if ticket.expires <= tenant.clock():
        raise Refused("Access expired.", "access_expired")
    owner = tenant.users.owner_of(ticket.account)
    if owner is None:
        raise Refused("The user does not exist.", "unknown_user")
    if profile_of(tenant.users.get(owner), ticket.account).get("email") != ticket.email:
        raise Refused("This account's email address has changed.", "access_expired")
    return ticket


def profile_of(document: dict[str, Any], account: str) -> dict[str, Any]:
    """Return the profile of one account of a user: the user itself, or what its identity has kept."""
    for entry in document["identities"]:
        if key_of(entry) == account:
            kept: dict[str, Any] = document if account == document["user_id"] else entry.get("profileData", {})
            return kept
    raise Problem(404, "The specified identity does not exist for the user.", "inexistent_identity")


def verify_email(tenant: Tenant, token: str, origin: Origin) -> Ticket:
    """Use a ticket that verifies an address, and return it.

    Raises
    ------
    Refused
        Also when the address is verified already.
    """
    with tenant.lock:
        ticket = usable(tenant, token, "email-verification")
        before = tenant.users.get(tenant.users.owner_of(ticket.account) or "")
        if profile_of(before, ticket.account).get("email_verified"):
            raise Refused("This account is already verified.", "already_verified")
        ticket.used = True
        after = mark_verified(tenant, ticket.account, origin)
        entry = tenant.user_log(after, origin, {"email": ticket.email})
        tenant.log("sv", {"description": VERIFIED, **entry})
        return ticket


def change_password(tenant: Tenant, token: str, password: str, origin: Origin) -> Ticket:
    """Use a ticket that sets a password, and return it; sessions and refresh tokens that the user had end.

    Raises
    ------
    Refused
        When the ticket is worth nothing.
    Problem
        400 for a password that is too weak; the ticket stays good.
    """
    with tenant.lock:
        ticket = usable(tenant, token, "password-change")
        check_password_strength(password)
        ticket.used = True
        owner = tenant.users.owner_of(ticket.account) or ""
        before = tenant.users.get(owner)
        tenant.users.passwords.remember(ticket.account, password)
        tenant.signin.attempts.unblock(ticket.email)
        tenant.signin.sessions.end_of_user(owner)
        tenant.signin.refresh_tokens.revoke_of(user_id=owner)
        if ticket.marks_verified and not profile_of(before, ticket.account).get("email_verified"):
            after = mark_verified(tenant, ticket.account, origin)
        else:
            moment = tenant.users.next_update(before)
            after = {**before, "last_password_reset": moment, "updated_at": moment}
            tenant.users.put(after)
            tenant.emit("user.updated", {"object": tenant.users.get(owner), "previous_object": before}, origin)
        entry = tenant.user_log(after, origin, {"email": ticket.email})
        tenant.log("scp", {"description": "Change Password", **entry})
        after_password_change(tenant, after, origin)
        return ticket


def mark_verified(tenant: Tenant, account: str, origin: Origin) -> dict[str, Any]:
    """Note that an account's address is verified, send ``user.updated``, and return the user."""
    owner = tenant.users.owner_of(account) or ""
    before, after = tenant.users.get(owner), tenant.users.get(owner)
    profile_of(after, account)["email_verified"] = True
    after["updated_at"] = tenant.users.next_update(before)
    tenant.users.put(after)
    tenant.emit("user.updated", {"object": tenant.users.get(owner), "previous_object": before}, origin)
    return tenant.users.get(owner)


def outcome_url(ticket: Ticket, told: dict[str, str]) -> str:
    """Return where the browser goes with the outcome of a ticket; empty when the ticket names no address."""
    if not ticket.result_url:
        return ""
    if ticket.includes_email:
        told = {"email": ticket.email, **told}
    parts = urlsplit(ticket.result_url)
    query = "&".join(part for part in (parts.query, urlencode(told)) if part)
    return urlunsplit(parts._replace(query=query))
