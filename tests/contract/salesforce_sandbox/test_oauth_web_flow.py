"""The web server flow: from the authorization request over login and approval to tokens, and how it is refused."""

import base64
import hashlib
import hmac
from typing import Any

import httpx
import jwt
import pytest

from crosswalk_sandbox.process import SandboxProcess

from .builders import API
from .logins import (
    ADA,
    APPROVAL,
    CALLBACK,
    VERIFIER,
    App,
    Browser,
    a_user,
    an_app,
    bearer,
    code_of,
    refused,
    s256,
    tokens_of,
    told,
)


@pytest.fixture
def ada_id(sandbox: SandboxProcess) -> str:
    return a_user(sandbox)


@pytest.fixture
def shop(sandbox: SandboxProcess) -> App:
    return an_app(sandbox)


@pytest.fixture
def browser(anonymous: httpx.Client) -> Browser:
    return Browser(anonymous)


def test_a_person_logs_in_and_approves_and_the_app_gets_tokens(
    sandbox: SandboxProcess, browser: Browser, shop: App, ada_id: str
) -> None:
    login = browser.open(shop.authorize_url(state="s 1", scope="api refresh_token openid", nonce="n-1"))
    assert (login.status_code, login.url.path) == (200, "/login")
    approval = browser.log_in()
    assert approval.url.path == APPROVAL
    assert "Shop" in approval.text
    assert "Manage user data via APIs" in approval.text
    answer = told(browser.allow())
    assert set(answer) == {"code", "state"}
    assert answer["state"] == "s 1"

    body = shop.exchange(browser.client, answer["code"]).json()

    url = sandbox.access.salesforce.instance_url
    assert set(body) == {
        "access_token",
        "refresh_token",
        "signature",
        "scope",
        "id_token",
        "instance_url",
        "id",
        "token_type",
        "issued_at",
    }
    assert (body["scope"], body["token_type"], body["instance_url"]) == ("api refresh_token openid", "Bearer", url)
    assert body["id"].startswith(f"{url}/id/00D")
    assert body["id"].endswith(f"/{ada_id}")
    digest = hmac.new(shop.secret.encode(), f"{body['id']}{body['issued_at']}".encode(), hashlib.sha256).digest()
    assert body["signature"] == base64.b64encode(digest).decode()
    assert browser.client.get(f"{API}/limits", headers=bearer(body["access_token"])).status_code == 200


def test_the_id_token_is_signed_by_the_orgs_published_key(
    sandbox: SandboxProcess, browser: Browser, shop: App, ada_id: str
) -> None:
    body = tokens_of(browser, shop, scope="openid", nonce="n-1")
    [published] = browser.client.get("/id/keys").json()["keys"]

    claims = jwt.decode(
        body["id_token"],
        jwt.PyJWK(published),
        ["RS256"],
        audience=shop.key,
        issuer=sandbox.access.salesforce.instance_url,
    )

    assert (claims["sub"], claims["nonce"], claims["exp"] - claims["iat"]) == (body["id"], "n-1", 120)
    half = hashlib.sha256(body["access_token"].encode()).digest()[:16]
    assert claims["at_hash"] == base64.urlsafe_b64encode(half).decode().rstrip("=")
    assert "refresh_token" not in body


def test_an_app_gets_all_its_scopes_when_it_asks_for_none(
    sandbox: SandboxProcess, browser: Browser, ada_id: str
) -> None:
    shop = an_app(sandbox, scopes=["api", "web"])

    body = tokens_of(browser, shop)

    assert body["scope"] == "api web"
    assert "refresh_token" not in body


def test_a_wrong_password_shows_the_login_page_again(
    sandbox: SandboxProcess, browser: Browser, shop: App, ada_id: str
) -> None:
    sandbox.administer("passwords", username=ADA, password="her own")
    browser.open(shop.authorize_url(login_hint=ADA))
    assert browser.page is not None
    assert f'value="{ADA}"' in browser.page.text

    for password in ("sandbox-password-1", "", "her own "):
        again = browser.log_in(password=password)
        assert again.status_code == 200
        assert "Please check your username and password." in again.text

    assert "code" in told(browser.log_in(password="her own") and browser.allow())


def test_a_password_is_only_set_for_users_of_the_org(sandbox: SandboxProcess) -> None:
    order = {"username": "nobody@example.com", "password": "x"}

    reply = httpx.post(f"{sandbox.access.control_url}/salesforce/passwords", json=order, trust_env=False)

    assert reply.status_code == 400
    assert reply.json() == {"error": "expected the name of a user of the org, found 'nobody@example.com'"}


