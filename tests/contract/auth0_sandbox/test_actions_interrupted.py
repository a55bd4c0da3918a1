"""Logins that Actions interrupt: redirects with signed data there and back, and second factors on demand."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from auth0.management import ManagementClient
from joserfc import jws, jwt
from joserfc.jwk import OctKey

from crosswalk_sandbox.auth0 import Tenant
from crosswalk_sandbox.auth0.signin.otp import one_time_password

from .actions_builders import an_action, bind, needs_node, newest_execution, post_login
from .signing_in import Application, Browser, claims_of, code_of, returned

pytestmark = needs_node
SECRET_VALUE = "s3cr3t-value-of-an-action"
SECRET = [{"name": "KEY", "value": SECRET_VALUE}]


def test_a_redirect_suspends_the_login_until_it_continues(
    auth0: ManagementClient, browser: Browser, http: httpx.Client, shop: Application, tenant: Tenant, ada_id: str
) -> None:
    redirecting = an_action(
        auth0,
        "Terms",
        "exports.onExecutePostLogin = async (event, api) => { if (!api.redirect.canRedirect()) return;"
        " const token = api.redirect.encodeToken({ secret: event.secrets.KEY, payload: { page: 'terms' } });"
        " api.redirect.sendUserTo('https://terms.example/accept?lang=en', { query: { session_token: token } }); };"
        " exports.onContinuePostLogin = async (event, api) => {"
        " const told = api.redirect.validateToken({ secret: event.secrets.KEY, tokenParameterName: 'answer' });"
        " api.idToken.setCustomClaim('accepted', told.accepted);"
        " api.authentication.recordMethod('https://terms.example'); };",
        secrets=SECRET,
    )
    following = an_action(
        auth0,
        "After",
        "exports.onExecutePostLogin = async (event, api) => { api.idToken.setCustomClaim('after', 1); };",
    )
    bind(auth0, redirecting, following)
    browser.open(shop.authorize_url())

    sent = urlsplit(browser.log_in().headers["location"])

    query = {name: values[0] for name, values in parse_qs(sent.query).items()}
    assert f"{sent.scheme}://{sent.netloc}{sent.path}" == "https://terms.example/accept"
    assert query["lang"] == "en"
    claims = unsigned_claims(query["session_token"])
    assert (claims["sub"], claims["page"], claims["iss"]) == (ada_id, "terms", tenant.domain)
    assert newest_execution(tenant).status == "suspended"
    assert returned_to(browser.open(f"/u/login?state={query['state']}")) == "terms.example"

    answer = hs256({"state": query["state"], "accepted": True}, SECRET_VALUE)
    done = browser.open(f"/continue?state={query['state']}&answer={answer}")

    id_token = claims_of(http, shop.exchange(http, returned(done)["code"]).json()["id_token"])
    assert (id_token["accepted"], id_token["after"]) == (True, 1)
    assert [result.action_name for result in newest_execution(tenant).results] == ["Terms", "After"]
    entry = next(one for one in reversed(tenant.logs.entries()) if one["type"] == "s")
    assert len(entry["details"]["actions"]["executions"]) == 2
    over = browser.open(f"/continue?state={query['state']}&answer={answer}")
    assert "invalid_request" in over.text


def test_a_forged_answer_to_a_redirect_is_refused(
    auth0: ManagementClient, browser: Browser, shop: Application, ada_id: str
) -> None:
    post_login(
        auth0,
        "api.redirect.sendUserTo('https://terms.example/'); }; exports.onContinuePostLogin = async (event, api) => {"
        " api.redirect.validateToken({ secret: event.secrets.KEY });",
        secrets=SECRET,
    )
    for secret, state, found in (
        ("the-secret-of-somebody-else", None, "invalid signature"),
        (SECRET_VALUE, "another-login", "state mismatch"),
    ):
        browser.open(shop.authorize_url(prompt="login"))
        sent = parse_qs(urlsplit(browser.log_in().headers["location"]).query)["state"][0]
        forged = hs256({"state": state or sent}, secret)
        told = returned(browser.open(f"/continue?state={sent}&session_token={forged}"))

        assert told["error_description"] == f"The session token is invalid: {found}"


def test_a_silent_login_cannot_be_redirected(
    auth0: ManagementClient, browser: Browser, shop: Application, ada_id: str
) -> None:
    code_of(browser, shop)
    post_login(auth0, "api.redirect.sendUserTo('https://terms.example/');")

    told = returned(browser.open(shop.authorize_url(prompt="none")))

    assert told["error"] == "interaction_required"


def test_a_second_factor_on_demand_comes_at_the_end(
    auth0: ManagementClient, browser: Browser, http: httpx.Client, shop: Application, tenant: Tenant, ada_id: str
) -> None:
    first = an_action(
        auth0, "Factor", "exports.onExecutePostLogin = async (event, api) => { api.multifactor.enable('any'); };"
    )
    second = an_action(auth0, "Second", "exports.onExecutePostLogin = async () => { console.log('ran'); };")
    bind(auth0, first, second)
    browser.open(shop.authorize_url())

    page = browser.log_in()

    assert page.url.path == "/u/mfa-otp-enrollment"
    assert newest_execution(tenant).results[1].console == "ran\n"
    told = returned(browser.submit(code=code_shown(tenant, page)))
    assert claims_of(http, shop.exchange(http, told["code"]).json()["id_token"])["amr"] == ["mfa"]


def test_an_action_can_spare_the_second_factor_that_the_policy_wants(
    auth0: ManagementClient, browser: Browser, shop: Application, tenant: Tenant, ada_id: str
) -> None:
    tenant.signin.mfa_policies = ["all-applications"]
    post_login(auth0, "api.multifactor.enable('none');")

    assert code_of(browser, shop)


def test_a_challenge_comes_before_the_next_action(
    auth0: ManagementClient, browser: Browser, shop: Application, tenant: Tenant, ada_id: str
) -> None:
    first = an_action(
        auth0,
        "Factor",
        "exports.onExecutePostLogin = async (event, api) => { api.authentication.enrollWith({ type: 'otp' }); };",
    )
    second = an_action(
        auth0,
        "Second",
        "exports.onExecutePostLogin = async (event) => {"
        " const names = event.authentication.methods.map((method) => method.name);"
        " console.log(names.join(), event.user.enrolledFactors[0].type); };",
    )
    bind(auth0, first, second)
    browser.open(shop.authorize_url())

    page = browser.log_in()

    assert page.url.path == "/u/mfa-otp-enrollment"
    assert len(newest_execution(tenant).results) == 1
    assert "code" in returned(browser.submit(code=code_shown(tenant, page)))
    assert newest_execution(tenant).results[0].console == "pwd,mfa otp\n"


def unsigned_claims(token: str) -> dict[str, Any]:
    """Return the claims of a token without looking at its signature."""
    return dict(json.loads(jws.extract_compact(token.encode()).payload))


def hs256(claims: dict[str, Any], secret: str) -> str:
    """Return a token as another service signs it with a shared secret."""
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(secret))


def returned_to(response: httpx.Response) -> str:
    """Return the host that a browser is sent to."""
    return urlsplit(response.headers["location"]).netloc


def code_shown(tenant: Tenant, page: httpx.Response) -> str:
    """Return the one-time password of the secret that an enrolment page shows."""
    found = re.search(r"secret=([A-Z2-7]+)", page.text)
    assert found is not None, page.text
    return one_time_password(found.group(1), int(tenant.clock().timestamp()) // 30)
