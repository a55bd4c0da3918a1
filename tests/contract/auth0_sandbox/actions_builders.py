"""Actions of the tenant as a person writes them, deployed and bound through the vendor's client."""

from __future__ import annotations

import os
import shutil
from typing import Any

import pytest
from auth0.management import ManagementClient

from crosswalk_sandbox.auth0 import Tenant

from .conftest import wait_until
from .signing_in import Application, Browser, returned

# In CI they run, and fail, without Node.
needs_node = pytest.mark.skipif(
    shutil.which("node") is None and not os.environ.get("CI"), reason="Node 18 or newer is needed to run Actions"
)


def an_action(auth0: ManagementClient, name: str, code: str, trigger: str = "post-login", **more: Any) -> str:
    """Create and deploy an Action, and return its id."""
    triggers = [{"id": trigger, "version": "v3" if trigger == "post-login" else "v2"}]
    created = auth0.actions.create(name=name, supported_triggers=triggers, code=code, **more)  # type: ignore[arg-type]  # the client takes plain objects, too
    action_id = str(created.id)
    wait_until(lambda: auth0.actions.get(action_id).status == "built", f"build of {name}")
    auth0.actions.deploy(action_id)
    return action_id


def bind(auth0: ManagementClient, *action_ids: str, trigger: str = "post-login") -> None:
    """Let exactly these Actions run at a trigger, in this order."""
    bindings = [{"ref": {"type": "action_id", "value": action_id}} for action_id in action_ids]
    auth0.actions.triggers.bindings.update_many(trigger, bindings=bindings)  # type: ignore[arg-type]  # as above


def post_login(auth0: ManagementClient, body: str, name: str = "Under test", **more: Any) -> str:
    """Create, deploy and bind one post-login Action whose handler has this body, and return its id."""
    code = f"exports.onExecutePostLogin = async (event, api) => {{ {body} }};"
    action_id = an_action(auth0, name, code, **more)
    bind(auth0, action_id)
    return action_id


def newest_execution(tenant: Tenant) -> Any:
    """Return what the tenant remembers of the last time that Actions ran."""
    return tenant.actions.executions.newest(1)[0]


def denied(browser: Browser, shop: Application, **changes: str | None) -> tuple[str, str]:
    """Try to log Ada in and return the error that the application is told."""
    browser.open(shop.authorize_url(**changes))
    told = returned(browser.log_in())
    return told["error"], told["error_description"]
