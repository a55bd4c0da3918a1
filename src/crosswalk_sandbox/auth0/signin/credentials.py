"""Checking passwords, the vendor's brute-force protection included."""

from __future__ import annotations

from typing import Any

from crosswalk_sandbox.auth0.origin import Origin
from crosswalk_sandbox.auth0.signin.attempts import BLOCKED_MESSAGE, MOST_FAILURES
from crosswalk_sandbox.auth0.signin.records import log_application, log_person
from crosswalk_sandbox.auth0.tenant import Tenant
from crosswalk_sandbox.auth0.user_documents import DATABASE_CONNECTION, DATABASE_CONNECTION_ID

WRONG_PASSWORD = "Wrong email or password."  # noqa: S105 - the sentence that a person reads
USER_BLOCKED = "user is blocked"


class WrongCredentials(Exception):
    """A login with e-mail address and password that is refused; the message is the vendor's.

    Parameters
    ----------
    message : str
        What the person is told.
    code : str
        ``invalid_grant``, ``too_many_attempts`` or ``unauthorized``.
    """

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


def check_credentials(tenant: Tenant, identifier: str, password: str, origin: Origin) -> dict[str, Any]:
    """Return the user with this e-mail address or username, and this password.

    Raises
    ------
    WrongCredentials
        When there is no such user, the password is another one, too many attempts failed, or the user is blocked.
    """
    attempts = tenant.signin.attempts
    identifier = identifier.strip()
    user = find_user(tenant, identifier)
    if attempts.is_blocked(identifier, origin.ip):
        log_failure(tenant, "f", user, identifier, origin, "User account is blocked: too many failed login attempts")
        raise WrongCredentials(BLOCKED_MESSAGE, "too_many_attempts")
    if user is None or not tenant.users.passwords.matches(user["user_id"], password):
        log_failure(tenant, "fu" if user is None else "fp", user, identifier, origin, WRONG_PASSWORD)
        if attempts.fail(identifier, origin.ip):
            description = f"{MOST_FAILURES} failed login attempts into a single account from the same IP address"
            log_failure(tenant, "limit_wc", user, identifier, origin, description)
        raise WrongCredentials(WRONG_PASSWORD, "invalid_grant")
    attempts.succeed(identifier, origin.ip)
    if user.get("blocked"):
        log_failure(tenant, "f", user, identifier, origin, USER_BLOCKED)
        raise WrongCredentials(USER_BLOCKED, "unauthorized")
    return user


def find_user(tenant: Tenant, identifier: str) -> dict[str, Any] | None:
    """Return the user with this e-mail address, or else with this username; None when there is none."""
    found = tenant.users.by_email(identifier)
    if found or "@" in identifier or not identifier:
        return found[0] if found else None
    wanted = identifier.lower()
    named = (one for one in tenant.users if str(one.get("username", "")).lower() == wanted)
    document = next(named, None)
    return None if document is None else tenant.users.get(document["user_id"])


def log_failure(
    tenant: Tenant, log_type: str, user: dict[str, Any] | None, identifier: str, origin: Origin, description: str
) -> None:
    """Log a failed login, of a known user or of whatever was typed."""
    details = {"error": {"message": description}}
    if user is not None:
        log_person(tenant, log_type, user, origin, details, description)
        return
    log_application(
        tenant,
        log_type,
        origin,
        description,
        connection=DATABASE_CONNECTION,
        connection_id=DATABASE_CONNECTION_ID,
        details=details,
        user_name=identifier,
        strategy="auth0",
        strategy_type="database",
    )
