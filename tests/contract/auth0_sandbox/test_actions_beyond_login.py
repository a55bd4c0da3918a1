"""Actions that really run away from the login pages: token endpoint, sign-ups, new passwords; and their packages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from auth0.management import ManagementClient
from auth0.management.core.api_error import ApiError

from crosswalk_sandbox.auth0 import Tenant

from .actions_builders import an_action, bind, needs_node, newest_execution, post_login
from .conftest import CLIENT_ID, CLIENT_SECRET, CONNECTION, wait_until
from .signing_in import Application, Browser, MakeApplication, claims_of, code_of, returned, types_logged

pytestmark = needs_node
ORDERS_API = "https://orders.example/api"
PASSWORD = "Difference-Engine-1"
# Stands in for npm: makes the last package it is asked for, as one that tells its own name.
NPM = """#!/bin/sh
for wanted in "$@"; do :; done
name="${wanted%@*}"
mkdir -p "node_modules/$name"
echo "module.exports = '$wanted';" > "node_modules/$name/index.js"
"""


@pytest.fixture
def orders_api(tenant: Tenant) -> str:
    tenant.resource_servers.create({"identifier": ORDERS_API, "scopes": [{"value": "read:orders"}]})
    return ORDERS_API


def bound(auth0: ManagementClient, trigger: str, handler: str, body: str) -> str:
    """Create, deploy and bind one Action of a trigger."""
    action_id = an_action(auth0, "Under test", f"exports.{handler} = async (event, api) => {{ {body} }};", trigger)
    bind(auth0, action_id, trigger=trigger)
    return action_id


def test_a_refresh_runs_the_actions_anew(
    auth0: ManagementClient, browser: Browser, http: httpx.Client, make_application: MakeApplication, ada_id: str
) -> None:
    shop = make_application(refresh_token={"rotation_type": "rotating", "expiration_type": "non-expiring"})
    action_id = post_login(
        auth0,
        "const { protocol } = event.transaction; if (event.user.app_metadata.stop) api.access.deny('stopped');"
        " const sent = event.request.body.refresh_token;"
        " api.idToken.setCustomClaim('by', `${protocol} ${event.stats.logins_count} ${sent}`);",
    )
    code = code_of(browser, shop, scope="openid offline_access")
    tokens = shop.exchange(http, code).json()

    again = shop.refresh(http, tokens["refresh_token"]).json()

    assert claims_of(http, tokens["id_token"])["by"] == "oidc-basic-profile 1 undefined"
    assert claims_of(http, again["id_token"])["by"] == "oauth2-refresh-token 1 undefined"
    auth0.users.update(ada_id, app_metadata={"stop": True})
    refused = shop.refresh(http, again["refresh_token"])
    assert refused.json() == {"error": "access_denied", "error_description": "stopped"}
    # The token was not used up by what was refused.
    auth0.actions.delete(action_id, force=True)
    assert "access_token" in shop.refresh(http, again["refresh_token"]).json()


def test_a_password_grant_runs_the_actions(
    auth0: ManagementClient, http: httpx.Client, make_application: MakeApplication, ada_id: str
) -> None:
    shop = make_application(grant_types=["password", "http://auth0.com/oauth/grant-type/mfa-otp"])
    form = shop.token_request(
        grant_type="password", username="ada@example.com", password="Difference-Engine-1", scope="openid"
    )
    action_id = post_login(
        auth0, "api.idToken.setCustomClaim('by', [event.transaction.protocol, api.redirect.canRedirect()]);"
    )
    assert claims_of(http, http.post("/oauth/token", data=form).json()["id_token"])["by"] == ["oauth2-password", False]

    auth0.actions.update(
        action_id, code="exports.onExecutePostLogin = async (e, api) => { api.multifactor.enable('any'); };"
    )
    auth0.actions.deploy(action_id)
    assert http.post("/oauth/token", data=form).json()["error"] == "mfa_required"

    auth0.actions.update(action_id, code="exports.onExecutePostLogin = async (e, api) => { api.access.deny('no'); };")
    auth0.actions.deploy(action_id)
    refused = http.post("/oauth/token", data=form)
    assert (refused.status_code, refused.json()["error_description"]) == (500, "no")


def test_an_application_of_its_own_gets_claims_or_a_refusal(
    auth0: ManagementClient, http: httpx.Client, tenant: Tenant, orders_api: str
) -> None:
    tenant.client_grants.create({"client_id": CLIENT_ID, "audience": orders_api, "scope": ["read:orders"]})
    code = (
        "exports.onExecuteCredentialsExchange = async (event, api) => {"
        " if (event.client.name === 'Shop') return api.access.deny('invalid_scope', 'not you');"
        " api.accessToken.setCustomClaim('for', [event.client.name, event.resource_server.identifier,"
        " ...event.transaction.requested_scopes]); };"
    )
    bind(auth0, an_action(auth0, "M2M", code, "credentials-exchange"), trigger="credentials-exchange")
    form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}

    granted = http.post("/oauth/token", data={**form, "audience": orders_api}).json()

    assert claims_of(http, granted["access_token"])["for"] == ["Machine to machine", orders_api, "read:orders"]
    management = http.post("/oauth/token", data={**form, "audience": tenant.management_audience()}).json()
    assert "for" not in claims_of(http, management["access_token"])
    tenant.clients.update(CLIENT_ID, {"name": "Shop"})
    refused = http.post("/oauth/token", data={**form, "audience": orders_api})
    assert (refused.status_code, refused.json()) == (400, {"error": "invalid_scope", "error_description": "not you"})


def sign_up(http: httpx.Client, shop: Application, **more: Any) -> httpx.Response:
    """Sign somebody up as an application with its own form does."""
    body = {"client_id": shop.client["client_id"], "connection": CONNECTION, "email": "new@example.com"}
    return http.post("/dbconnections/signup", json={**body, "password": PASSWORD, **more})


def before_registration(auth0: ManagementClient, body: str) -> str:
    return bound(auth0, "pre-user-registration", "onExecutePreUserRegistration", body)


def test_a_registration_gets_metadata_before_the_user_exists(
    auth0: ManagementClient, http: httpx.Client, shop: Application, tenant: Tenant
) -> None:
    before_registration(
        auth0,
        "console.log(JSON.stringify([event.user, event.client.name, event.transaction, event.request.body.password]));"
        " api.user.setUserMetadata('from', 'action').user.setAppMetadata('plan', 'free');",
    )

    answer = sign_up(http, shop, user_metadata={"size": "M"})

    assert answer.status_code == 200
    user = tenant.users.by_email("new@example.com")[0]
    assert (user["user_metadata"], user["app_metadata"]) == ({"size": "M", "from": "action"}, {"plan": "free"})
    told, client, *rest = json.loads(newest_execution(tenant).results[0].console)
    assert told == {"email": "new@example.com", "user_metadata": {"size": "M"}, "app_metadata": {}}
    assert (client, rest) == ("Shop", [None, None])


def test_a_refused_registration_is_told_in_each_of_the_vendors_ways(
    auth0: ManagementClient, http: httpx.Client, browser: Browser, shop: Application, tenant: Tenant
) -> None:
    before_registration(auth0, "api.access.deny('no_partners', 'Partners cannot sign up.');")

    by_api = sign_up(http, shop)

    assert by_api.status_code == 400
    assert by_api.json() == {
        "name": "InternalExtensibilityError",
        "statusCode": 400,
        "code": "extensibility_error",
        "message": "no_partners",
        "friendly_message": "Partners cannot sign up.",
        "description": "no_partners",
        "fromSandbox": True,
    }
    browser.open(shop.authorize_url(screen_hint="signup"))
    page = browser.submit(email="new@example.com", password=PASSWORD)
    assert (page.status_code, "Partners cannot sign up." in page.text) == (400, True)
    with pytest.raises(ApiError) as caught:
        auth0.users.create(connection=CONNECTION, email="new@example.com", password=PASSWORD)
    assert (caught.value.status_code, caught.value.body["message"]) == (400, "Sandbox error.")
    assert len(tenant.users) == 0
    assert types_logged(tenant) == ["fs", "fs", "fs"]
    entry = tenant.logs.entries()[-1]
    assert entry["description"] == "PreUserRegistrationError on pre-user-registration"
    assert entry["details"]["error"] == {"message": "no_partners"}


def test_a_sign_up_page_goes_on_after_the_actions(
    auth0: ManagementClient, browser: Browser, shop: Application, tenant: Tenant
) -> None:
    before_registration(auth0, "api.user.setAppMetadata('redirect', event.transaction.redirect_uri);")
    browser.open(shop.authorize_url(screen_hint="signup"))

    assert "code" in returned(browser.submit(email="new@example.com", password=PASSWORD))

    assert tenant.users.by_email("new@example.com")[0]["app_metadata"] == {"redirect": "https://shop.example/callback"}


def test_what_would_be_refused_anyway_runs_no_action(
    auth0: ManagementClient, http: httpx.Client, shop: Application, tenant: Tenant, ada_id: str
) -> None:
    before_registration(auth0, "api.access.deny('never');")

    assert sign_up(http, shop, email="ada@example.com").json()["code"] == "invalid_signup"
    assert sign_up(http, shop, password="short").json()["code"] == "invalid_password"
    assert len(tenant.actions.executions) == 0


def test_actions_after_a_registration_hold_up_nobody(
    auth0: ManagementClient, http: httpx.Client, shop: Application, tenant: Tenant
) -> None:
    bound(
        auth0,
        "post-user-registration",
        "onExecutePostUserRegistration",
        "console.log(event.user.email, event.user.user_id); await new Promise((done) => setTimeout(done, 150));"
        " throw new Error('too late to matter');",
    )

    assert sign_up(http, shop).status_code == 200

    assert len(tenant.actions.executions) == 0
    wait_until(lambda: len(tenant.actions.executions), "end of the Action")
    user = tenant.users.by_email("new@example.com")[0]
    assert newest_execution(tenant).results[0].console == f"new@example.com {user['user_id']}\n"
    wait_until(lambda: "actions_execution_failed" in types_logged(tenant), "log of the failure")
    assert tenant.logs.entries()[-1]["user_id"] == user["user_id"]


def test_a_new_password_is_told(auth0: ManagementClient, tenant: Tenant, ada_id: str) -> None:
    bound(
        auth0,
        "post-change-password",
        "onExecutePostChangePassword",
        "console.log(event.user.email, event.connection.name);",
    )

    auth0.users.update(ada_id, password="Another-Engine-2")

    wait_until(lambda: len(tenant.actions.executions), "end of the Action")
    assert newest_execution(tenant).results[0].console == f"ada@example.com {CONNECTION}\n"


def test_packages_are_installed_once_and_required(
    auth0: ManagementClient, browser: Browser, shop: Application, tenant: Tenant, ada_id: str, tmp_path: Path
) -> None:
    npm = tmp_path / "npm"
    npm.write_text(NPM)
    npm.chmod(0o700)
    tenant.knobs.npm_command = str(npm)
    tenant.knobs.actions_dir = tmp_path / "actions"

    post_login(
        auth0,
        "console.log(require('left-pad'));",
        dependencies=[{"name": "left-pad", "version": "1.3.0"}],
    )
    code_of(browser, shop)

    assert newest_execution(tenant).results[0].console == "left-pad@1.3.0\n"
    assert len(list((tmp_path / "actions").glob("*/node_modules/left-pad/index.js"))) == 1


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        ("npm error code ENOTFOUND", "npm could not reach its registry; is this machine offline?"),
        ("npm error 404 not found", "npm install failed: npm error 404 not found"),
    ],
)
def test_packages_that_cannot_be_installed_fail_the_build(
    auth0: ManagementClient, tenant: Tenant, tmp_path: Path, says: str, reason: str
) -> None:
    npm = tmp_path / "npm"
    npm.write_text(f"#!/bin/sh\necho '{says}' >&2\nexit 1\n")
    npm.chmod(0o700)
    tenant.knobs.npm_command = str(npm)

    created = auth0.actions.create(
        name="Dependent",
        supported_triggers=[{"id": "post-login", "version": "v3"}],
        code="",
        dependencies=[{"name": f"missing-{len(says)}", "version": "1.0.0"}],
    )

    wait_until(lambda: auth0.actions.get(created.id).status == "failed", "failure of the build")
    assert auth0.actions.get(created.id).errors[0]["msg"] == reason
