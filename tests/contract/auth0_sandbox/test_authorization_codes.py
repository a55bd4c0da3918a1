"""What an authorization code buys: once, within a minute, by the client and from the address it was made for."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from crosswalk_sandbox.auth0 import Tenant

from .signing_in import (
    CALLBACK,
    Application,
    Browser,
    MakeApplication,
    code_of,
    returned,
    types_logged,
)


def test_a_code_expires_after_a_minute(
    browser: Browser, http: httpx.Client, shop: Application, ada_id: str, later: Callable[[float], None]
) -> None:
    code = code_of(browser, shop)
    later(61)

    answer = shop.exchange(http, code)

    assert answer.status_code == 403
    assert answer.json() == {"error": "invalid_grant", "error_description": "Invalid authorization code"}


def test_a_code_used_twice_takes_back_what_it_gave(
    browser: Browser, http: httpx.Client, shop: Application, tenant: Tenant, ada_id: str
) -> None:
    code = code_of(browser, shop, scope="openid offline_access")
    tokens = shop.exchange(http, code).json()

    again = shop.exchange(http, code)

    assert again.json() == {"error": "invalid_grant", "error_description": "Invalid authorization code"}
    assert shop.refresh(http, tokens["refresh_token"]).status_code == 403
    me = http.get("/userinfo", headers={"authorization": f"Bearer {tokens['access_token']}"})
    assert (me.status_code, me.text) == (401, "Unauthorized")
    assert types_logged(tenant) == ["s", "seacft", "feacft", "fertft"]


def test_a_code_is_bound_to_its_verifier_address_and_client(
    browser: Browser, http: httpx.Client, shop: Application, make_application: MakeApplication, ada_id: str
) -> None:
    code = code_of(browser, shop)

    stolen = make_application(name="Thief").exchange(http, code)
    elsewhere = shop.exchange(http, code, redirect_uri="https://evil.example")
    guessed = shop.exchange(http, code, code_verifier="guessed" * 8)
    late = shop.exchange(http, code)

    assert stolen.json()["error_description"] == "Invalid authorization code"
    assert elsewhere.json()["error_description"] == (
        f"The redirect URI is wrong. You sent https://evil.example, and we expected {CALLBACK}"
    )
    assert guessed.json() == {"error": "invalid_grant", "error_description": "Failed to verify code verifier"}
    assert late.json()["error_description"] == "Invalid authorization code"


def test_a_public_client_needs_pkce_and_no_secret(
    browser: Browser, http: httpx.Client, make_application: MakeApplication, ada_id: str
) -> None:
    single_page = make_application(app_type="spa")

    with_pkce = single_page.exchange(http, code_of(browser, single_page))
    told = returned(browser.open(single_page.authorize_url(code_challenge=None, code_challenge_method=None)))
    without = http.post(
        "/oauth/token",
        data=single_page.token_request(grant_type="authorization_code", code=told["code"], redirect_uri=CALLBACK),
    )

    assert with_pkce.status_code == 200
    assert (without.status_code, without.json()["error_description"]) == (401, "Unauthorized")


def test_a_client_with_a_secret_may_do_without_pkce(
    browser: Browser, http: httpx.Client, shop: Application, ada_id: str
) -> None:
    code = code_of(browser, shop, code_challenge=None, code_challenge_method=None)
    given = shop.token_request(grant_type="authorization_code", code=code, redirect_uri=CALLBACK)

    assert http.post("/oauth/token", json=given).status_code == 200


def test_a_secret_may_come_in_the_header(browser: Browser, http: httpx.Client, shop: Application, ada_id: str) -> None:
    given = {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "code_verifier": shop.verifier}
    code = code_of(browser, shop)

    wrong = http.post("/oauth/token", data={**given, "code": code}, auth=(shop.client["client_id"], "guessed"))
    right = http.post(
        "/oauth/token", data={**given, "code": code}, auth=(shop.client["client_id"], shop.client["client_secret"])
    )

    assert (wrong.status_code, wrong.json()["error"]) == (401, "access_denied")
    assert right.status_code == 200


def test_a_client_that_may_not_use_a_grant_is_told_and_logged(
    http: httpx.Client, make_application: MakeApplication, tenant: Tenant
) -> None:
    robot = make_application(app_type="non_interactive")

    login = returned(http.get(robot.authorize_url()))
    refresh = robot.refresh(http, "anything")

    assert login["error"] == "unauthorized_client"
    assert (refresh.status_code, refresh.json()["error"]) == (403, "unauthorized_client")
    assert types_logged(tenant) == ["f", "fertft"]
