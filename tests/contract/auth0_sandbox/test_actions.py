"""Actions through the vendor's client: drafts, builds, versions, bindings, trials; and the recorded answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from auth0.management import AsyncManagementClient, ManagementClient
from auth0.management.core.api_error import ApiError

from crosswalk_sandbox.auth0 import Tenant

from .actions_builders import an_action, bind, needs_node
from .conftest import wait_until

RECORDED = json.loads((Path(__file__).parent / "recorded" / "actions.json").read_text())
POST_LOGIN = [{"id": "post-login", "version": "v3"}]
NOTHING = "exports.onExecutePostLogin = async (event, api) => {};"


def refused(call: Callable[[], Any]) -> tuple[int, str]:
    """Return status and message of a call that the tenant refuses."""
    with pytest.raises(ApiError) as caught:
        call()
    return caught.value.status_code or 0, caught.value.body["message"]


def shape_of(value: Any) -> Any:
    """Return the keys and types of a JSON value, those of lists by their first item."""
    if isinstance(value, dict):
        return {name: shape_of(item) for name, item in value.items()}
    if isinstance(value, list):
        return [shape_of(item) for item in value[:1]]
    return type(value).__name__


def test_the_recorded_exchanges_get_the_recorded_answers(http: httpx.Client, token: str) -> None:
    created = ""
    for recorded in RECORDED:
        path = recorded["path"]
        if path == "/api/v2/actions/triggers":
            continue
        if path.endswith("/deploy"):
            path = f"/api/v2/actions/actions/{created}/deploy"
        body = recorded["body"] or None
        answer = http.request(recorded["method"], path, json=body, headers={"authorization": f"Bearer {token}"})

        assert answer.status_code == recorded["status"], answer.text
        assert shape_of(answer.json()) == shape_of(recorded["response"]), (recorded["method"], recorded["path"])
        created = created or answer.json().get("id", "")
    final, last = RECORDED[-1]["response"]["actions"][0], answer.json()["actions"][0]
    for name in ("status", "all_changes_deployed", "runtime", "supported_triggers", "code"):
        assert last[name] == final[name]
    assert (last["deployed_version"]["deployed"], last["deployed_version"]["number"]) == (True, 1)
    assert last["current_version"]["status"] == "BUILT"


def test_the_triggers_are_the_recorded_ones(http: httpx.Client, token: str) -> None:
    recorded = next(one for one in RECORDED if one["path"] == "/api/v2/actions/triggers")

    answer = http.get("/api/v2/actions/triggers", headers={"authorization": f"Bearer {token}"}).json()

    def by_version(trigger: dict[str, Any]) -> tuple[str, str]:
        return trigger["id"], trigger["version"]

    assert sorted(answer["triggers"], key=by_version) == sorted(recorded["response"]["triggers"], key=by_version)


def test_an_action_is_built_deployed_and_listed(auth0: ManagementClient) -> None:
    created = auth0.actions.create(
        name="Enrich", supported_triggers=POST_LOGIN, code=NOTHING, secrets=[{"name": "KEY", "value": "s3cr3t-value"}]
    )
    assert (created.status, created.all_changes_deployed, created.runtime) == ("pending", False, "node22")
    assert created.deployed_version is None

    built = auth0.actions.get(created.id)
    version = auth0.actions.deploy(created.id)
    deployed = auth0.actions.get(created.id)

    assert built.status == "built"
    assert (version.number, version.deployed) == (1, False)
    assert deployed.all_changes_deployed is True
    assert deployed.deployed_version.id == version.id
    assert [secret.name for secret in deployed.secrets] == ["KEY"]
    assert "s3cr3t-value" not in deployed.model_dump_json()
    assert [action.name for action in auth0.actions.list(deployed=True, trigger_id="post-login")] == ["Enrich"]
    for nothing in ({"deployed": False}, {"trigger_id": "credentials-exchange"}, {"action_name": "Other"}):
        assert list(auth0.actions.list(**nothing)) == []
    assert list(auth0.actions.list(installed=True)) == []


def test_a_slow_build_is_pending_then_building_then_built(auth0: ManagementClient, tenant: Tenant) -> None:
    tenant.knobs.action_build_seconds = 0.3
    created = auth0.actions.create(name="Slow", supported_triggers=POST_LOGIN, code=NOTHING)

    seen: list[str] = []

    def is_built() -> bool:
        seen.append(auth0.actions.get(created.id).status)
        return seen[-1] == "built"

    assert refused(lambda: auth0.actions.deploy(created.id)) == (
        400,
        "A draft must be in the 'built' state before it can be deployed.",
    )
    wait_until(is_built, "end of the build")
    assert list(dict.fromkeys(seen)) == ["pending", "building", "built"]


def test_an_action_may_be_deployed_as_soon_as_it_is_built(auth0: ManagementClient) -> None:
    created = auth0.actions.create(name="At once", supported_triggers=POST_LOGIN, code=NOTHING, deploy=True)

    wait_until(lambda: auth0.actions.get(created.id).deployed_version, "deployment")


def test_a_changed_draft_waits_for_its_own_deployment(auth0: ManagementClient) -> None:
    action_id = an_action(auth0, "Changing", NOTHING, secrets=[{"name": "KEY", "value": "one"}])

    same = auth0.actions.update(action_id, code=NOTHING, secrets=[{"name": "KEY"}])
    changed = auth0.actions.update(action_id, code=f"{NOTHING} // more")

    assert same.all_changes_deployed is True
    assert changed.all_changes_deployed is False
    assert changed.deployed_version.code == NOTHING
    renewed = auth0.actions.update(action_id, code=NOTHING, secrets=[{"name": "KEY", "value": "two"}])
    assert renewed.all_changes_deployed is False


def test_an_earlier_version_runs_again_as_a_new_one(auth0: ManagementClient) -> None:
    action_id = an_action(auth0, "Rolled back", NOTHING)
    auth0.actions.update(action_id, code=f"{NOTHING} // second")
    auth0.actions.deploy(action_id)
    first = next(version for version in auth0.actions.versions.list(action_id) if version.number == 1)

    again = auth0.actions.versions.deploy(action_id, first.id)

    versions = list(auth0.actions.versions.list(action_id))
    assert [(version.number, version.deployed) for version in versions] == [(3, True), (2, False), (1, False)]
    assert auth0.actions.versions.get(action_id, again.id).code == NOTHING
    action = auth0.actions.get(action_id)
    assert action.code.endswith("// second")
    assert action.all_changes_deployed is False
    auth0.actions.versions.deploy(action_id, first.id, request={"update_draft": True})
    assert auth0.actions.get(action_id).code == NOTHING


def test_bindings_keep_their_order_and_names(auth0: ManagementClient) -> None:
    first, second = an_action(auth0, "First", NOTHING), an_action(auth0, "Second", NOTHING)

    auth0.actions.triggers.bindings.update_many(
        "post-login",
        bindings=[
            {"ref": {"type": "action_name", "value": "Second"}, "display_name": "Comes first"},
            {"ref": {"type": "action_id", "value": first}},
        ],
    )

    bound = list(auth0.actions.triggers.bindings.list("post-login"))
    assert [(one.action.id, one.display_name) for one in bound] == [(second, "Comes first"), (first, "First")]
    assert bound[0].action.deployed_version.code == NOTHING
    kept = auth0.actions.triggers.bindings.update_many(
        "post-login", bindings=[{"ref": {"type": "binding_id", "value": bound[0].id}}]
    )
    assert [(one.id, one.display_name) for one in kept.bindings] == [(bound[0].id, "Comes first")]


def test_what_cannot_be_bound_is_refused(auth0: ManagementClient) -> None:
    draft = auth0.actions.create(name="Draft", supported_triggers=POST_LOGIN, code=NOTHING)

    def binding(trigger: str, value: str) -> Callable[[], Any]:
        wanted = [{"ref": {"type": "action_id", "value": value}}]
        return lambda: auth0.actions.triggers.bindings.update_many(trigger, bindings=wanted)

    not_deployed = "Trying to create a binding for an action that has not been deployed yet"
    assert refused(binding("post-login", draft.id)) == (400, not_deployed)
    assert refused(binding("credentials-exchange", draft.id))[0] == 400
    assert refused(binding("post-login", "missing"))[0] == 400
    assert refused(binding("event-stream", draft.id))[0] == 400
    assert refused(binding("no-such-trigger", draft.id))[0] == 404


def test_a_bound_action_is_deleted_by_force_only(auth0: ManagementClient) -> None:
    action_id = an_action(auth0, "Bound", NOTHING)
    bind(auth0, action_id)

    assert refused(lambda: auth0.actions.delete(action_id))[0] == 400
    assert auth0.actions.get(action_id).name == "Bound"

    auth0.actions.delete(action_id, force=True)

    assert refused(lambda: auth0.actions.get(action_id))[0] == 404
    assert list(auth0.actions.triggers.bindings.list("post-login")) == []


def test_names_are_unique(auth0: ManagementClient) -> None:
    an_action(auth0, "Taken", NOTHING)
    other = an_action(auth0, "Other", NOTHING)
    # The client would try again after a 409.
    once: Any = {"max_retries": 0}

    def create() -> Any:
        return auth0.actions.create(name="Taken", supported_triggers=POST_LOGIN, code=NOTHING, request_options=once)

    assert refused(create)[0] == 409
    assert refused(lambda: auth0.actions.update(other, name="Taken", request_options=once))[0] == 409
    assert auth0.actions.update(other, name="Other").name == "Other"


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"code": "x" * 102_401}, "100 kB"),
        ({"runtime": "node4"}, "node4"),
        ({"supported_triggers": [{"id": "at-lunch"}]}, "at-lunch"),
        ({"supported_triggers": [*POST_LOGIN, {"id": "credentials-exchange"}]}, "exactly one trigger"),
        ({"dependencies": [{"name": "--global", "version": "1"}]}, "--global"),
        ({"dependencies": [{"name": "lodash", "version": "1; true"}]}, "1; true"),
        ({"dependencies": [{"name": f"package-{n}", "version": "1"} for n in range(11)]}, "maximum 10"),
        ({"secrets": [{"name": f"KEY_{n}", "value": "v"} for n in range(31)]}, "maximum 30"),
        ({"secrets": [{"name": "KEY", "value": "v" * 4097}]}, "4096"),
        ({"secrets": [{"name": "KEY"}]}, "needs a value"),
    ],
    ids=lambda given: next(iter(given)) if isinstance(given, dict) else "",
)
def test_what_exceeds_the_vendors_limits_is_refused(auth0: ManagementClient, wrong: dict[str, Any], named: str) -> None:
    body = {"name": "Wrong", "supported_triggers": POST_LOGIN, "code": NOTHING, **wrong}

    status, message = refused(lambda: auth0.actions.create(**body))

    assert status == 400
    assert named in message


def test_the_fifty_first_version_ends_the_first(auth0: ManagementClient) -> None:
    action_id = an_action(auth0, "Often", NOTHING)
    for _ in range(50):
        auth0.actions.deploy(action_id)

    numbers = [version.number for version in auth0.actions.versions.list(action_id, per_page=100)]
    assert (len(numbers), max(numbers), min(numbers)) == (50, 51, 2)


def test_a_missing_npm_fails_the_build_and_says_so(auth0: ManagementClient, tenant: Tenant) -> None:
    tenant.knobs.npm_command = "no-such-npm"

    created = auth0.actions.create(
        name="Dependent",
        supported_triggers=POST_LOGIN,
        code=NOTHING,
        dependencies=[{"name": "lodash", "version": "4.17.21"}],
    )

    wait_until(lambda: auth0.actions.get(created.id).status == "failed", "failure of the build")
    failed = auth0.actions.get(created.id)
    assert failed.dependencies[0].name == "lodash"
    assert "npm was not found (looked for no-such-npm)" in failed.errors[0]["msg"]
    assert refused(lambda: auth0.actions.deploy(created.id))[0] == 400


def test_changes_are_logged_without_secrets(auth0: ManagementClient, tenant: Tenant) -> None:
    action_id = an_action(auth0, "Logged", NOTHING, secrets=[{"name": "KEY", "value": "s3cr3t-value"}])
    bind(auth0, action_id)

    logged = [entry for entry in tenant.logs.entries() if entry["type"] == "sapi"]
    descriptions = [entry["description"] for entry in logged]
    assert descriptions == ["Create an action", "Deploy an action", "Update trigger bindings"]
    assert "s3cr3t-value" not in json.dumps(logged)


def test_a_token_without_the_scope_is_refused(tenant: Tenant, http: httpx.Client) -> None:
    client = tenant.clients.create({"name": "Reader", "app_type": "non_interactive"})
    audience = tenant.management_audience()
    tenant.client_grants.create({"client_id": client["client_id"], "audience": audience, "scope": ["read:actions"]})
    form = {"client_id": client["client_id"], "client_secret": client["client_secret"], "audience": audience}
    token = http.post("/oauth/token", data={**form, "grant_type": "client_credentials"}).json()["access_token"]
    headers = {"authorization": f"Bearer {token}"}

    assert http.get("/api/v2/actions/actions", headers=headers).status_code == 200
    denied = http.patch("/api/v2/actions/triggers/post-login/bindings", json={"bindings": []}, headers=headers)
    assert (denied.status_code, denied.json()["errorCode"]) == (403, "insufficient_scope")


async def test_the_asynchronous_client_does_the_same(async_auth0: AsyncManagementClient) -> None:
    created = await async_auth0.actions.create(name="Async", supported_triggers=POST_LOGIN, code=NOTHING)
    await async_auth0.actions.deploy(created.id)

    names = [action.name async for action in await async_auth0.actions.list()]
    assert names == ["Async"]


@needs_node
def test_a_draft_is_tried_without_consequences(auth0: ManagementClient, tenant: Tenant) -> None:
    code = (
        "exports.onExecutePostLogin = async (event, api) => {"
        " console.log(`hello ${event.user.name}, ${event.secrets.KEY}`);"
        " api.user.setAppMetadata('tried', true); };"
    )
    created = auth0.actions.create(
        name="Tried", supported_triggers=POST_LOGIN, code=code, secrets=[{"name": "KEY", "value": "s3cr3t-value"}]
    )

    tried = auth0.actions.test(created.id, payload={"event": {"user": {"name": "Ada"}}}).payload

    assert tried["success"] is True
    assert tried["logs"] == "hello Ada, *****\n"
    assert tried["commands"] == {"appMetadata": {"tried": True}}


@needs_node
def test_a_draft_that_throws_says_what(auth0: ManagementClient) -> None:
    created = auth0.actions.create(
        name="Broken", supported_triggers=POST_LOGIN, code="exports.onExecutePostLogin = async () => { oops(); };"
    )

    tried = auth0.actions.test(created.id, payload={}).payload

    assert tried["success"] is False
    assert tried["error"] == {"id": "ReferenceError", "msg": "oops is not defined"}
