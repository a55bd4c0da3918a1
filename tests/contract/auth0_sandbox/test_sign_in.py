"""Signing in through the tenant's pages, and the tokens that come of it."""

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
    header_of,
    returned,
    types_logged,
)

ORDERS_API = "https://orders.example/api"
ROTATING = {"rotation_type": "rotating", "expiration_type": "non-expiring"}


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


def test_a_rotated_refresh_token_ends_its_family_when_it_comes_again(
    browser: Browser, http: httpx.Client, make_application: MakeApplication, tenant: Tenant, ada_id: str
) -> None:
    shop = make_application(refresh_token=ROTATING)
    first = shop.exchange(http, code_of(browser, shop, scope="openid offline_access")).json()
    second = shop.refresh(http, first["refresh_token"]).json()

    reused = shop.refresh(http, first["refresh_token"])
    newest = shop.refresh(http, second["refresh_token"])

    unknown = {"error": "invalid_grant", "error_description": "Unknown or invalid refresh token."}
    assert second["refresh_token"] != first["refresh_token"]
    assert claims_of(http, second["id_token"])["sub"] == ada_id
    assert "nonce" not in claims_of(http, second["id_token"])
    assert (reused.status_code, reused.json()) == (403, unknown)
    assert (newest.status_code, newest.json()) == (403, unknown)
    assert types_logged(tenant)[2:] == ["sertft", "ferrt", "fertft"]


def test_a_refresh_token_that_does_not_rotate_stays(
    browser: Browser, http: httpx.Client, shop: Application, ada_id: str
) -> None:
    first = shop.exchange(http, code_of(browser, shop, scope="openid email offline_access")).json()

    narrower = shop.refresh(http, first["refresh_token"], scope="openid").json()
    again = shop.refresh(http, first["refresh_token"])

    assert "refresh_token" not in narrower
    assert narrower["scope"] == "openid"
    assert again.json()["scope"] == "openid email offline_access"


def test_a_refresh_token_ends_with_its_time_or_its_revocation(
    browser: Browser,
    http: httpx.Client,
    make_application: MakeApplication,
    tenant: Tenant,
    ada_id: str,
    later: Callable[[float], None],
) -> None:
    settings = {**ROTATING, "expiration_type": "expiring", "infinite_idle_token_lifetime": False}
    shop = make_application(refresh_token={**settings, "idle_token_lifetime": 100, "leeway": 30})
    tokens = [
        shop.exchange(http, code_of(browser, shop, prompt="login", scope="offline_access")).json()["refresh_token"]
        for _ in range(3)
    ]

    revoked = http.post("/oauth/revoke", data=shop.token_request(token=tokens[0]))
    assert revoked.status_code == 200
    assert shop.refresh(http, tokens[0]).status_code == 403
    assert shop.refresh(http, tokens[1]).status_code == 200
    later(20)
    assert shop.refresh(http, tokens[1]).status_code == 200
    later(90)
    assert shop.refresh(http, tokens[2]).status_code == 403
    assert types_logged(tenant).count("srrt") == 1


def test_a_blocked_user_gets_no_more_tokens(
    browser: Browser, http: httpx.Client, shop: Application, tenant: Tenant, ada_id: str
) -> None:
    tokens = shop.exchange(http, code_of(browser, shop, scope="offline_access")).json()

    tenant.update_user(ada_id, {"blocked": True})

    refused = shop.refresh(http, tokens["refresh_token"])
    assert refused.json() == {"error": "invalid_grant", "error_description": "user is blocked"}
    assert returned(browser.open(shop.authorize_url()))["error"] == "unauthorized"


def test_an_api_gets_a_token_it_can_read_itself(
    browser: Browser, http: httpx.Client, shop: Application, tenant: Tenant, ada_id: str
) -> None:
    scopes = [{"value": "read:orders"}, {"value": "write:orders"}]
    tenant.resource_servers.create({"identifier": ORDERS_API, "scopes": scopes, "token_lifetime": 600})

    code = code_of(browser, shop, audience=ORDERS_API, scope="openid read:orders delete:orders offline_access")
    tokens = shop.exchange(http, code).json()

    claims = claims_of(http, tokens["access_token"])
    assert claims["aud"] == [ORDERS_API, f"https://{tenant.domain}/userinfo"]
    assert (claims["sub"], claims["azp"]) == (ada_id, shop.client["client_id"])
    assert claims["scope"] == tokens["scope"] == "openid read:orders"
    assert claims["exp"] - claims["iat"] == tokens["expires_in"] == 600
    assert "permissions" not in claims and "refresh_token" not in tokens
    me = http.get("/userinfo", headers={"authorization": f"Bearer {tokens['access_token']}"})
    assert me.json() == {"sub": ada_id}


