"""The vendor's triggers: their versions and runtimes as its API lists them, and the functions that Actions export."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

POST_LOGIN = "post-login"
CREDENTIALS_EXCHANGE = "credentials-exchange"
PRE_USER_REGISTRATION = "pre-user-registration"
POST_USER_REGISTRATION = "post-user-registration"
POST_CHANGE_PASSWORD = "post-change-password"  # noqa: S105 - a trigger's name

# What an Action of each trigger that runs here exports.
HANDLERS = {
    POST_LOGIN: "onExecutePostLogin",
    CREDENTIALS_EXCHANGE: "onExecuteCredentialsExchange",
    PRE_USER_REGISTRATION: "onExecutePreUserRegistration",
    POST_USER_REGISTRATION: "onExecutePostUserRegistration",
    POST_CHANGE_PASSWORD: "onExecutePostChangePassword",
}
CONTINUE_HANDLER = "onContinuePostLogin"
RUNTIMES = ("node12", "node16", "node18", "node18-actions", "node22")
DEFAULT_RUNTIME = "node22"
_CURRENT = ("node18-actions", "node22")
_TRIGGER_BOUND, _ENTITY_BOUND = "trigger-bound", "entity-bound"


@dataclass(frozen=True, slots=True)
class Trigger:
    """One version of a trigger."""

    id: str
    version: str
    status: str = "CURRENT"
    runtimes: tuple[str, ...] = _CURRENT
    default_runtime: str = DEFAULT_RUNTIME
    binding_policy: str = _TRIGGER_BOUND
    compatible: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """Return the trigger as the API shows it."""
        return {
            "id": self.id,
            "version": self.version,
            "status": self.status,
            "runtimes": list(self.runtimes),
            "default_runtime": self.default_runtime,
            "binding_policy": self.binding_policy,
            "compatible_triggers": [{"id": self.id, "version": version} for version in self.compatible],
        }


def _replaced(trigger_id: str) -> Trigger:
    return Trigger(trigger_id, "v1", "DEPRECATED", ("node22",), "node12")


def _entity(trigger_id: str, runtimes: tuple[str, ...] = ("node22",)) -> Trigger:
    return Trigger(trigger_id, "v1", runtimes=runtimes, binding_policy=_ENTITY_BOUND)


TRIGGERS = (
    Trigger(POST_LOGIN, "v3", compatible=("v2",)),
    Trigger(POST_LOGIN, "v2", "DEPRECATED", ("node18", "node22"), "node16"),
    _replaced(POST_LOGIN),
    Trigger(CREDENTIALS_EXCHANGE, "v2"),
    _replaced(CREDENTIALS_EXCHANGE),
    Trigger(PRE_USER_REGISTRATION, "v2"),
    _replaced(PRE_USER_REGISTRATION),
    Trigger(POST_USER_REGISTRATION, "v2"),
    _replaced(POST_USER_REGISTRATION),
    Trigger(POST_CHANGE_PASSWORD, "v2"),
    _replaced(POST_CHANGE_PASSWORD),
    Trigger("send-phone-message", "v2"),
    _replaced("send-phone-message"),
    Trigger("password-reset-post-challenge", "v1"),
    Trigger("custom-phone-provider", "v1"),
    Trigger("custom-email-provider", "v1"),
    _entity("custom-token-exchange", ("node18", "node22")),
    _entity("event-stream"),
    _entity("password-hash-migration"),
    _entity("mcp-tool"),
)
TRIGGER_IDS = tuple(dict.fromkeys(trigger.id for trigger in TRIGGERS))


def is_bindable(trigger_id: str) -> bool:
    """Tell whether Actions are bound to this trigger itself, not to something that uses it."""
    return any(trigger.id == trigger_id and trigger.binding_policy == _TRIGGER_BOUND for trigger in TRIGGERS)
