"""Tokens for an API of the tenant: what they may, who consents, and what they tell about the person."""

from __future__ import annotations

import httpx

from crosswalk_sandbox.auth0 import Tenant

from .signing_in import (
    CALLBACK,
    Application,
    Browser,
    MakeApplication,
    claims_of,
    code_of,
    header_of,
    returned,
)

ORDERS_API = "https://orders.example/api"


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


def test_an_unsigned_in_userinfo_request_is_refused(http: httpx.Client, token: str) -> None:
    for headers in ({}, {"authorization": "Bearer nonsense"}, {"authorization": f"Bearer {token}"}):
        answer = http.get("/userinfo", headers=headers)
        assert (answer.status_code, answer.text) == (401, "Unauthorized")