def test_a_deactivated_user_cannot_log_in(sandbox: SandboxProcess, browser: Browser, shop: App, ada_id: str) -> None:
    sandbox.administer("save", object="User", id=ada_id, fields={"IsActive": False})
    browser.open(shop.authorize_url())

    assert "Please check your username and password." in browser.log_in().text


def test_a_person_who_declines_is_told_to_the_app(browser: Browser, shop: App, ada_id: str) -> None:
    browser.open(shop.authorize_url(state="s1"))
    browser.log_in()

    answer = told(browser.deny())

    assert answer == {"error": "access_denied", "error_description": "end-user denied authorization", "state": "s1"}


def test_a_browser_that_is_logged_in_and_has_approved_is_asked_nothing(
    browser: Browser, shop: App, ada_id: str
) -> None:
    code_of(browser, shop)

    silent = told(browser.open(shop.authorize_url(immediate="true")))

    assert set(silent) == {"code"}


@pytest.mark.parametrize(
    ("prompt", "page"),
    [
        ("login", "/login"),
        ("select_account", "/login"),
        ("consent", APPROVAL),
        ("login consent", "/login"),
    ],
)
def test_a_prompt_asks_again(browser: Browser, shop: App, ada_id: str, prompt: str, page: str) -> None:
    code_of(browser, shop)

    shown = browser.open(shop.authorize_url(prompt=prompt))

    assert (shown.status_code, shown.url.path) == (200, page)


def test_more_scopes_than_were_approved_ask_again(browser: Browser, shop: App, ada_id: str) -> None:
    code_of(browser, shop, scope="api")

    assert "code" in told(browser.open(shop.authorize_url(scope="api")))
    assert browser.open(shop.authorize_url(scope="api web")).url.path == APPROVAL


@pytest.mark.parametrize("parameters", [{"immediate": "true"}, {"prompt": "none"}])
def test_no_page_is_shown_to_one_who_must_not_be_asked(browser: Browser, shop: App, parameters: dict[str, str]) -> None:
    answer = told(browser.open(shop.authorize_url(**parameters)))

    assert answer == {"error": "immediate_unsuccessful", "error_description": "immediate unsuccessful"}


def test_an_admin_approved_app_shows_no_approval_page(sandbox: SandboxProcess, browser: Browser, ada_id: str) -> None:
    shop = an_app(sandbox, permitted_users="admin_approved", approved_users=[ADA])
    browser.open(shop.authorize_url())

    assert "code" in told(browser.log_in())


def test_an_admin_approved_app_is_closed_to_everyone_else(
    sandbox: SandboxProcess, browser: Browser, ada_id: str
) -> None:
    shop = an_app(sandbox, permitted_users="admin_approved", approved_users=["grace@example.com"])
    browser.open(shop.authorize_url(state="s1"))

    answer = told(browser.log_in())

    assert answer == {
        "error": "OAUTH_APP_ACCESS_DENIED",
        "error_description": "user is not admin approved to access this app",
        "state": "s1",
    }


@pytest.mark.parametrize(
    ("parameters", "body"),
    [
        ({"client_id": "nobody"}, "error=invalid_client_id&error_description=client%20identifier%20invalid"),
        ({"redirect_uri": None}, "error=redirect_uri_missing&error_description=redirect_uri%20not%20provided"),
        (
            {"redirect_uri": f"{CALLBACK}/"},
            "error=redirect_uri_mismatch&error_description=redirect_uri%20must%20match%20configuration",
        ),
        (
            {"code_challenge": s256(VERIFIER), "code_challenge_method": "plain"},
            "error=invalid_request&error_description=code%20challenge%20method%20not%20supported",
        ),
        ({"code_challenge": "short"}, "error=invalid_request&error_description=invalid%20code%20challenge"),
    ],
)
def test_what_may_not_come_from_the_app_is_told_to_the_browser_alone(
    browser: Browser, shop: App, parameters: dict[str, Any], body: str
) -> None:
    reply = browser.open(shop.authorize_url(**parameters))

    assert (reply.status_code, reply.text) == (400, body)


@pytest.mark.parametrize(
    ("parameters", "error", "description"),
    [
        ({"response_type": "token"}, "unsupported_response_type", "response type not supported"),
        ({"scope": "api cdp_api"}, "invalid_scope", "requested scope is invalid, unknown, or malformed"),
        ({"scope": "full"}, "invalid_scope", "requested scope is invalid, unknown, or malformed"),
        ({"prompt": "please"}, "invalid_request", "prompt value not supported"),
    ],
)
def test_what_the_app_asks_wrongly_is_told_to_the_app(
    browser: Browser, shop: App, parameters: dict[str, str], error: str, description: str
) -> None:
    answer = told(browser.open(shop.authorize_url(state="s1", **parameters)))

    assert answer == {"error": error, "error_description": description, "state": "s1"}


