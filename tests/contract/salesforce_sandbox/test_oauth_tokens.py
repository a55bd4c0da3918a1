"""Tokens after the login: refresh with rotation, JSON Web Tokens, passwords, introspection, revocation, identity."""

import base64
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs

import httpx
import jwt
import pytest
import requests
from simple_salesforce import Salesforce, SalesforceAuthenticationFailed

from crosswalk_sandbox.process import SandboxProcess
from crosswalk_sandbox.salesforce.oauth.users import DEFAULT_PASSWORD

from .builders import API, a_lead
from .logins import ADA, TOKEN, App, Browser, a_user, an_app, bearer, refused, tokens_of
from .rerouted import rerouted_to

EXPIRED = (400, "invalid_grant", "expired access/refresh token")
LIMITS = f"{API}/limits"


@pytest.fixture
def ada_id(sandbox: SandboxProcess) -> str:
    return a_user(sandbox)


@pytest.fixture
def browser(anonymous: httpx.Client, ada_id: str) -> Browser:
    return Browser(anonymous)


@pytest.fixture
def rerouted(sandbox: SandboxProcess, requests_session: requests.Session) -> requests.Session:
    return rerouted_to(sandbox.access.salesforce.instance_url, requests_session)


def test_a_refresh_token_brings_access_tokens_again_and_again(sandbox: SandboxProcess, browser: Browser) -> None:
    shop = an_app(sandbox, scopes=["api", "refresh_token"])
    first = tokens_of(browser, shop)

    replies = [shop.refresh(browser.client, first["refresh_token"]).json() for _ in range(2)]

    members = {"access_token", "signature", "scope", "instance_url", "id", "token_type", "issued_at"}
    assert [set(reply) for reply in replies] == [members, members]
    tokens = {first["access_token"], *(reply["access_token"] for reply in replies)}
    assert len(tokens) == 3
    assert [browser.client.get(LIMITS, headers=bearer(each)).status_code for each in tokens] == [200, 200, 200]


def test_a_refresh_token_is_for_its_app_alone(sandbox: SandboxProcess, browser: Browser) -> None:
    shop, other = an_app(sandbox), an_app(sandbox)
    tokens = tokens_of(browser, shop)

    assert refused(other.refresh(browser.client, tokens["refresh_token"])) == EXPIRED
    assert shop.refresh(browser.client, tokens["refresh_token"]).status_code == 200


def test_a_rotated_refresh_token_that_is_used_again_ends_the_whole_family(
    sandbox: SandboxProcess, browser: Browser
) -> None:
    shop = an_app(sandbox, rotate_refresh_tokens=True)
    first = tokens_of(browser, shop)
    second = shop.refresh(browser.client, first["refresh_token"]).json()
    third = shop.refresh(browser.client, second["refresh_token"]).json()
    assert len({each["refresh_token"] for each in (first, second, third)}) == 3

    assert refused(shop.refresh(browser.client, first["refresh_token"])) == EXPIRED

    assert refused(shop.refresh(browser.client, third["refresh_token"])) == EXPIRED
    for each in (first, second, third):
        assert browser.client.get(LIMITS, headers=bearer(each["access_token"])).status_code == 401
    assert "Allow Access?" in browser.open(shop.authorize_url()).text


def test_another_login_is_another_family(sandbox: SandboxProcess, browser: Browser) -> None:
    shop = an_app(sandbox, rotate_refresh_tokens=True)
    here, there = tokens_of(browser, shop), tokens_of(browser, shop)
    shop.refresh(browser.client, here["refresh_token"])
    shop.refresh(browser.client, here["refresh_token"])

    assert shop.refresh(browser.client, there["refresh_token"]).status_code == 200


def test_the_sixth_authorization_of_an_app_ends_the_first(sandbox: SandboxProcess, browser: Browser) -> None:
    shop = an_app(sandbox)
    tokens = [tokens_of(browser, shop)["refresh_token"] for _ in range(6)]

    statuses = [shop.refresh(browser.client, token).status_code for token in tokens]

    assert statuses == [400, 200, 200, 200, 200, 200]


def test_a_policy_may_end_refresh_tokens_at_once(sandbox: SandboxProcess, browser: Browser) -> None:
    shop = an_app(sandbox, refresh_token_policy="zero")
    tokens = tokens_of(browser, shop)

    assert browser.client.get(LIMITS, headers=bearer(tokens["access_token"])).status_code == 200
    assert refused(shop.refresh(browser.client, tokens["refresh_token"])) == EXPIRED


