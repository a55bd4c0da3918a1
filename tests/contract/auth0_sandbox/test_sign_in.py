"""Signing in through the tenant's pages: passwords, sessions, a second factor, and what an application asks for."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable

import httpx
import pytest
from auth0.management import ManagementClient

from crosswalk_sandbox.auth0 import Tenant
from crosswalk_sandbox.auth0.signin.otp import one_time_password

from .conftest import ada
from .signing_in import (
    CALLBACK,
    PASSWORD,
    Application,
    Browser,
    MakeApplication,
    claims_of,
    code_of,
    returned,
    types_logged,
)

ORDERS_API = "https://orders.example/api"


def test_a_login_gives_a_code_that_buys_the_persons_claims(
    browser: Browser, http: httpx.Client, shop: Application, tenant: Tenant, ada_id: str
) -> None:
    browser.open(shop.authorize_url())
    told = returned(browser.log_in())

    answer = shop.exchange(http, told["code"])

    tokens = answer.json()
    claims = claims_of(http, tokens["id_token"])
    assert told["state"] == "the-state"
    assert answer.headers["cache-control"] == "no-store"
    assert (tokens["token_type"], tokens["expires_in"], tokens["scope"]) == ("Bearer", 86400, "openid profile email")
    assert claims["iss"] == f"https://{tenant.domain}/"
    assert (claims["aud"], claims["sub"], claims["nonce"]) == (shop.client["client_id"], ada_id, "the-nonce")
    assert (claims["email"], claims["email_verified"], claims["given_name"]) == ("ada@example.com", False, "Ada")
    assert claims["exp"] - claims["iat"] == 36000
    assert claims["sid"]
    assert "auth_time" not in claims and "amr" not in claims and "org_id" not in claims
    me = http.get("/userinfo", headers={"authorization": f"Bearer {tokens['access_token']}"}).json()
    assert (me["sub"], me["email"], me["family_name"]) == (ada_id, "ada@example.com", "Lovelace")
    user = tenant.users.get(ada_id)
    assert (user["logins_count"], user["last_ip"]) == (1, "127.0.0.1")
    assert user["last_login"].endswith("Z")
    assert types_logged(tenant) == ["s", "seacft"]


def test_the_page_shows_what_the_vendors_does(browser: Browser, shop: Application, ada_id: str) -> None:
    page = browser.open(shop.authorize_url(login_hint="ada@example.com"))

    assert page.url.path == "/u/login"
    assert 'value="ada@example.com"' in page.text
    assert 'href="/u/signup?state=' in page.text
    assert "script" not in page.text
    wrong = browser.log_in(password="guessed")
    assert wrong.status_code == 400
    assert "Wrong email or password." in wrong.text
    assert "guessed" not in wrong.text
    assert "code" in returned(browser.log_in())


def test_wrong_passwords_are_logged_by_kind(browser: Browser, shop: Application, tenant: Tenant, ada_id: str) -> None:
    browser.open(shop.authorize_url())

    browser.log_in(password="guessed")
    browser.log_in(email="nobody@example.com")

    known, unknown = tenant.logs.entries()[-2:]
    assert (known["type"], known["user_id"], known["description"]) == ("fp", ada_id, "Wrong email or password.")
    assert (unknown["type"], unknown["user_id"], unknown["user_name"]) == ("fu", "", "nobody@example.com")
    assert unknown["connection"] == "Username-Password-Authentication"
    assert "guessed" not in str(tenant.logs.entries())


def test_ten_wrong_passwords_block_the_account(
    browser: Browser, shop: Application, tenant: Tenant, ada_id: str, auth0: ManagementClient
) -> None:
    browser.open(shop.authorize_url())
    for _ in range(10):
        browser.log_in(password="guessed")

    blocked = browser.log_in()

    assert "Your account has been blocked after multiple consecutive login attempts." in blocked.text
    assert types_logged(tenant) == [*["fp"] * 10, "limit_wc", "f"]
    blocks = auth0.user_blocks.list(ada_id).blocked_for or []
    assert [(block.identifier, block.ip) for block in blocks] == [("ada@example.com", "127.0.0.1")]
    auth0.user_blocks.delete_by_identifier(identifier="ada@example.com")
    assert "code" in returned(browser.log_in())


def test_a_new_password_ends_the_block(browser: Browser, shop: Application, tenant: Tenant, ada_id: str) -> None:
    browser.open(shop.authorize_url())
    for _ in range(10):
        browser.log_in(password="guessed")

    tenant.update_user(ada_id, {"password": "Analytical-Engine-2"})

    assert "Wrong email or password." in browser.log_in().text
    assert "code" in returned(browser.log_in(password="Analytical-Engine-2"))


def test_a_blocked_user_is_sent_back_without_a_code(
    browser: Browser, shop: Application, tenant: Tenant, ada_id: str
) -> None:
    tenant.update_user(ada_id, {"blocked": True})
    browser.open(shop.authorize_url())

    told = returned(browser.log_in())

    assert told == {"error": "unauthorized", "error_description": "user is blocked", "state": "the-state"}


def test_a_sign_up_signs_in_at_once(browser: Browser, http: httpx.Client, shop: Application, tenant: Tenant) -> None:
    page = browser.open(shop.authorize_url(screen_hint="signup"))
    assert page.url.path == "/u/signup"

    weak = browser.submit(email="grace@example.com", password="short")
    told = returned(browser.submit(email="grace@example.com", password="Compiler-A-0-1952"))

    assert "Password is too weak" in weak.text
    claims = claims_of(http, shop.exchange(http, told["code"]).json()["id_token"])
    assert claims["email"] == "grace@example.com"
    assert types_logged(tenant) == ["fs", "ss", "s", "seacft"]


def test_a_session_spares_the_second_password(
    browser: Browser,
    http: httpx.Client,
    shop: Application,
    make_application: MakeApplication,
    ada_id: str,
    tenant: Tenant,
) -> None:
    first = claims_of(http, shop.exchange(http, code_of(browser, shop)).json()["id_token"])
    other = make_application(name="Blog")

    told = returned(browser.open(other.authorize_url()))
    second = claims_of(http, other.exchange(http, told["code"]).json()["id_token"])

    assert second["sid"] == first["sid"]
    assert second["aud"] == other.client["client_id"]
    assert tenant.users.get(ada_id)["logins_count"] == 2
    cookie = next(one for one in browser.client.cookies.jar if one.name == "auth0")
    assert cookie.secure
    assert first["sid"] not in str(cookie.value)


def test_a_new_login_ends_the_session_before_it(
    browser: Browser, shop: Application, tenant: Tenant, tls: ssl.SSLContext, ada_id: str
) -> None:
    tenant.create_user(ada(email="grace@example.com"))
    code_of(browser, shop)
    earlier = browser.client.cookies["auth0"]
    browser.open(shop.authorize_url(prompt="login"))
    browser.log_in("grace@example.com")

    copied = httpx.get(
        f"https://{tenant.domain}{shop.authorize_url(prompt='none')}",
        cookies={"auth0": earlier},
        verify=tls,
        timeout=10,
    )

    assert browser.client.cookies["auth0"] != earlier
    assert returned(copied)["error"] == "login_required"
    assert "code" in returned(browser.open(shop.authorize_url(prompt="none")))


def test_silent_authentication_never_shows_a_page(
    browser: Browser, shop: Application, tenant: Tenant, ada_id: str
) -> None:
    before = returned(browser.open(shop.authorize_url(prompt="none")))
    code_of(browser, shop)
    after = returned(browser.open(shop.authorize_url(prompt="none")))

    assert before == {"error": "login_required", "error_description": "Login required", "state": "the-state"}
    assert "code" in after
    assert types_logged(tenant) == ["fsa", "s", "ssa"]


def test_the_password_is_asked_for_again_when_the_application_wants_it(
    browser: Browser, http: httpx.Client, shop: Application, ada_id: str, later: Callable[[float], None]
) -> None:
    code_of(browser, shop)
    assert browser.open(shop.authorize_url(prompt="login")).url.path == "/u/login"
    later(120)

    assert "code" in returned(browser.open(shop.authorize_url(max_age="600")))
    assert browser.open(shop.authorize_url(max_age="60")).url.path == "/u/login"
    told = returned(browser.log_in())
    claims = claims_of(http, shop.exchange(http, told["code"]).json()["id_token"])
    assert abs(claims["iat"] - claims["auth_time"]) <= 5


def test_the_outcome_comes_in_the_wanted_way(browser: Browser, shop: Application, ada_id: str) -> None:
    code_of(browser, shop)

    fragment = browser.open(shop.authorize_url(response_mode="fragment"))
    form = browser.open(shop.authorize_url(response_mode="form_post", state='"><script>'))

    assert re.fullmatch(rf"{CALLBACK}#code=[\w-]+&state=the-state", fragment.headers["location"])
    assert form.status_code == 200
    assert f'<form method="post" action="{CALLBACK}">' in form.text
    assert 'name="state" value="&quot;&gt;&lt;script&gt;"' in form.text
    assert "script-src 'nonce-" in form.headers["content-security-policy"]


def test_one_browsers_login_is_nobody_elses(
    browser: Browser, shop: Application, tenant: Tenant, tls: ssl.SSLContext, ada_id: str
) -> None:
    page = browser.open(shop.authorize_url())

    answer = httpx.post(
        str(page.url), data={"username": "ada@example.com", "password": PASSWORD}, verify=tls, timeout=10
    )

    assert answer.status_code == 400
    assert "there is some issue with cookies" in answer.text
    assert "auth0" not in answer.cookies


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"response_type": None}, ("invalid_request", "Missing required parameter: response_type")),
        ({"response_type": "token"}, ("unsupported_response_type", "Unsupported response type: token")),
        ({"code_challenge_method": "S512"}, ("invalid_request", "Unsupported code_challenge_method: S512")),
        ({"code_challenge": "short"}, ("invalid_request", "Parameter 'code_challenge' has an invalid format")),
        ({"audience": "https://nobody.example"}, ("access_denied", "Service not found: https://nobody.example")),
        ({"connection": "github"}, ("invalid_request", "the connection was not found")),
        ({"organization": "org_1"}, ("invalid_request", "parameter organization is not allowed for this client")),
        ({"prompt": "none login"}, ("invalid_request", "Unsupported prompt value: none login")),
        ({"max_age": "-1"}, ("invalid_request", "Invalid max_age: -1")),
    ],
)
def test_a_wrong_request_is_returned_to_the_application(
    http: httpx.Client, shop: Application, changes: dict[str, str | None], told: tuple[str, str]
) -> None:
    found = returned(http.get(shop.authorize_url(**changes)))

    assert (found["error"], found["error_description"]) == told
    assert found["state"] == "the-state"


@pytest.mark.parametrize("changes", [{"client_id": "nobody"}, {"client_id": None}, {"redirect_uri": f"{CALLBACK}/"}])
def test_an_untrusted_request_is_answered_with_a_page(
    http: httpx.Client, shop: Application, tenant: Tenant, changes: dict[str, str | None]
) -> None:
    answer = http.get(shop.authorize_url(**changes))

    assert answer.status_code in {400, 403}
    assert "location" not in answer.headers
    assert types_logged(tenant) == ["f"]


def test_a_second_factor_is_enrolled_and_then_asked_for(
    browser: Browser, http: httpx.Client, shop: Application, tenant: Tenant, ada_id: str, later: Callable[[float], None]
) -> None:
    tenant.signin.mfa_policies = ["all-applications"]
    browser.open(shop.authorize_url())
    page = browser.log_in()
    secret = re.search(r'id="secret">([A-Z2-7]+)<', page.text)
    assert page.url.path == "/u/mfa-otp-enrollment"
    assert secret is not None

    def present_code() -> str:
        return one_time_password(secret.group(1), int(tenant.clock().timestamp()) // 30)

    assert "The code you entered is invalid" in browser.submit(code="000000").text
    told = returned(browser.submit(code=present_code()))
    assert claims_of(http, shop.exchange(http, told["code"]).json()["id_token"])["amr"] == ["mfa"]

    assert browser.open(shop.authorize_url(prompt="login")).url.path == "/u/login"
    assert browser.log_in().url.path == "/u/mfa-otp-challenge"
    assert "invalid" in browser.submit(code=present_code()).text, "a code is good for one time only"
    later(30)
    assert "code" in returned(browser.submit(code=present_code()))
    expected = ["gd_enrollment_complete", "s", "seacft", "gd_auth_failed", "gd_auth_succeed", "s"]
    assert types_logged(tenant) == expected


def test_discovery_names_every_endpoint_that_answers(http: httpx.Client, tenant: Tenant) -> None:
    document = http.get("/.well-known/openid-configuration").json()

    for name in ("authorization", "token", "userinfo", "revocation", "end_session"):
        address = document[f"{name}_endpoint"]
        assert address.startswith(f"https://{tenant.domain}/")
        assert http.request("GET" if name in {"authorization", "end_session"} else "POST", address).status_code != 404
    assert document["code_challenge_methods_supported"] == ["S256", "plain"]
    assert document["response_types_supported"] == ["code"]


def test_what_is_deleted_during_a_login_ends_it_with_a_page(
    browser: Browser, http: httpx.Client, make_application: MakeApplication, tenant: Tenant, ada_id: str
) -> None:
    shop, blog = make_application(), make_application(name="Blog")
    server = tenant.resource_servers.create({"identifier": ORDERS_API, "scopes": [{"value": "read:orders"}]})
    code = code_of(browser, blog, audience=ORDERS_API, scope="read:orders")
    browser.open(shop.authorize_url(prompt="login"))

    tenant.clients.delete(shop.client["client_id"])
    tenant.resource_servers.delete(server["id"])

    gone = browser.log_in()
    assert (gone.status_code, "The client does not exist" in gone.text) == (400, True)
    refused = blog.exchange(http, code)
    assert (refused.status_code, refused.json()["error"]) == (403, "access_denied")
