"""What a run of Actions does to the tenant beside the login that it belongs to: metadata and logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crosswalk_sandbox.auth0.actions.runs import Effects, Outcome
from crosswalk_sandbox.auth0.origin import Origin
from crosswalk_sandbox.auth0.problems import Problem

if TYPE_CHECKING:
    from crosswalk_sandbox.auth0.tenant import Tenant

EXECUTION_FAILED = "actions_execution_failed"
WARNING = "w"


def log_trouble(tenant: Tenant, outcome: Outcome, user_id: str, origin: Origin) -> None:
    """Log that Actions failed, or that they did not run at all; nothing when all went well."""
    details = outcome.log_details()
    if outcome.not_run:
        write_log(tenant, WARNING, f"Actions did not run: {outcome.not_run}", user_id, origin, details)
    elif outcome.error is not None:
        error = {"name": outcome.error.id, "message": outcome.error.msg}
        write_log(tenant, EXECUTION_FAILED, outcome.error.msg, user_id, origin, {**details, "action_error": error})


def write_log(
    tenant: Tenant, log_type: str, description: str, user_id: str, origin: Origin, details: dict[str, Any]
) -> None:
    """Log something about a user, or about nobody in particular when `user_id` names none."""
    entry: dict[str, Any] = {
        "client_id": origin.client_id,
        "client_name": origin.client_name,
        "ip": origin.ip,
        "user_agent": origin.user_agent,
        "details": details,
        "hostname": tenant.domain,
        "user_id": "",
        "user_name": "",
    }
    if user_id in tenant.users:
        entry = tenant.user_log(tenant.users.get(user_id), origin, details)
    tenant.log(log_type, {"description": description, **entry})


def store_metadata(tenant: Tenant, user_id: str, effects: Effects, origin: Origin) -> None:
    """Write the metadata that Actions have set, as one change of the user, unless nothing changes."""
    body = {"user_metadata": effects.user_metadata, "app_metadata": effects.app_metadata}
    try:
        document = tenant.users.get(user_id)
    except Problem:
        return
    changes = {name: values for name, values in body.items() if changes_anything(document.get(name, {}), values)}
    if changes:
        before, after = tenant.users.update(user_id, changes)
        tenant.emit("user.updated", {"object": after, "previous_object": before}, origin)


def changes_anything(present: dict[str, Any], values: dict[str, Any]) -> bool:
    """Tell whether setting `values` makes a difference; null takes a key out."""
    return any(present.get(name) != value for name, value in values.items())
