"""`/api/v2/actions`: Actions, their versions, bindings to triggers, executions and trials."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from crosswalk_sandbox.auth0.actions.documents import (
    action_document,
    binding_document,
    deployment_document,
    version_document,
)
from crosswalk_sandbox.auth0.actions.library import Action, version_of
from crosswalk_sandbox.auth0.actions.trial import try_draft
from crosswalk_sandbox.auth0.actions.triggers import TRIGGERS
from crosswalk_sandbox.auth0.paging import MOST_PER_PAGE
from crosswalk_sandbox.auth0.routes.exchange import Query, answer, no_content, read_json
from crosswalk_sandbox.auth0.routes.operations import log_operation
from crosswalk_sandbox.auth0.schema import Property, check_body
from crosswalk_sandbox.auth0.tenant import Tenant

DEFAULT_SIZE = 50
TRIAL_PROPERTIES = {"payload": Property(dict, "The payload for the action")}
ROLLBACK_PROPERTIES = {"update_draft": Property(bool, "True if the draft should be updated with the reverted version")}


def action_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes of Actions."""
    actions, triggers = ActionOperations(tenant), TriggerOperations(tenant)
    one, versions, bindings = (
        "/actions/actions/{id}",
        "/actions/actions/{id}/versions",
        "/actions/triggers/{id}/bindings",
    )
    return [
        Route("/actions/actions", actions.list_actions, methods=["GET"]),
        Route("/actions/actions", actions.create, methods=["POST"]),
        Route(one, actions.get, methods=["GET"]),
        Route(one, actions.update, methods=["PATCH"]),
        Route(one, actions.delete, methods=["DELETE"]),
        Route(f"{one}/deploy", actions.deploy, methods=["POST"]),
        Route(f"{one}/test", actions.test, methods=["POST"]),
        Route(versions, actions.list_versions, methods=["GET"]),
        Route(f"{versions}/{{version}}", actions.get_version, methods=["GET"]),
        Route(f"{versions}/{{version}}/deploy", actions.roll_back, methods=["POST"]),
        Route("/actions/executions/{id}", triggers.execution, methods=["GET"]),
        Route("/actions/triggers", triggers.list_triggers, methods=["GET"]),
        Route(bindings, triggers.list_bindings, methods=["GET"]),
        Route(bindings, triggers.bind, methods=["PATCH"]),
    ]


