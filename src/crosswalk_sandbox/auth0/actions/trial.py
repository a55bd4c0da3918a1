"""Trying out a draft, as the vendor's editor does: with a made-up event, and without consequences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from crosswalk_sandbox.auth0.actions.library import Action
from crosswalk_sandbox.auth0.actions.runs import Outcome, Run, perform
from crosswalk_sandbox.auth0.actions.state import draft_of
from crosswalk_sandbox.auth0.actions.triggers import HANDLERS
from crosswalk_sandbox.auth0.problems import Problem

if TYPE_CHECKING:
    from crosswalk_sandbox.auth0.tenant import Tenant


async def try_draft(tenant: Tenant, action: Action, payload: dict[str, Any]) -> dict[str, Any]:
    """Run the draft of `action` and return what came of it.

    Parameters
    ----------
    payload : dict
        The event, or an object that holds it as ``event``.

    Raises
    ------
    Problem
        400 while the draft is not built, or when its trigger does not run here.
    """
    trigger_id = action.definition.supported_triggers[0][0]
    if trigger_id not in HANDLERS:
        raise Problem(400, f"Actions of trigger {trigger_id} cannot be run in this tenant.", "operation_not_supported")
    if action.build.status() != "built":
        raise Problem(400, "A draft must be in the 'built' state before it can be tested.", "invalid_body")
    event = payload["event"] if isinstance(payload.get("event"), dict) else payload
    outcome = await perform(tenant, Run(trigger_id, (draft_of(action),), event, can_redirect=True))
    return result_of(outcome)


def result_of(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as a test shows it: what the Action asked for, what it wrote, and what went wrong."""
    results = outcome.execution.results
    error = None
    if outcome.not_run:
        error = {"id": "not_run", "msg": outcome.not_run}
    elif outcome.error is not None:
        error = {"id": outcome.error.id, "msg": outcome.error.msg}
    effects = {} if error is not None else msgspec.to_builtins(outcome.effects)
    asked = {name: value for name, value in effects.items() if value and name != "cache"}
    return {
        "success": error is None,
        "error": error,
        "commands": asked,
        "logs": "".join(one.console for one in results),
    }
