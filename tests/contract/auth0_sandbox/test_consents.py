"""What people allowed applications, and taking it back, through the vendor's management client."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from auth0.management import ManagementClient

from crosswalk_sandbox.auth0 import Tenant

from .signing_in import Application, Browser, MakeApplication, returned

API = "https://orders.example/"


@pytest.fixture
def partner(make_application: MakeApplication, tenant: Tenant) -> Application:
    tenant.resource_servers.create(
        {"identifier": API, "scopes": [{"value": "read:orders"}], "allow_offline_access": True}
    )
    return make_application(name="Partner", is_first_party=False)


def consented(browser: Browser, http: httpx.Client, partner: Application, scope: str, **more: str) -> dict[str, Any]:
    """Log Ada in, accept what the application asks for, and return its tokens."""
    browser.open(partner.authorize_url(scope=scope, prompt="login", **more))
    page = browser.log_in()
    if not page.is_redirect:
        page = browser.submit(action="accept")
    return dict(partner.exchange(http, returned(page)["code"]).json())


def test_grants_say_who_allowed_what_to_whom(
    auth0: ManagementClient, browser: Browser, http: httpx.Client, partner: Application, tenant: Tenant, ada_id: str
) -> None:
    assert list(auth0.user_grants.list()) == []

    consented(browser, http, partner, "openid email")
    consented(browser, http, partner, "openid read:orders", audience=API)

    client_id = partner.client["client_id"]
    found = [(one.user_id, one.client_id, one.audience, one.scope) for one in auth0.user_grants.list()]
    assert found == [
        (ada_id, client_id, f"https://{tenant.domain}/userinfo", ["email"]),
        (ada_id, client_id, API, ["read:orders"]),
    ]
    assert [one.audience for one in auth0.user_grants.list(user_id=ada_id, audience=API)] == [API]
    assert list(auth0.user_grants.list(client_id="another")) == []


def test_a_grant_that_is_taken_back_ends_its_tokens_and_is_asked_for_again(
    auth0: ManagementClient, browser: Browser, http: httpx.Client, partner: Application, ada_id: str
) -> None:
    tokens = consented(browser, http, partner, "openid read:orders offline_access", audience=API)
    kept = consented(browser, http, partner, "openid offline_access")
    (grant,) = auth0.user_grants.list(audience=API)

    auth0.user_grants.delete(grant.id or "")

    assert partner.refresh(http, tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert partner.refresh(http, kept["refresh_token"]).status_code == 200
    silent = returned(browser.open(partner.authorize_url(prompt="none", audience=API, scope="openid read:orders")))
    assert silent["error"] == "consent_required"

    auth0.user_grants.delete_by_user_id(user_id=ada_id)
    assert list(auth0.user_grants.list()) == []