def test_an_app_without_the_flow_gets_no_code(sandbox: SandboxProcess, browser: Browser) -> None:
    shop = an_app(sandbox, flows=["client_credentials"])

    assert told(browser.open(shop.authorize_url()))["error"] == "unsupported_response_type"


def test_a_code_works_once(browser: Browser, shop: App, ada_id: str) -> None:
    code = code_of(browser, shop)

    first, second = shop.exchange(browser.client, code), shop.exchange(browser.client, code)

    assert first.status_code == 200
    assert refused(second) == (400, "invalid_grant", "expired authorization code")


def test_a_code_is_for_the_app_and_the_callback_that_it_was_asked_for(
    sandbox: SandboxProcess, browser: Browser, ada_id: str
) -> None:
    other_callback = "https://shop.example/other"
    shop, other = an_app(sandbox, callbacks=[CALLBACK, other_callback]), an_app(sandbox)

    stolen = other.exchange(browser.client, code_of(browser, shop))
    moved = shop.exchange(browser.client, code_of(browser, shop), redirect_uri=other_callback)
    unknown = shop.exchange(browser.client, "aPrxNothing")

    assert refused(stolen) == (400, "invalid_grant", "invalid authorization code")
    assert refused(moved) == (400, "redirect_uri_mismatch", "redirect_uri must match configuration")
    assert refused(unknown) == (400, "invalid_grant", "invalid authorization code")


@pytest.mark.parametrize(
    ("verifier", "is_right"), [(VERIFIER, True), (f"{VERIFIER}x", False), (s256(VERIFIER), False), (None, False)]
)
def test_a_challenge_is_only_met_by_its_verifier(
    browser: Browser, shop: App, ada_id: str, verifier: str | None, is_right: bool
) -> None:
    # jsforce sends no method, and the vendor takes the challenge for S256.
    code = code_of(browser, shop, code_challenge=s256(VERIFIER))

    reply = shop.exchange(browser.client, code, code_verifier=verifier)

    if is_right:
        assert reply.status_code == 200
    else:
        assert refused(reply) == (400, "invalid_grant", "invalid code verifier")


def test_a_verifier_without_a_challenge_is_refused(browser: Browser, shop: App, ada_id: str) -> None:
    reply = shop.exchange(browser.client, code_of(browser, shop), code_verifier=VERIFIER)

    assert refused(reply) == (400, "invalid_grant", "unexpected code verifier")


def test_an_app_may_insist_on_a_challenge(sandbox: SandboxProcess, browser: Browser, ada_id: str) -> None:
    shop = an_app(sandbox, require_pkce=True)

    reply = browser.open(shop.authorize_url())

    expected = "error=invalid_request&error_description=missing%20required%20code%20challenge"
    assert (reply.status_code, reply.text) == (400, expected)
    code = code_of(browser, shop, code_challenge=s256(VERIFIER), code_challenge_method="S256")
    assert shop.exchange(browser.client, code, code_verifier=VERIFIER).status_code == 200


def test_an_app_in_a_browser_needs_no_secret_but_no_wrong_one_passes(
    sandbox: SandboxProcess, browser: Browser, ada_id: str
) -> None:
    public = an_app(sandbox, require_secret=False, require_secret_for_refresh=False)
    shop = an_app(sandbox)

    body = public.exchange(browser.client, code_of(browser, public), client_secret=None).json()
    assert public.refresh(browser.client, body["refresh_token"], client_secret=None).status_code == 200
    wrong = public.exchange(browser.client, code_of(browser, public), client_secret="wrong")
    missing = shop.exchange(browser.client, code_of(browser, shop), client_secret=None)

    assert refused(wrong) == (400, "invalid_client", "invalid client credentials")
    assert refused(missing) == (400, "invalid_request", "missing required parameter: client_secret")


def test_logout_ends_the_browsers_session_and_leads_back_to_the_app(
    sandbox: SandboxProcess, browser: Browser, ada_id: str
) -> None:
    shop = an_app(sandbox, logout_urls=["https://shop.example/bye"])
    code_of(browser, shop)

    bye = browser.open("/services/auth/idp/oidc/logout?post_logout_redirect_uri=https://shop.example/bye&state=s1")
    elsewhere = browser.open("/services/auth/idp/oidc/logout?post_logout_redirect_uri=https://evil.example")

    assert bye.headers["location"] == "https://shop.example/bye?state=s1"
    assert "You are logged out." in elsewhere.text
    assert told(browser.open(shop.authorize_url(immediate="true")))["error"] == "immediate_unsuccessful"
