"""The end of a session: logged out in either way, or with its user."""

from __future__ import annotations

import httpx

from crosswalk_sandbox.auth0 import Tenant

from .signing_in import Application, Browser, code_of, returned, types_logged


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


def test_a_deleted_user_is_signed_out_everywhere(
    browser: Browser, http: httpx.Client, shop: Application, tenant: Tenant, ada_id: str
) -> None:
    tokens = shop.exchange(http, code_of(browser, shop, scope="openid offline_access")).json()

    tenant.delete_user(ada_id)

    assert returned(browser.open(shop.authorize_url(prompt="none")))["error"] == "login_required"
    assert shop.refresh(http, tokens["refresh_token"]).status_code == 403
    assert http.get("/userinfo", headers={"authorization": f"Bearer {tokens['access_token']}"}).status_code == 401
