"""Refresh tokens: how they rotate, and with what they end."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from crosswalk_sandbox.auth0 import Tenant

from .signing_in import (
    Application,
    Browser,
    MakeApplication,
    claims_of,
    code_of,
    returned,
    types_logged,
)

ROTATING = {"rotation_type": "rotating", "expiration_type": "non-expiring"}


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


def test_every_token_of_a_family_ends_with_it(
    browser: Browser, http: httpx.Client, make_application: MakeApplication, ada_id: str
) -> None:
    shop = make_application(refresh_token={**ROTATING, "leeway": 60})
    first = shop.exchange(http, code_of(browser, shop, scope="offline_access")).json()["refresh_token"]
    followers = [shop.refresh(http, first).json()["refresh_token"] for _ in range(2)]

    http.post("/oauth/revoke", data=shop.token_request(token=followers[1]))

    assert len({first, *followers}) == 3
    assert [shop.refresh(http, token).status_code for token in (first, *followers)] == [403, 403, 403]


def test_a_blocked_user_gets_no_more_tokens(
    browser: Browser, http: httpx.Client, shop: Application, tenant: Tenant, ada_id: str
) -> None:
    tokens = shop.exchange(http, code_of(browser, shop, scope="offline_access")).json()

    tenant.update_user(ada_id, {"blocked": True})

    refused = shop.refresh(http, tokens["refresh_token"])
    assert refused.json() == {"error": "invalid_grant", "error_description": "user is blocked"}
    assert returned(browser.open(shop.authorize_url()))["error"] == "unauthorized"
