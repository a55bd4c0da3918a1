"""Which e-mails the tenant sends, each with its link."""

from __future__ import annotations

from typing import Any

from crosswalk_sandbox.auth0.tenant import Tenant
from crosswalk_sandbox.auth0.tickets import Ticket, expiry, issue


def mail_verification(tenant: Tenant, account: str, email: str, client_id: str = "") -> str:
    """Send the link that verifies the address of an account, and return it."""
    link = issue(tenant, Ticket("email-verification", account, email, expiry(tenant, 0), client_id=client_id))
    tenant.mailbox.send("verification", email, f"Welcome to {tenant.name}. Please verify your email address.", link)
    return link


def mail_password_reset(tenant: Tenant, account: str, email: str, client_id: str = "") -> str:
    """Send the link behind which somebody chooses a new password, and return it."""
    until = expiry(tenant, 0)
    link = issue(tenant, Ticket("password-change", account, email, until, marks_verified=True, client_id=client_id))
    text = "You have submitted a password change request. If it wasn't you, please disregard this email."
    tenant.mailbox.send("password-reset", email, text, link)
    return link


def mail_new_user(tenant: Tenant, document: dict[str, Any], body: dict[str, Any], client_id: str) -> None:
    """Send a new user of a database the link that verifies the address, unless the request wants no e-mail.

    The vendor does so for every address that is not verified when ``verify_email`` is absent.
    """
    is_database = document["identities"][0]["provider"] == "auth0"
    wanted = body.get("verify_email", not document.get("email_verified", False))
    if is_database and wanted and document.get("email"):
        mail_verification(tenant, document["user_id"], document["email"], client_id)