def test_rbac_grants_only_what_the_user_may(
    browser: Browser, http: httpx.Client, shop: Application, tenant: Tenant, ada_id: str
) -> None:
    settings = {"enforce_policies": True, "token_dialect": "access_token_authz", "allow_offline_access": True}
    scopes = [{"value": "read:orders"}, {"value": "write:orders"}]
    tenant.resource_servers.create({"identifier": ORDERS_API, "scopes": scopes, **settings})
    role = tenant.roles.create({"name": "Buyer"})["id"]
    allowed = {"resource_server_identifier": ORDERS_API, "permission_name": "read:orders"}
    tenant.roles.add_permissions(role, {"permissions": [allowed]})
    tenant.roles.assign(ada_id, [role])

    wanted = "openid read:orders write:orders offline_access"
    tokens = shop.exchange(http, code_of(browser, shop, audience=ORDERS_API, scope=wanted)).json()
    tenant.roles.unassign(ada_id, [role])
    refreshed = shop.refresh(http, tokens["refresh_token"]).json()

    first, second = (claims_of(http, one["access_token"]) for one in (tokens, refreshed))
    assert (first["scope"], first["permissions"]) == ("openid read:orders offline_access", ["read:orders"])
    assert (second["scope"], second["permissions"]) == ("openid offline_access", [])


def test_a_third_party_application_needs_consent(
    browser: Browser, http: httpx.Client, make_application: MakeApplication, tenant: Tenant, ada_id: str
) -> None:
    partner = make_application(name="Partner", is_first_party=False)
    browser.open(partner.authorize_url())

    page = browser.log_in()
    silent = returned(browser.client.get(partner.authorize_url(prompt="none")))
    assert page.url.path == "/u/consent"
    assert "Partner is requesting access to your" in page.text
    assert "<code>email</code>" in page.text
    assert silent["error"] == "login_required"
    declined = returned(browser.submit(action="deny"))
    assert declined["error_description"] == "User did not authorize the request"

    browser.open(partner.authorize_url())
    browser.log_in()
    assert "code" in returned(browser.submit(action="accept"))
    assert "code" in returned(browser.open(partner.authorize_url(prompt="none")))
    more = returned(browser.open(partner.authorize_url(prompt="none", scope="openid profile email phone")))
    assert more["error"] == "consent_required"


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


def test_logging_out_ends_the_session_and_goes_only_where_allowed(
    browser: Browser, shop: Application, tenant: Tenant, ada_id: str
) -> None:
    client_id = shop.client["client_id"]
    tenant.clients.update(client_id, {"allowed_logout_urls": ["https://shop.example"]})
    code_of(browser, shop)

    refused = browser.open(f"/v2/logout?client_id={client_id}&returnTo=https://evil.example")
    left = browser.open(f"/v2/logout?client_id={client_id}&returnTo=https://shop.example")

    assert refused.status_code == 400
    assert "is not defined as a valid URL in" in refused.text
    assert left.headers["location"] == "https://shop.example"
    assert returned(browser.open(shop.authorize_url(prompt="none")))["error"] == "login_required"
    assert types_logged(tenant) == ["s", "flo", "slo", "fsa"]


def test_the_standards_logout_asks_unless_an_id_token_says_who(
    browser: Browser, http: httpx.Client, shop: Application, tenant: Tenant, ada_id: str
) -> None:
    tenant.clients.update(shop.client["client_id"], {"allowed_logout_urls": ["https://shop.example/bye"]})
    id_token = shop.exchange(http, code_of(browser, shop)).json()["id_token"]
    target = "post_logout_redirect_uri=https://shop.example/bye&state=s1"

    asked = browser.open(f"/oidc/logout?client_id={shop.client['client_id']}&{target}")
    assert "Are you sure you want to log out?" in asked.text
    assert "slo" not in types_logged(tenant)
    assert browser.submit().headers["location"] == "https://shop.example/bye?state=s1"
    code_of(browser, shop)
    again = browser.open(f"/oidc/logout?id_token_hint={id_token}&{target}")
    assert "Are you sure" in again.text, "an older session's token does not end this one"
    assert browser.open("/oidc/logout?id_token_hint=forged").status_code == 400


def test_an_unsigned_in_userinfo_request_is_refused(http: httpx.Client, token: str) -> None:
    for headers in ({}, {"authorization": "Bearer nonsense"}, {"authorization": f"Bearer {token}"}):
        answer = http.get("/userinfo", headers=headers)
        assert (answer.status_code, answer.text) == (401, "Unauthorized")