def test_two_refreshes_at_once_collide(sandbox: SandboxProcess, browser: Browser) -> None:
    shop = an_app(sandbox)
    token = tokens_of(browser, shop)["refresh_token"]
    sandbox.administer("token-refusals", processing_ms=300)
    form = {"grant_type": "refresh_token", "client_id": shop.key, "client_secret": shop.secret, "refresh_token": token}
    url, ca_file = f"{sandbox.access.salesforce.instance_url}{TOKEN}", str(sandbox.access.ca_file)

    statuses = sorted(_at_once(2, url, ca_file, form))

    assert statuses == [(200, None), (400, "token request is already being processed")]
    assert shop.refresh(browser.client, token).status_code == 200


def _at_once(count: int, url: str, ca_file: str, form: dict[str, str]) -> list[tuple[int, Any]]:
    def ask(_number: int) -> tuple[int, Any]:
        with requests.Session() as session:
            session.trust_env = False
            reply = session.post(url, form, verify=ca_file, timeout=10)
            return reply.status_code, reply.json().get("error_description")

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(ask, range(count)))


def test_access_tokens_may_be_json_web_tokens(sandbox: SandboxProcess, browser: Browser, ada_id: str) -> None:
    shop = an_app(sandbox, jwt_tokens=True, scopes=["refresh_token", "web", "api"])
    body = tokens_of(browser, shop)
    [published] = browser.client.get("/id/keys").json()["keys"]
    url = sandbox.access.salesforce.instance_url

    claims = jwt.decode(body["access_token"], jwt.PyJWK(published), ["RS256"], audience=url, issuer=url)
    header = jwt.get_unverified_header(body["access_token"])

    organization_id = body["id"].split("/")[-2]
    assert body["token_format"] == "jwt"
    assert header == {
        "alg": "RS256",
        "typ": "JWT",
        "kid": f"CORE_ATJWT.{organization_id[:15]}.1",
        "tnk": f"core/sandbox/{organization_id}",
        "tty": "sfdc-core-token",
        "ver": "1.0",
    }
    # The members of a real one, as the vendor's mobile SDK has it in its tests.
    members = {"scp", "aud", "sub", "nbf", "mty", "sfi", "roles", "iss", "hsc", "exp", "iat", "client_id"}
    assert set(claims) == members
    assert (claims["sub"], claims["scp"], claims["mty"]) == (f"uid:{ada_id}", "refresh_token web api", "oauth")
    assert (claims["aud"], claims["client_id"], claims["roles"], claims["hsc"]) == ([url], shop.key, [], False)
    assert (claims["exp"] - claims["iat"], claims["iat"] - claims["nbf"], len(claims["sfi"])) == (1800, 15, 64)
    assert browser.client.get(LIMITS, headers=bearer(body["access_token"])).status_code == 200
    forged = body["access_token"][:-4] + "AAAA"
    assert browser.client.get(LIMITS, headers=bearer(forged)).status_code == 401


def test_a_user_name_and_a_password_are_enough_for_an_app_that_may(
    sandbox: SandboxProcess, anonymous: httpx.Client, ada_id: str
) -> None:
    shop = an_app(sandbox, flows=["password"])

    reply = shop.ask(anonymous, "password", username=ADA, password=DEFAULT_PASSWORD)
    wrong = shop.ask(anonymous, "password", username=ADA, password="guess")
    closed = an_app(sandbox).ask(anonymous, "password", username=ADA, password=DEFAULT_PASSWORD)

    assert set(reply.json()) == {"access_token", "instance_url", "id", "token_type", "issued_at", "signature"}
    assert anonymous.get(LIMITS, headers=bearer(reply.json()["access_token"])).status_code == 200
    assert refused(wrong) == (400, "invalid_grant", "authentication failure")
    assert refused(closed) == (400, "unsupported_grant_type", "grant type not supported")


def test_independent_client_logs_in_with_its_own_password_flow(
    sandbox: SandboxProcess, rerouted: requests.Session, ada_id: str
) -> None:
    sandbox.administer("passwords", username=ADA, password="<her> & own")
    shop = an_app(sandbox, flows=["password"])
    app = {"consumer_key": shop.key, "consumer_secret": shop.secret, "session": rerouted, "domain": "my-org.my"}

    org = Salesforce(username=ADA, password="<her> & own", **app)

    assert org.session_id[15] == "!"
    with pytest.raises(SalesforceAuthenticationFailed, match="authentication failure"):
        Salesforce(username=ADA, password="guess", **app)