class ActionOperations:
    """The operations on Actions and their versions."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def list_actions(self, request: Request) -> Response:
        """Return one page of the Actions that the filters let through."""
        filters = ("triggerId", "actionName", "deployed", "installed", "page", "per_page")
        query = Query(request, filters)
        with self._tenant.lock:
            wanted = [action for action in self._tenant.actions.library if is_wanted(action, query)]
            return answer(page(wanted, query, "actions", action_document))

    async def create(self, request: Request) -> Response:
        """Create an Action."""
        body = await read_json(request)
        with self._tenant.lock:
            shown = action_document(self._tenant.actions.library.create(body), "pending")
            log_operation(self._tenant, request, "Create an action", without_values(body), shown, 201)
        return answer(shown, 201)

    async def get(self, request: Request) -> Response:
        """Return one Action."""
        with self._tenant.lock:
            return answer(action_document(self._action(request)))

    async def update(self, request: Request) -> Response:
        """Change the draft of an Action."""
        body = await read_json(request)
        with self._tenant.lock:
            action = self._tenant.actions.library.update(request.path_params["id"], body)
            shown = action_document(action, "pending")
            log_operation(self._tenant, request, "Update an action", without_values(body), shown)
        return answer(shown)

    async def delete(self, request: Request) -> Response:
        """Delete an Action with all its versions."""
        force = Query(request, ("force",)).flag("force", default=False)
        with self._tenant.lock:
            self._tenant.actions.delete(request.path_params["id"], force=force)
            log_operation(self._tenant, request, "Delete an action", {}, {}, 204)
        return no_content()

    async def deploy(self, request: Request) -> Response:
        """Make a version of the draft, which runs from now on."""
        with self._tenant.lock:
            version = self._tenant.actions.library.deploy(request.path_params["id"])
            shown = deployment_document(self._action(request), version)
            log_operation(self._tenant, request, "Deploy an action", {}, shown)
        return answer(shown)

    async def test(self, request: Request) -> Response:
        """Run the draft with a given event; nothing of what it asks for happens."""
        body = check_body(await read_json(request), TRIAL_PROPERTIES, required=("payload",))
        with self._tenant.lock:
            action = self._action(request)
        return answer({"payload": await try_draft(self._tenant, action, body["payload"])})

    async def list_versions(self, request: Request) -> Response:
        """Return one page of the versions of an Action, newest first."""
        query = Query(request, ("page", "per_page"))
        with self._tenant.lock:
            action = self._action(request)
            newest_first = action.versions[::-1]
            return answer(page(newest_first, query, "versions", lambda version: version_document(action, version)))

    async def get_version(self, request: Request) -> Response:
        """Return one version of an Action."""
        with self._tenant.lock:
            action = self._action(request)
            return answer(version_document(action, version_of(action, request.path_params["version"])))

    async def roll_back(self, request: Request) -> Response:
        """Let an earlier version run again, as a new one."""
        given = await read_json(request) if await request.body() else {}
        body = check_body(given, ROLLBACK_PROPERTIES)
        with self._tenant.lock:
            action = self._action(request)
            update_draft = body.get("update_draft", False)
            version = self._tenant.actions.library.roll_back(
                action.id, request.path_params["version"], update_draft=update_draft
            )
            shown = deployment_document(action, version)
            log_operation(self._tenant, request, "Deploy an action version", body, shown)
        return answer(shown)

    def _action(self, request: Request) -> Action:
        return self._tenant.actions.library.get(request.path_params["id"])


class TriggerOperations:
    """The operations on triggers, their bindings and their executions."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def list_triggers(self, request: Request) -> Response:
        """Return all triggers."""
        return answer({"triggers": [trigger.document() for trigger in TRIGGERS]})

    async def list_bindings(self, request: Request) -> Response:
        """Return one page of what is bound to a trigger, in the order in which it runs."""
        query = Query(request, ("page", "per_page"))
        with self._tenant.lock:
            bound = self._tenant.actions.bindings.at(request.path_params["id"])
            return answer(page(bound, query, "bindings", binding_document))

    async def bind(self, request: Request) -> Response:
        """Replace what is bound to a trigger."""
        body = await read_json(request)
        with self._tenant.lock:
            bound = self._tenant.actions.bindings.replace(request.path_params["id"], body)
            shown = {"bindings": [binding_document(binding) for binding in bound]}
            log_operation(self._tenant, request, "Update trigger bindings", body, shown)
        if bound:
            self._tenant.action_runner.warm_up()
        return answer(shown)

    async def execution(self, request: Request) -> Response:
        """Return one execution."""
        with self._tenant.lock:
            execution = self._tenant.actions.executions.get(request.path_params["id"], self._tenant.clock())
            return answer(execution.document())


def is_wanted(action: Action, query: Query) -> bool:
    """Tell whether the filters of a list let an Action through."""
    if "triggerId" in query and query.text("triggerId") not in {
        name for name, _ in action.definition.supported_triggers
    }:
        return False
    if "actionName" in query and query.text("actionName") != action.name:
        return False
    if "deployed" in query and query.flag("deployed", default=True) != (action.deployed is not None):
        return False
    # Every Action is made here; none is installed from the vendor's marketplace.
    return not query.flag("installed", default=False)


def page(items: Sequence[Any], query: Query, name: str, shown: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    """Return one page of `items`; numbers that are zero are left out, as the vendor does here and nowhere else."""
    number = query.number("page", default=0)
    size = query.number("per_page", default=DEFAULT_SIZE, minimum=1, maximum=MOST_PER_PAGE)
    listed = [shown(item) for item in items[number * size : (number + 1) * size]]
    totals = {"total": len(items) if listed else 0, "page": number}
    return {name: listed, **{key: value for key, value in totals.items() if value}, "per_page": size}


def without_values(body: Any) -> Any:
    """Return a checked body for the log, its secrets reduced to their names."""
    names = [{"name": secret["name"]} for secret in body.get("secrets", [])]
    return {**body, "secrets": names} if "secrets" in body else body
