"""What the Management API shows of Actions, versions and bindings: the very keys of recorded answers.

Two of them disagree with their names, here as there: the answer to a deploy calls its version not deployed yet, and an
Action inside a binding never has all its changes deployed.
"""

from __future__ import annotations

from typing import Any

from crosswalk_sandbox.auth0.actions.bindings import Binding
from crosswalk_sandbox.auth0.actions.library import Action, Version, definition_body


def base_document(action: Action) -> dict[str, Any]:
    """Return what identifies an Action inside another document."""
    return {
        "id": action.id,
        "name": action.name,
        "supported_triggers": definition_body(action.definition)["supported_triggers"],
        "created_at": action.created_at,
        "updated_at": action.updated_at,
    }


def action_document(action: Action, status: str | None = None) -> dict[str, Any]:
    """Return an Action; `status` overrules the state of its build, which has begun with this very request."""
    body = definition_body(action.definition)
    reason = action.build.installation.reason
    return {
        **base_document(action),
        "code": body["code"],
        "dependencies": body["dependencies"],
        "runtime": body["runtime"],
        "status": status or action.build.status(),
        "secrets": body["secrets"],
        **({"errors": [{"id": "build_failed", "msg": reason}]} if reason else {}),
        **deployed_documents(action),
        "all_changes_deployed": action.all_changes_deployed(),
    }


def deployed_documents(action: Action) -> dict[str, Any]:
    """Return the deployed version in both of its shapes, or nothing when there is none."""
    version = action.deployed
    if version is None:
        return {}
    current = {
        "id": version.id,
        "code": version.definition.code,
        "runtime": version.definition.runtime,
        "status": "BUILT",
        "number": version.number,
        "build_time": version.created_at,
        "created_at": version.created_at,
        "updated_at": version.created_at,
    }
    return {"current_version": current, "deployed_version": version_body(version, deployed=True)}


def version_body(version: Version, *, deployed: bool) -> dict[str, Any]:
    """Return a version without its Action."""
    return {
        **definition_body(version.definition),
        "id": version.id,
        "deployed": deployed,
        "number": version.number,
        "built_at": version.created_at,
        "status": version.build.status(),
        "created_at": version.created_at,
        "updated_at": version.created_at,
    }


def version_document(action: Action, version: Version) -> dict[str, Any]:
    """Return one version of an Action."""
    body = version_body(version, deployed=version is action.deployed)
    return {**body, "action": {**base_document(action), "all_changes_deployed": action.all_changes_deployed()}}


def deployment_document(action: Action, version: Version) -> dict[str, Any]:
    """Return the answer to a deploy, which comes before the version is in use."""
    body = version_body(version, deployed=False)
    del body["built_at"]
    return {**body, "action": {**base_document(action), "all_changes_deployed": False}}


def binding_document(binding: Binding) -> dict[str, Any]:
    """Return a binding with its Action."""
    action = binding.action
    return {
        "id": binding.id,
        "trigger_id": binding.trigger_id,
        "action": {**base_document(action), **deployed_documents(action), "all_changes_deployed": False},
        "created_at": binding.created_at,
        "updated_at": binding.updated_at,
        "display_name": binding.display_name,
    }
