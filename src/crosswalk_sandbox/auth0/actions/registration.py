"""Actions around a user's account: before it is created, after it was, and after its password changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from crosswalk_sandbox.auth0.actions.consequences import log_trouble, write_log
from crosswalk_sandbox.auth0.actions.event_objects import account_event, registration_event
from crosswalk_sandbox.auth0.actions.pending import Pending
from crosswalk_sandbox.auth0.actions.runs import Outcome, Run, start
from crosswalk_sandbox.auth0.actions.triggers import POST_CHANGE_PASSWORD, POST_USER_REGISTRATION, PRE_USER_REGISTRATION
from crosswalk_sandbox.auth0.origin import Origin
from crosswalk_sandbox.auth0.problems import Problem
from crosswalk_sandbox.auth0.user_documents import check_create

if TYPE_CHECKING:
    from crosswalk_sandbox.auth0.tenant import Tenant

T = TypeVar("T")
REFUSED = "PreUserRegistrationError on pre-user-registration"


class RegistrationDenied(Problem):
    """A registration that an Action refuses.

    Parameters
    ----------
    reason : str
        For the tenant's logs.
    user_message : str
        For the person; empty when the Action gave none.
    """

    def __init__(self, reason: str, user_message: str) -> None:
        # What the Management API says of it, whatever the reason.
        super().__init__(400, "Sandbox error.", "extensibility_error")
        self.reason = reason
        self.user_message = user_message


def registering(
    tenant: Tenant,
    body: Any,
    origin: Origin,
    create: Callable[[Any], T],
    transaction: dict[str, Any] | None = None,
) -> T | Pending[T]:
    """Create a user with `create` once the pre-user-registration Actions let it through, with what metadata they add.

    They run for databases alone, and not for requests that `create` would refuse as they are.

    Raises
    ------
    RegistrationDenied
        From the pending value, when one of them denies.
    """
    planned = tenant.actions.planned(PRE_USER_REGISTRATION)
    if not planned:
        return create(body)
    try:
        checked, connection = check_create(body, tenant.connections.named)
    except Problem:
        return create(body)
    if connection.kind != "database" or tenant.users.is_taken(connection, checked):
        return create(body)

    def finish(outcome: Outcome) -> T:
        log_trouble(tenant, outcome, "", origin)
        denied, effects = outcome.effects.denied, outcome.effects
        if outcome.error is not None or denied is not None:
            reason = outcome.error.msg if outcome.error is not None else (denied and denied.reason) or ""
            details = {**outcome.log_details(), "error": {"message": reason}}
            write_log(tenant, "fs", REFUSED, "", origin, details)
            raise RegistrationDenied(reason, (denied and denied.user_message) or "")
        added = {"user_metadata": effects.user_metadata, "app_metadata": effects.app_metadata}
        merged = {name: {**(body.get(name) or {}), **values} for name, values in added.items() if values}
        return create({**body, **merged})

    event = registration_event(tenant, body, connection, origin, transaction)
    return Pending(Run(PRE_USER_REGISTRATION, planned, event), finish)


def after_registration(tenant: Tenant, document: dict[str, Any], origin: Origin) -> None:
    """Let the post-user-registration Actions run, for whose end nobody waits."""
    _run_later(tenant, POST_USER_REGISTRATION, document, origin)


def after_password_change(tenant: Tenant, document: dict[str, Any], origin: Origin) -> None:
    """Let the post-change-password Actions run, for whose end nobody waits."""
    _run_later(tenant, POST_CHANGE_PASSWORD, document, origin)


def _run_later(tenant: Tenant, trigger_id: str, document: dict[str, Any], origin: Origin) -> None:
    planned = tenant.actions.planned(trigger_id)
    if not planned or document["identities"][0]["provider"] != "auth0":
        return
    running = start(tenant, Run(trigger_id, planned, account_event(tenant, document, origin)))

    def note(done: Any) -> None:
        with tenant.lock:
            log_trouble(tenant, done.result(), document["user_id"], origin)

    running.add_done_callback(note)
