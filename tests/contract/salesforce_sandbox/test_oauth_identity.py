"""What can be asked about tokens and their users: introspection, revocation, user info, identity URL."""

import time
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from crosswalk_sandbox.process import SandboxProcess

from .builders import API
from .logins import ADA, TOKEN, App, Browser, a_user, an_app, bearer, refused, tokens_of

EXPIRED = (400, "invalid_grant", "expired access/refresh token")
LIMITS = f"{API}/limits"


@pytest.fixture
def ada_id(sandbox: SandboxProcess) -> str:
    return a_user(sandbox)


@pytest.fixture
def browser(anonymous: httpx.Client, ada_id: str) -> Browser:
    return Browser(anonymous)


def inspected(client: httpx.Client, app: App, token: str) -> Any:
    form = {"token": token, "client_id": app.key, "client_secret": app.secret}
    return client.post("/services/oauth2/introspect", data=form).json()


@pytest.mark.parametrize("jwt_tokens", [False, True])
def test_an_app_may_look_into_its_tokens(sandbox: SandboxProcess, browser: Browser, jwt_tokens: bool) -> None:
    shop = an_app(sandbox, scopes=["api", "refresh_token"], jwt_tokens=jwt_tokens, token_lifetime_s=600)
    body = tokens_of(browser, shop)
    common = {
        "active": True,
        "scope": "api refresh_token",
        "client_id": shop.key,
        "username": ADA,
        "sub": body["id"],
    }

    access = inspected(browser.client, shop, body["access_token"])
    refresh = inspected(browser.client, shop, body["refresh_token"])

    issued = access.pop("iat")
    assert abs(issued - time.time()) < 60
    assert access == {**common, "token_type": "access_token", "exp": issued + 600, "nbf": issued}
    assert refresh == {**common, "token_type": "refresh_token", "iat": refresh["iat"], "nbf": refresh["iat"]}


def test_tokens_of_others_and_dead_ones_are_nothing(sandbox: SandboxProcess, browser: Browser) -> None:
    shop, other = an_app(sandbox), an_app(sandbox)
    overseer = an_app(sandbox, introspect_all_tokens=True)
    body = tokens_of(browser, shop)

    assert inspected(browser.client, other, body["access_token"]) == {"active": False}
    assert inspected(browser.client, overseer, body["access_token"])["username"] == ADA
    assert inspected(browser.client, shop, "00D000000000001!nothing") == {"active": False}
    form = {"token": body["access_token"], "client_id": shop.key, "client_secret": "wrong"}
    assert refused(browser.client.post("/services/oauth2/introspect", data=form))[1] == "invalid_client"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_revoking_an_access_token_leaves_the_refresh_token(
    sandbox: SandboxProcess, browser: Browser, method: str
) -> None:
    shop = an_app(sandbox)
    body = tokens_of(browser, shop)

    reply = revoke(browser.client, method, body["access_token"])

    assert (reply.status_code, reply.content) == (200, b"")
    assert browser.client.get(LIMITS, headers=bearer(body["access_token"])).status_code == 401
    assert shop.refresh(browser.client, body["refresh_token"]).status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_revoking_a_refresh_token_ends_its_access_tokens_and_the_approval(
    sandbox: SandboxProcess, browser: Browser, method: str
) -> None:
    shop = an_app(sandbox)
    body = tokens_of(browser, shop)
    another = shop.refresh(browser.client, body["refresh_token"]).json()

    assert revoke(browser.client, method, body["refresh_token"]).status_code == 200

    for each in (body, another):
        assert browser.client.get(LIMITS, headers=bearer(each["access_token"])).status_code == 401
    assert refused(shop.refresh(browser.client, body["refresh_token"])) == EXPIRED
    assert "Allow Access?" in browser.open(shop.authorize_url()).text
    again = revoke(browser.client, method, body["refresh_token"])
    assert (again.status_code, parse_qs(again.text)["error"]) == (400, ["invalid_token"])


def revoke(client: httpx.Client, method: str, token: str) -> httpx.Response:
    if method == "GET":
        return client.get("/services/oauth2/revoke", params={"token": token})
    return client.post("/services/oauth2/revoke", data={"token": token})


def test_userinfo_has_the_vendors_members(sandbox: SandboxProcess, browser: Browser, ada_id: str) -> None:
    body = tokens_of(browser, an_app(sandbox))

    info = browser.client.get("/services/oauth2/userinfo", headers=bearer(body["access_token"])).json()

    assert " ".join(info) == (
        "sub user_id organization_id preferred_username nickname name email email_verified given_name family_name "
        "zoneinfo photos profile picture address is_salesforce_integration_user urls active user_type language locale "
        "utcOffset updated_at is_app_installed"
    )
    assert (info["sub"], info["user_id"], info["preferred_username"]) == (body["id"], ada_id, ADA)
    assert (info["name"], info["given_name"], info["family_name"]) == ("Ada Byron", "Ada", "Byron")


def test_the_identity_url_tells_who_the_user_is(sandbox: SandboxProcess, browser: Browser, ada_id: str) -> None:
    body = tokens_of(browser, an_app(sandbox))

    who = browser.client.get(body["id"], headers=bearer(body["access_token"]), params={"version": "62.0"}).json()

    assert " ".join(who) == (
        "id asserted_user user_id organization_id username nick_name display_name email email_verified first_name "
        "last_name timezone photos addr_street addr_city addr_state addr_country addr_zip mobile_phone "
        "mobile_phone_verified is_lightning_login_user status urls active user_type language locale utcOffset "
        "last_modified_date is_app_installed"
    )
    assert (who["id"], who["asserted_user"], who["username"], who["user_type"]) == (body["id"], True, ADA, "STANDARD")
    assert who["urls"]["query"] == f"{sandbox.access.salesforce.instance_url}/services/data/v62.0/query/"


def test_the_identity_url_is_refused_in_the_vendors_words(
    sandbox: SandboxProcess, browser: Browser, ada_id: str
) -> None:
    url = tokens_of(browser, an_app(sandbox))["id"]
    narrow = bearer(tokens_of(browser, an_app(sandbox, scopes=["id"]))["access_token"])
    organization_id, client = url.split("/")[-2], browser.client

    def asked(path: str, headers: dict[str, str]) -> tuple[int, str]:
        reply = client.get(path, headers=headers)
        return reply.status_code, reply.text

    assert asked(url, bearer("00D!nothing")) == (403, "Bad_OAuth_Token")
    assert asked(f"/id/00D000000000001/{ada_id}", narrow) == (403, "Wrong_Org")
    assert asked(f"/id/{organization_id}/005000000000001", narrow) == (404, "Bad_Id")
    assert asked(f"/id/{organization_id}/005Hs0000000001IAA", narrow) == (404, "No_Access")
    assert client.get(f"/services/oauth2/userinfo?access_token={url[-3:]}").status_code == 403


def test_a_token_request_must_be_posted(anonymous: httpx.Client) -> None:
    reply = anonymous.get(TOKEN, params={"grant_type": "client_credentials"})

    assert refused(reply) == (400, "invalid_request", "must use HTTP POST")