def test_app_credentials_may_come_in_the_header_in_every_flow(sandbox: SandboxProcess, browser: Browser) -> None:
    shop = an_app(sandbox)
    token = tokens_of(browser, shop)["refresh_token"]
    basic = base64.b64encode(f"{shop.key}:{shop.secret}".encode()).decode()
    header = {"Authorization": f"Basic {basic}"}
    form = {"grant_type": "refresh_token", "refresh_token": token}

    assert browser.client.post(TOKEN, data=form, headers=header).status_code == 200
    wrong = base64.b64encode(f"{shop.key}:wrong".encode()).decode()
    reply = browser.client.post(TOKEN, data=form, headers={"Authorization": f"Basic {wrong}"})
    assert refused(reply) == (400, "invalid_client", "invalid client credentials")


def test_a_reply_may_be_form_encoded(sandbox: SandboxProcess, browser: Browser) -> None:
    shop = an_app(sandbox)
    token = tokens_of(browser, shop)["refresh_token"]

    reply = shop.refresh(browser.client, token, format="urlencoded")

    assert reply.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(reply.text)["token_type"] == ["Bearer"]


def test_scopes_without_the_api_open_only_the_identity(sandbox: SandboxProcess, browser: Browser) -> None:
    shop = an_app(sandbox, scopes=["openid", "id"])
    token = tokens_of(browser, shop)["access_token"]

    reply = browser.client.get(LIMITS, headers=bearer(token))

    message = "This session is not valid for use with the REST API"
    assert (reply.status_code, reply.json()) == (401, [{"message": message, "errorCode": "INVALID_SESSION_ID"}])
    assert browser.client.get("/services/oauth2/userinfo", headers=bearer(token)).status_code == 200


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


def test_logins_cost_no_api_calls(sandbox: SandboxProcess, browser: Browser) -> None:
    shop = an_app(sandbox)
    body = tokens_of(browser, shop)
    shop.refresh(browser.client, body["refresh_token"])
    browser.client.get(body["id"], headers=bearer(body["access_token"]))
    inspected(browser.client, shop, body["access_token"])

    reply = browser.client.get(LIMITS, headers=bearer(body["access_token"]))

    assert reply.headers["sforce-limit-info"].startswith("api-usage=1/")


def test_records_name_the_user_who_wrote_them(sandbox: SandboxProcess, browser: Browser, ada_id: str) -> None:
    token = tokens_of(browser, an_app(sandbox))["access_token"]
    created = browser.client.post(f"{API}/sobjects/Lead", json=a_lead(), headers=bearer(token)).json()
    sandbox.administer("save", object="Lead", id=created["id"], fields={"Title": "Countess"})

    row = browser.client.get(f"{API}/sobjects/Lead/{created['id']}", headers=bearer(token)).json()

    assert (row["CreatedById"], row["OwnerId"]) == (ada_id, ada_id)
    assert row["LastModifiedById"] == "005Hs0000000001IAA"


def test_a_deactivated_users_sessions_end(sandbox: SandboxProcess, browser: Browser, ada_id: str) -> None:
    shop = an_app(sandbox)
    body = tokens_of(browser, shop)
    sandbox.administer("save", object="User", id=ada_id, fields={"IsActive": False})

    reply = browser.client.get(LIMITS, headers=bearer(body["access_token"]))

    assert (reply.status_code, reply.json()[0]["errorCode"]) == (401, "INVALID_SESSION_ID")
    assert refused(shop.refresh(browser.client, body["refresh_token"])) == (400, "inactive_user", "user is inactive")
    sandbox.administer("save", object="User", id=ada_id, fields={"IsActive": True})
    assert shop.refresh(browser.client, body["refresh_token"]).status_code == 200


def test_every_session_ends_on_order_and_refresh_tokens_bring_new_ones(
    sandbox: SandboxProcess, browser: Browser
) -> None:
    shop = an_app(sandbox)
    body = tokens_of(browser, shop)

    sandbox.faults(revoke_tokens=True)

    assert browser.client.get(LIMITS, headers=bearer(body["access_token"])).status_code == 401
    fresh = shop.refresh(browser.client, body["refresh_token"]).json()
    assert browser.client.get(LIMITS, headers=bearer(fresh["access_token"])).status_code == 200
