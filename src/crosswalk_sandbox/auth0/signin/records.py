"""Tenant logs of logins and token exchanges, with the vendor's types and descriptions."""

from __future__ import annotations

from typing import Any

from crosswalk_sandbox.auth0.origin import Origin
from crosswalk_sandbox.auth0.problems import Problem
from crosswalk_sandbox.auth0.signin.authorizations import Authorization
from crosswalk_sandbox.auth0.tenant import Tenant

EXCHANGES = {
    "seacft": "Authorization Code for Access Token",
    "sepft": "Password for Access Token",
    "seccft": "Client Credentials for Access Token",
    "sertft": "Refresh Token for Access Token",
    "gd_auth_succeed": "Guardian - Second factor authentication success (otp)",
    "gd_auth_failed": "Guardian - Second factor authentication failed (otp)",
    "gd_recovery_succeed": "Guardian - Second factor recovery success",
    "gd_recovery_failed": "Guardian - Second factor recovery failed",
    "gd_enrollment_complete": "Guardian - Enrollment complete (otp)",
    "mfar": "MFA Required",
    "slo": "User successfully logged out",
    "srrt": "Successfully revoked a Refresh Token",
    "ssa": "Successful silent authentication",
}


def log_person(
    tenant: Tenant,
    log_type: str,
    user: dict[str, Any],
    origin: Origin,
    details: dict[str, Any],
    description: str = "",
    connection: str = "",
) -> None:
    """Log what a known user did, or failed to do, with a connection or else with that of the main account."""
    entry = tenant.user_log(user, origin, details, connection)
    text = description or EXCHANGES.get(log_type, "")
    tenant.log(log_type, {"description": text, **entry} if text else entry)


def log_user_id(
    tenant: Tenant,
    log_type: str,
    user_id: str,
    origin: Origin,
    description: str = "",
    details: dict[str, Any] | None = None,
) -> None:
    """Log what a user did who may be gone by now."""
    try:
        log_person(tenant, log_type, tenant.users.get(user_id), origin, details or {}, description)
    except Problem:
        log_application(tenant, log_type, origin, description)


def log_application(tenant: Tenant, log_type: str, origin: Origin, description: str = "", **more: Any) -> None:
    """Log what an application did, or what failed before a user was known."""
    tenant.log(
        log_type,
        {
            "description": description or EXCHANGES.get(log_type, ""),
            "client_id": origin.client_id,
            "client_name": origin.client_name,
            "ip": origin.ip,
            "user_agent": origin.user_agent,
            "hostname": tenant.domain,
            "user_id": "",
            "user_name": "",
            **more,
        },
    )


def record_login(
    tenant: Tenant,
    authorization: Authorization,
    origin: Origin,
    prompts: list[str],
    further: dict[str, Any] | None = None,
) -> None:
    """Count a login of the user and log it, with `further` details."""
    tenant.users.record_login(authorization.user_id, origin.ip)
    user = tenant.users.get(authorization.user_id)
    details = {
        "prompts": [{"name": name, "completedAt": int(tenant.clock().timestamp() * 1000)} for name in prompts],
        "session_id": authorization.sid,
        "stats": {"loginsCount": user["logins_count"]},
        **(further or {}),
    }
    log_person(tenant, "s", user, origin, details, connection=authorization.connection)
