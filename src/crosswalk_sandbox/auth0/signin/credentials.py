"""Checking passwords, the vendor's brute-force protection included."""

from __future__ import annotations

from typing import Any

from crosswalk_sandbox.auth0.connections import Connection
from crosswalk_sandbox.auth0.logs import connection_fields
from crosswalk_sandbox.auth0.origin import Origin
from crosswalk_sandbox.auth0.signin.attempts import ADDRESS_BLOCKED_MESSAGE, BLOCKED_MESSAGE, most_failures
from crosswalk_sandbox.auth0.signin.records import log_application, log_person
from crosswalk_sandbox.auth0.tenant import Tenant

WRONG_PASSWORD = "Wrong email or password."  # noqa: S105 - the sentence that a person reads
USER_BLOCKED = "user is blocked"
ADDRESS_CLOSED = "{} attempted too many failed logins with different accounts; further attempts are blocked."


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


def check_credentials(
    tenant: Tenant, connection: Connection, identifier: str, password: str, origin: Origin
) -> dict[str, Any]:
    """Return the user who has an account of this e-mail address or username, and this password, in a database.

    The account may be one that was linked to the user.

    Raises
    ------
    WrongCredentials
        When there is no such user, the password is another one, too many attempts failed, or the user is blocked.
    """
    attempts, addresses = tenant.signin.attempts, tenant.signin.address_failures
    identifier = identifier.strip()
    account = find_account(tenant, connection.name, identifier)
    user = None if account is None else tenant.users.get(tenant.users.owner_of(account) or "")

    def log(log_type: str, description: str) -> None:
        log_failure(tenant, log_type, user, connection, identifier, origin, description)

    throttling = tenant.suspicious_ip_throttling()
    if addresses.is_closed(origin.ip, throttling, tenant.clock()):
        log("f", "IP address is blocked: too many failed login attempts")
        raise WrongCredentials(ADDRESS_BLOCKED_MESSAGE, "too_many_attempts")
    most = most_failures(tenant.brute_force_protection(), origin.ip)
    if attempts.is_blocked(identifier, origin.ip, most):
        log("f", "User account is blocked: too many failed login attempts")
        raise WrongCredentials(BLOCKED_MESSAGE, "too_many_attempts")
    if account is None or user is None or not tenant.users.passwords.matches(account, password):
        log("fu" if user is None else "fp", WRONG_PASSWORD)
        if attempts.fail(identifier, origin.ip, most):
            log_block(tenant, connection, identifier, origin, most)
        if addresses.fail(origin.ip, throttling, tenant.clock()):
            log_application(
                tenant, "limit_mu", origin, ADDRESS_CLOSED.format(origin.ip), **connection_fields(connection)
            )
        raise WrongCredentials(WRONG_PASSWORD, "invalid_grant")
    attempts.succeed(identifier, origin.ip)
    if user.get("blocked"):
        log("f", USER_BLOCKED)
        raise WrongCredentials(USER_BLOCKED, "unauthorized")
    return user


def log_block(tenant: Tenant, connection: Connection, identifier: str, origin: Origin, most: int | None) -> None:
    """Log that an address may not try an account any more."""
    description = (
        f"User ({identifier}) attempted {most} consecutive logins unsuccessfully. Brute force protection is "
        "enabled for this connection, further attempts are blocked from this IP address for this user."
    )
    account = {**connection_fields(connection), "user_name": identifier}
    log_application(tenant, "limit_wc", origin, description, **account)


def find_account(tenant: Tenant, connection: str, identifier: str) -> str | None:
    """Return the account of a database with this e-mail address, or else with this username; None for none."""
    found = tenant.users.login_of(connection, identifier)
    if found is not None or "@" in identifier or not identifier:
        return found
    return tenant.users.named(connection, identifier)


def log_failure(
    tenant: Tenant,
    log_type: str,
    user: dict[str, Any] | None,
    connection: Connection,
    identifier: str,
    origin: Origin,
    description: str,
) -> None:
    """Log a failed login, of a known user or of whatever was typed."""
    details = {"error": {"message": description}}
    if user is not None:
        log_person(tenant, log_type, user, origin, details, description, connection.name)
        return
    fields = connection_fields(connection)
    log_application(tenant, log_type, origin, description, **fields, details=details, user_name=identifier)
