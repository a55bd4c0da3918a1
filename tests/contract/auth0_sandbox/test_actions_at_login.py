"""Actions that really run: at logins in a browser, with all that they may tell and ask."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from auth0.management import ManagementClient

from crosswalk_sandbox.auth0 import Tenant

from .actions_builders import an_action, bind, denied, needs_node, newest_execution, post_login
from .conftest import wait_until
from .signing_in import PASSWORD, Application, Browser, MakeApplication, claims_of, code_of, returned, types_logged

pytestmark = needs_node
ORDERS_API = "https://orders.example/api"
SECRET_VALUE = "s3cr3t-value-of-an-action"
SECRET = [{"name": "KEY", "value": SECRET_VALUE}]


def tokens_of(browser: Browser, http: httpx.Client, shop: Application, **changes: str | None) -> dict[str, Any]:
    """Log Ada in and return what the application gets for its code."""
    return dict(shop.exchange(http, code_of(browser, shop, **changes)).json())


def waiting_in(folder: Path) -> str:
    """Return the body of an Action that makes the file `begun`, and waits until there is the file `go on`."""
    begun, go_on = (json.dumps(str(folder / name)) for name in ("begun", "go on"))
    return f"""
        const files = require('node:fs');
        files.writeFileSync({begun}, '');
        while (!files.existsSync({go_on})) await new Promise((look) => setTimeout(look, 20));
    """


@contextmanager
def while_it_runs(folder: Path, browser: Browser) -> Iterator[Future[httpx.Response]]:
    """Log in, and give the page to come while the Action of `waiting_in` runs; it ends with the block."""
    with ThreadPoolExecutor(1) as threads:
        login = threads.submit(browser.log_in)
        wait_until((folder / "begun").exists, "start of the Action")
        try:
            yield login
        finally:
            (folder / "go on").touch()


@pytest.fixture
def orders_api(tenant: Tenant) -> str:
    tenant.resource_servers.create({"identifier": ORDERS_API, "scopes": [{"value": "read:orders"}]})
    return ORDERS_API


def test_claims_of_an_action_enter_the_tokens_and_userinfo(
    auth0: ManagementClient, browser: Browser, http: httpx.Client, shop: Application, ada_id: str, orders_api: str
) -> None:
    post_login(
        auth0,
        "api.idToken.setCustomClaim('https://shop.example/tier', { name: 'gold' }).accessToken"
        ".setCustomClaim('tier', 'gold').accessToken.addScope('read:extra').accessToken.removeScope('email');",
    )

    tokens = tokens_of(browser, http, shop, audience=orders_api, scope="openid email read:orders")

    assert claims_of(http, tokens["id_token"])["https://shop.example/tier"] == {"name": "gold"}
    access = claims_of(http, tokens["access_token"])
    assert (access["tier"], access["scope"], tokens["scope"]) == ("gold", *["openid read:orders read:extra"] * 2)
    me = http.get("/userinfo", headers={"authorization": f"Bearer {tokens['access_token']}"}).json()
    assert me == {"sub": ada_id, "https://shop.example/tier": {"name": "gold"}}


def test_reserved_claims_are_left_out_silently(
    auth0: ManagementClient, browser: Browser, http: httpx.Client, shop: Application, ada_id: str
) -> None:
    post_login(
        auth0,
        "for (const name of ['sub', 'aud', 'iss', 'roles', 'https://auth0.com/tier', 'https://my.webtask.io/x'])"
        " api.idToken.setCustomClaim(name, 'forged'); api.idToken.setCustomClaim('mine', 1);",
    )

    claims = claims_of(http, tokens_of(browser, http, shop)["id_token"])

    assert claims["mine"] == 1
    assert "forged" not in claims.values()
    assert (claims["sub"], claims["aud"]) == (ada_id, shop.client["client_id"])


def test_claims_beyond_100_kb_end_the_login(
    auth0: ManagementClient, browser: Browser, shop: Application, ada_id: str
) -> None:
    post_login(auth0, "api.idToken.setCustomClaim('much', 'x'.repeat(103_000));")

    assert denied(browser, shop) == ("access_denied", "The custom claims payload exceeds the maximum of 100KB")


def test_the_event_tells_of_the_login(
    auth0: ManagementClient,
    browser: Browser,
    http: httpx.Client,
    tenant: Tenant,
    make_application: MakeApplication,
    ada_id: str,
    orders_api: str,
) -> None:
    shop = make_application(client_metadata={"plan": "pro"}, organization_usage="allow")
    role = tenant.roles.create({"name": "buyer"})
    tenant.roles.assign(ada_id, [role["id"]])
    tenant.update_user(ada_id, {"app_metadata": {"crm": "003"}, "user_metadata": {"size": "M"}})
    post_login(auth0, "console.log(JSON.stringify(event));", secrets=SECRET)

    tokens = tokens_of(browser, http, shop, audience=orders_api, prompt="login", login_hint="ada@example.com")

    masked = newest_execution(tenant).results[0].console
    event = json.loads(masked)
    assert event["secrets"] == {"KEY": "*****"}
    assert event["user"]["email"] == "ada@example.com"
    assert (event["user"]["app_metadata"], event["user"]["user_metadata"]) == ({"crm": "003"}, {"size": "M"})
    assert event["user"]["identities"][0]["provider"] == "auth0"
    assert event["authorization"] == {"roles": ["buyer"]}
    assert event["authentication"]["methods"][0]["name"] == "pwd"
    assert event["client"] == {
        "client_id": shop.client["client_id"],
        "name": "Shop",
        "metadata": {"plan": "pro"},
    }
    assert (event["connection"]["name"], event["connection"]["strategy"]) == (
        "Username-Password-Authentication",
        "auth0",
    )
    assert event["resource_server"] == {"identifier": orders_api}
    assert event["stats"] == {"logins_count": 1}
    assert event["tenant"] == {"id": tenant.name}
    transaction, request = event["transaction"], event["request"]
    assert (transaction["protocol"], transaction["state"]) == ("oidc-basic-profile", "the-state")
    assert (transaction["prompt"], transaction["login_hint"]) == (["login"], "ada@example.com")
    assert transaction["requested_scopes"] == ["openid", "profile", "email"]
    assert (request["hostname"], request["ip"], request["query"]["audience"]) == (
        tenant.domain,
        "127.0.0.1",
        orders_api,
    )
    assert event["session"]["id"] == claims_of(http, tokens["id_token"])["sid"]
    assert "organization" not in event


def test_the_organization_of_a_login_is_told_with_its_roles(
    auth0: ManagementClient, browser: Browser, tenant: Tenant, make_application: MakeApplication, ada_id: str
) -> None:
    shop = make_application(organization_usage="allow")
    role = auth0.roles.create(name="admin")
    acme = auth0.organizations.create(name="acme", display_name="Acme", metadata={"tier": "1"})
    connection = tenant.connections.named("Username-Password-Authentication")
    assert connection is not None
    auth0.organizations.enabled_connections.add(acme.id, connection_id=connection.id)
    auth0.organizations.members.create(acme.id, members=[ada_id])
    auth0.organizations.members.roles.assign(acme.id, ada_id, roles=[role.id])
    post_login(auth0, "console.log(JSON.stringify([event.organization, event.authorization.roles]));")

    code_of(browser, shop, organization=acme.id)

    organization, roles = json.loads(newest_execution(tenant).results[0].console)
    assert organization == {"id": acme.id, "name": "acme", "display_name": "Acme", "metadata": {"tier": "1"}}
    assert roles == ["admin"]


def test_a_denied_login_ends_without_a_code(
    auth0: ManagementClient, browser: Browser, shop: Application, tenant: Tenant, ada_id: str
) -> None:
    first = an_action(
        auth0,
        "Weekdays only",
        "exports.onExecutePostLogin = async (event, api) => {"
        " api.user.setAppMetadata('refused', true); api.access.deny('Only on weekdays'); };",
    )
    never = an_action(auth0, "Never", "exports.onExecutePostLogin = async () => { throw new Error('ran'); };")
    bind(auth0, first, never)

    assert denied(browser, shop) == ("access_denied", "Only on weekdays")

    execution = newest_execution(tenant)
    assert [result.action_name for result in execution.results] == ["Weekdays only"]
    entry = tenant.logs.entries()[-1]
    assert (entry["type"], entry["description"], entry["user_id"]) == ("f", "Only on weekdays", ada_id)
    assert entry["details"]["actions"] == {"executions": [execution.id]}
    # The vendor stores what the Action had set before it denied.
    assert tenant.users.get(ada_id)["app_metadata"] == {"refused": True}
    assert tenant.users.get(ada_id).get("logins_count", 0) == 0


def test_an_error_in_an_action_is_told_and_logged(
    auth0: ManagementClient, browser: Browser, shop: Application, tenant: Tenant, ada_id: str
) -> None:
    post_login(auth0, "throw new Error(`no luck with ${event.secrets.KEY}`);", secrets=SECRET)

    assert denied(browser, shop) == ("access_denied", "no luck with *****")

    assert types_logged(tenant)[-2:] == ["actions_execution_failed", "f"]
    failed = tenant.logs.entries()[-2]
    assert failed["details"]["action_error"] == {"name": "Error", "message": "no luck with *****"}
    shown = auth0.actions.executions.get(failed["details"]["actions"]["executions"][0])
    assert (shown.status, shown.trigger_id) == ("partial", "post-login")
    assert shown.results[0].action_name == "Under test"
    assert shown.results[0].error.msg == "no luck with *****"
    assert shown.results[0].started_at <= shown.results[0].ended_at
    assert SECRET_VALUE not in json.dumps(list(tenant.logs.entries()))


def test_actions_run_in_order_and_see_what_the_others_did(
    auth0: ManagementClient, browser: Browser, shop: Application, tenant: Tenant, ada_id: str
) -> None:
    first = an_action(
        auth0,
        "First",
        "exports.onExecutePostLogin = async (event, api) => { event.user.email = 'changed';"
        " api.user.setUserMetadata('color', 'red').user.setAppMetadata('passing', 1);"
        " api.transaction.setMetadata('step', 1); api.cache.set('k', 'v'); };",
    )
    second = an_action(
        auth0,
        "Second",
        "exports.onExecutePostLogin = async (event, api) => { const { user, transaction } = event;"
        " console.log(user.email, user.user_metadata.color, user.app_metadata.passing, transaction.metadata.step,"
        " api.cache.get('k').value, api.rules.wasExecuted('r')); api.user.setAppMetadata('passing', undefined); };",
    )
    bind(auth0, first, second)
    before = len(tenant.events)

    code_of(browser, shop)

    execution = newest_execution(tenant)
    assert [result.action_name for result in execution.results] == ["First", "Second"]
    assert execution.results[1].console == "ada@example.com red 1 1 v false\n"
    user = tenant.users.get(ada_id)
    assert (user["user_metadata"], user.get("app_metadata", {})) == ({"color": "red"}, {})
    assert len(tenant.events) == before + 1
    assert tenant.logs.entries()[-1]["details"]["actions"] == {"executions": [execution.id]}


def test_values_in_the_cache_outlive_a_login_within_their_limits(
    auth0: ManagementClient, browser: Browser, shop: Application, tenant: Tenant, ada_id: str
) -> None:
    post_login(
        auth0,
        "const seen = api.cache.get('n'); const next = String(Number(seen?.value ?? 0) + 1);"
        " console.log(next, api.cache.set('n', next).type, api.cache.set('big', 'x'.repeat(5000)).code);",
    )

    for _ in range(2):
        browser.open(shop.authorize_url(prompt="login"))
        browser.log_in()

    consoles = [execution.results[0].console for execution in tenant.actions.executions.newest(2)]
    assert consoles == ["2 success ItemSizeExceeded\n", "1 success ItemSizeExceeded\n"]


def test_an_endless_loop_ends_at_the_limit_and_holds_up_nobody(
    auth0: ManagementClient, browser: Browser, shop: Application, tenant: Tenant, ada_id: str, http: httpx.Client
) -> None:
    post_login(auth0, "console.log('spinning'); while (true) {}")
    tenant.knobs.action_limit_seconds = 1.0
    told: list[tuple[str, str]] = []
    login = threading.Thread(target=lambda: told.append(denied(browser, shop)))
    login.start()

    started = time.monotonic()
    while login.is_alive():
        assert http.get("/.well-known/jwks.json").status_code == 200
    waited = time.monotonic() - started
    login.join()

    assert told == [("access_denied", "Request to Webtask exceeded allowed execution time")]
    assert 0.5 < waited < 5
    result = newest_execution(tenant).results[0]
    assert (result.console, result.error.id) == ("spinning\n", "timeout")
    tenant.knobs.action_limit_seconds = 20.0
    post_login(auth0, "api.idToken.setCustomClaim('after', true);", name="After the loop")
    assert code_of(browser, shop)


def test_a_form_that_is_sent_twice_runs_the_actions_once(
    auth0: ManagementClient, browser: Browser, shop: Application, tenant: Tenant, ada_id: str
) -> None:
    post_login(auth0, "await new Promise((done) => setTimeout(done, 100));")
    page = browser.open(shop.authorize_url())
    form = {"action": "default", "username": "ada@example.com", "password": PASSWORD}

    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda _: browser.client.post(page.url, data=form), range(2)))

    assert sorted(answer.status_code for answer in answers) == [302, 400]
    assert len(tenant.actions.executions) == 1


def test_a_login_that_a_reset_has_ended_stays_ended(
    auth0: ManagementClient, browser: Browser, shop: Application, tenant: Tenant, ada_id: str, tmp_path: Path
) -> None:
    post_login(auth0, waiting_in(tmp_path))
    browser.open(shop.authorize_url())

    with while_it_runs(tmp_path, browser) as login:
        tenant.reset()
    page = login.result()

    assert (page.status_code, "couldn&#39;t find your session" in page.text) == (400, True)


def test_an_account_that_an_action_links_goes_on_as_the_primary_user(
    auth0: ManagementClient,
    browser: Browser,
    http: httpx.Client,
    shop: Application,
    tenant: Tenant,
    ada_id: str,
    tmp_path: Path,
) -> None:
    primary = tenant.create_user({"email": "countess@example.com"})["user_id"]
    action_id = post_login(auth0, f"api.authentication.setPrimaryUser('{primary}');")
    told = denied(browser, shop)
    assert told == ("access_denied", f"The account that logged in is not among the identities of {primary}")
    auth0.actions.delete(action_id, force=True)

    # What an Action does by a call of the Management API before it names the primary user.
    linking = f"{waiting_in(tmp_path)} api.authentication.setPrimaryUser('{primary}');"
    post_login(auth0, linking, name="Links")
    browser.open(shop.authorize_url())
    with while_it_runs(tmp_path, browser) as login:
        auth0.users.identities.link(primary, provider="auth0", user_id=ada_id.partition("|")[2])
    code = returned(login.result())["code"]

    assert claims_of(http, shop.exchange(http, code).json()["id_token"])["sub"] == primary


def test_who_is_gone_when_the_actions_end_does_not_get_in(
    auth0: ManagementClient, browser: Browser, shop: Application, tenant: Tenant, ada_id: str, tmp_path: Path
) -> None:
    post_login(auth0, waiting_in(tmp_path))
    browser.open(shop.authorize_url())

    with while_it_runs(tmp_path, browser) as login:
        tenant.delete_user(ada_id)
    told = returned(login.result())

    assert told["error_description"] == "The user does not exist."


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("process.exit(1);", "The Action ended its own process"),
        ("process.kill(process.pid, 'SIGKILL'); await new Promise(() => {});", "Node ended before the Actions did"),
        ("oops(", "Unexpected token '}'"),
    ],
)
def test_an_action_that_breaks_its_process_fails_alone(
    auth0: ManagementClient, browser: Browser, shop: Application, ada_id: str, body: str, told: str
) -> None:
    broken = post_login(auth0, body)

    assert denied(browser, shop) == ("access_denied", told)

    auth0.actions.delete(broken, force=True)
    post_login(auth0, "api.idToken.setCustomClaim('fine', true);", name="Fine")
    assert code_of(browser, shop)


def test_node_modules_and_fetch_are_there(
    auth0: ManagementClient, browser: Browser, shop: Application, tenant: Tenant, ada_id: str
) -> None:
    post_login(
        auth0,
        "const { createHash } = require('node:crypto'); const { join } = await import('node:path');"
        " console.log(createHash('sha1').update('x').digest('hex').slice(0, 4), join('a', 'b'), typeof fetch,"
        " process.env.SANDBOX_TEST_SECRET);",
    )

    code_of(browser, shop)

    assert newest_execution(tenant).results[0].console == "11f6 a/b function undefined\n"


def test_without_node_logins_go_on_and_say_so(
    auth0: ManagementClient, browser: Browser, shop: Application, tenant: Tenant, ada_id: str
) -> None:
    post_login(auth0, "api.access.deny('never');")
    tenant.action_runner.close()
    tenant.knobs.node_command = "no-such-node"

    assert code_of(browser, shop)

    reason = "Node was not found (looked for no-such-node)"
    warning = next(entry for entry in tenant.logs.entries() if entry["type"] == "w")
    assert warning["description"] == f"Actions did not run: {reason}"
    shown = auth0.actions.executions.get(warning["details"]["actions"]["executions"][0])
    assert (shown.status, shown.results[0].error.msg) == ("canceled", reason)
    assert reason in browser.client.get("/actions").text


def test_a_revoked_session_is_worth_nothing(
    auth0: ManagementClient, browser: Browser, shop: Application, ada_id: str
) -> None:
    code_of(browser, shop)
    action_id = post_login(auth0, "api.session.revoke('gone');")
    assert returned(browser.open(shop.authorize_url()))["error_description"] == "gone"
    auth0.actions.delete(action_id, force=True)

    assert returned(browser.open(shop.authorize_url(prompt="none")))["error"] == "login_required"


def test_wrong_values_for_the_api_end_the_login(
    auth0: ManagementClient, browser: Browser, shop: Application, ada_id: str
) -> None:
    post_login(auth0, "api.access.deny({ reason: 'an object' });")

    error, description = denied(browser, shop)

    assert error == "access_denied"
    assert "wrong type" in description


def test_what_is_not_emulated_says_so(
    auth0: ManagementClient, browser: Browser, shop: Application, ada_id: str
) -> None:
    post_login(auth0, "api.samlResponse.setAttribute('a', 'b'); api.prompt.render('form');")

    assert denied(browser, shop) == ("access_denied", "api.prompt.render is not emulated by this sandbox")
