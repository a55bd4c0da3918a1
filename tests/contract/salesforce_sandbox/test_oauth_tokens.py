"""Tokens after the login: refresh with rotation, JSON Web Tokens, passwords, and the sessions that they open."""

import asyncio
import base64
from urllib.parse import parse_qs

import httpx
import jwt
import pytest
import requests
from simple_salesforce import Salesforce, SalesforceAuthenticationFailed

from crosswalk_sandbox.process import SandboxProcess
from crosswalk_sandbox.salesforce.oauth.codes import Authorization
from crosswalk_sandbox.salesforce.oauth.refusals import RefusalOrder
from crosswalk_sandbox.salesforce.oauth.users import DEFAULT_PASSWORD

from .builders import API, a_lead
from .in_process import Clock, an_org, client_of
from .logins import ADA, TOKEN, Browser, a_user, an_app, bearer, refused, tokens_of
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


async def test_two_refreshes_at_once_collide() -> None:
    org = an_org(Clock())
    app = org.oauth.apps.save({"name": "Shop"})
    grant = Authorization(app.consumer_key, "005Hs0000000001IAA", ("api", "refresh_token"))
    _, token = org.oauth.refresh_tokens.start(grant, org.clock())
    org.oauth.refusals.order(RefusalOrder(processing_ms=300))
    form = {"grant_type": "refresh_token", "refresh_token": token}
    form |= {"client_id": app.consumer_key, "client_secret": app.consumer_secret}

    async with client_of(org) as client:
        replies = await asyncio.gather(*(client.post(TOKEN, data=form) for _ in range(2)))
        after = await client.post(TOKEN, data=form)

    assert [reply.status_code for reply in replies] == [200, 400]
    assert refused(replies[1]) == (400, "invalid_grant", "token request is already being processed")
    assert after.status_code == 200


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


def test_logins_cost_no_api_calls(sandbox: SandboxProcess, browser: Browser) -> None:
    shop = an_app(sandbox)
    body = tokens_of(browser, shop)
    shop.refresh(browser.client, body["refresh_token"])
    browser.client.get(body["id"], headers=bearer(body["access_token"]))
    form = {"token": body["access_token"], "client_id": shop.key, "client_secret": shop.secret}
    browser.client.post("/services/oauth2/introspect", data=form)

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