def test_a_token_for_another_audience_tells_nothing_about_the_person(
    browser: Browser, http: httpx.Client, shop: Application, tenant: Tenant, ada_id: str
) -> None:
    lookalike = f"https://{tenant.domain}/userinfo/orders"
    tenant.resource_servers.create({"identifier": lookalike, "scopes": [{"value": "read:orders"}]})
    code = code_of(browser, shop, audience=lookalike, scope="profile read:orders")
    told = returned(browser.open(shop.authorize_url()))

    for_api = shop.exchange(http, code).json()["access_token"]
    id_token = shop.exchange(http, told["code"]).json()["id_token"]

    for token in (for_api, id_token):
        assert http.get("/userinfo", headers={"authorization": f"Bearer {token}"}).status_code == 401
        answer = http.get("/api/v2/users", headers={"authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json()["errorCode"]) == (401, "invalid_token")


def test_a_deleted_user_is_signed_out_everywhere(
    browser: Browser, http: httpx.Client, shop: Application, tenant: Tenant, ada_id: str
) -> None:
    tokens = shop.exchange(http, code_of(browser, shop, scope="openid offline_access")).json()

    tenant.delete_user(ada_id)

    assert returned(browser.open(shop.authorize_url(prompt="none")))["error"] == "login_required"
    assert shop.refresh(http, tokens["refresh_token"]).status_code == 403
    assert http.get("/userinfo", headers={"authorization": f"Bearer {tokens['access_token']}"}).status_code == 401


def test_discovery_names_every_endpoint_that_answers(http: httpx.Client, tenant: Tenant) -> None:
    document = http.get("/.well-known/openid-configuration").json()

    for name in ("authorization", "token", "userinfo", "revocation", "end_session"):
        address = document[f"{name}_endpoint"]
        assert address.startswith(f"https://{tenant.domain}/")
        assert http.request("GET" if name in {"authorization", "end_session"} else "POST", address).status_code != 404
    assert document["code_challenge_methods_supported"] == ["S256", "plain"]
    assert document["response_types_supported"] == ["code"]


def test_every_token_of_a_family_ends_with_it(
    browser: Browser, http: httpx.Client, make_application: MakeApplication, ada_id: str
) -> None:
    shop = make_application(refresh_token={**ROTATING, "leeway": 60})
    first = shop.exchange(http, code_of(browser, shop, scope="offline_access")).json()["refresh_token"]
    followers = [shop.refresh(http, first).json()["refresh_token"] for _ in range(2)]

    http.post("/oauth/revoke", data=shop.token_request(token=followers[1]))

    assert len({first, *followers}) == 3
    assert [shop.refresh(http, token).status_code for token in (first, *followers)] == [403, 403, 403]


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


def test_an_application_on_the_own_machine_needs_consent_for_an_api(
    browser: Browser, make_application: MakeApplication, tenant: Tenant, ada_id: str
) -> None:
    tenant.resource_servers.create({"identifier": ORDERS_API, "scopes": [{"value": "read:orders"}]})
    local = "http://localhost:3000/callback"
    shop = make_application(callbacks=[CALLBACK, local])
    code_of(browser, shop, audience=ORDERS_API, scope="openid read:orders")

    page = browser.open(shop.authorize_url(audience=ORDERS_API, scope="openid read:orders", redirect_uri=local))

    assert page.url.path == "/u/consent"
    assert "<code>read:orders</code>" in page.text
    assert browser.submit(action="accept").headers["location"].startswith(f"{local}?code=")


def test_an_api_may_want_the_standards_kind_of_token(
    browser: Browser, http: httpx.Client, shop: Application, tenant: Tenant, ada_id: str
) -> None:
    server = {"identifier": ORDERS_API, "scopes": [{"value": "read:orders"}], "token_dialect": "rfc9068_profile"}
    tenant.resource_servers.create(server)

    tokens = shop.exchange(http, code_of(browser, shop, audience=ORDERS_API, scope="read:orders")).json()

    claims = claims_of(http, tokens["access_token"])
    assert header_of(tokens["access_token"])["typ"] == "at+jwt"
    assert (claims["aud"], claims["client_id"], claims["sub"]) == (ORDERS_API, shop.client["client_id"], ada_id)
    assert "azp" not in claims


def test_a_client_that_may_not_use_a_grant_is_told_and_logged(
    http: httpx.Client, make_application: MakeApplication, tenant: Tenant
) -> None:
    robot = make_application(app_type="non_interactive")

    login = returned(http.get(robot.authorize_url()))
    refresh = robot.refresh(http, "anything")

    assert login["error"] == "unauthorized_client"
    assert (refresh.status_code, refresh.json()["error"]) == (403, "unauthorized_client")
    assert types_logged(tenant) == ["f", "fertft"]
