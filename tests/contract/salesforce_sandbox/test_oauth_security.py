"""Whatever is sent to the org's logins: no code or token goes where it does not belong, and each ends in time."""

import base64
import string
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from crosswalk_sandbox.keys import make_jwt_key
from crosswalk_sandbox.process import SandboxProcess
from crosswalk_sandbox.salesforce import Org
from crosswalk_sandbox.salesforce.oauth import ConnectedApp, TokenRefused
from crosswalk_sandbox.salesforce.oauth.assertions import JWT_BEARER
from crosswalk_sandbox.salesforce.oauth.codes import Authorization, Code, verifies
from crosswalk_sandbox.salesforce.oauth.refresh_tokens import RefreshTokens
from crosswalk_sandbox.salesforce.oauth.replies import token_reply

from .in_process import Clock, an_org
from .logins import ADA, APPROVAL, CALLBACK, TOKEN, App, Browser, a_user, an_app, code_of, s256, tokens_of, told

FEW = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
VERIFIERS = st.text(string.ascii_letters + string.digits + "-._~", min_size=43, max_size=128)
ADDRESSES = st.one_of(
    st.text(max_size=60),
    st.sampled_from([CALLBACK, "https://shop.example", "//shop.example/callback", "javascript:alert(1)"]).flatmap(
        lambda base: st.text("/.@:#?%\\&= \taA1", max_size=8).map(lambda extra: base + extra)
    ),
)
PUBLIC_KEY = make_jwt_key()[1]
GRANT = Authorization("key", "005Hs0000000001IAA", ("api", "refresh_token"))


@pytest.fixture
def shop(sandbox: SandboxProcess) -> App:
    a_user(sandbox)
    return an_app(sandbox)


@pytest.fixture
def browser(anonymous: httpx.Client) -> Browser:
    return Browser(anonymous)


@FEW
@given(address=ADDRESSES)
@example(address=f"{CALLBACK}?")
@example(address=f"{CALLBACK}/../evil")
@example(address="https://SHOP.example/callback")
@example(address=CALLBACK)
def test_only_a_registered_callback_is_ever_redirected_to(anonymous: httpx.Client, shop: App, address: str) -> None:
    reply = anonymous.get(shop.authorize_url(redirect_uri=address, immediate="true"))

    if address == CALLBACK:
        assert told(reply)["error"] == "immediate_unsuccessful"
    else:
        assert reply.status_code == 400
        assert "location" not in reply.headers


@FEW
@given(address=ADDRESSES)
def test_logout_leads_to_no_address_that_is_not_registered(anonymous: httpx.Client, shop: App, address: str) -> None:
    reply = anonymous.get("/services/auth/idp/oidc/logout", params={"post_logout_redirect_uri": address})

    assert (reply.status_code, "location" in reply.headers) == (200, False)


@FEW
@given(state=st.text(min_size=1, max_size=80))
@example(state="a&code=forged")
@example(state="\r\nset-cookie: sid=forged")
def test_the_state_comes_back_as_it_was_and_nothing_else_with_it(
    anonymous: httpx.Client, shop: App, state: str
) -> None:
    reply = anonymous.get(shop.authorize_url(state=state, immediate="true"))

    answer = parse_qsl(urlsplit(reply.headers["location"]).query, keep_blank_values=True)
    assert answer == [
        ("error", "immediate_unsuccessful"),
        ("error_description", "immediate unsuccessful"),
        ("state", state),
    ]
    assert "set-cookie" not in reply.headers


@FEW
@given(
    parameters=st.dictionaries(
        st.sampled_from(
            [
                "client_id",
                "redirect_uri",
                "response_type",
                "scope",
                "prompt",
                "immediate",
                "code_challenge",
                "code_challenge_method",
                "nonce",
                "state",
                "login_hint",
                "display",
            ]
        ),
        st.text(max_size=40),
    )
)
def test_no_request_breaks_the_login(anonymous: httpx.Client, shop: App, parameters: dict[str, str]) -> None:
    reply = anonymous.get(shop.authorize_url(**parameters))

    assert reply.status_code in {302, 400}
    assert reply.headers.get("location", "/login?").startswith((f"{CALLBACK}?", "/login?"))


@FEW
@given(
    form=st.dictionaries(
        st.sampled_from(
            [
                "grant_type",
                "client_id",
                "client_secret",
                "code",
                "code_verifier",
                "redirect_uri",
                "refresh_token",
                "assertion",
                "username",
                "password",
                "scope",
                "format",
                "client_assertion",
                "client_assertion_type",
            ]
        ),
        st.one_of(st.text(max_size=30), st.sampled_from(["authorization_code", "refresh_token", "password", ADA])),
    ),
    is_known=st.booleans(),
)
def test_no_token_request_without_credentials_gets_a_token(
    anonymous: httpx.Client, shop: App, form: dict[str, str], is_known: bool
) -> None:
    wanted = {**form, "client_id": shop.key} if is_known else form

    reply = anonymous.post(TOKEN, data=wanted)

    assert reply.status_code == 400
    assert "access_token" not in reply.text


@given(right=VERIFIERS, wrong=VERIFIERS)
def test_only_the_verifier_behind_the_challenge_verifies(right: str, wrong: str) -> None:
    assert verifies(s256(right), right)
    assert verifies(s256(right), wrong) is (wrong == right)
    assert not verifies(s256(right), "")
    assert not verifies(s256(right), s256(right))
    assert not verifies("", right)


@given(choices=st.lists(st.integers(0, 30), max_size=30), rotates=st.booleans())
def test_a_family_of_refresh_tokens_dies_with_the_first_reuse(choices: list[int], rotates: bool) -> None:
    """Tokens are used in any order; one that was rotated out ends all of them, and the sessions that they brought."""
    app = ConnectedApp(name="Shop", consumer_key="key", rotate_refresh_tokens=rotates)
    clock, tokens = Clock(), RefreshTokens()
    family, first = tokens.start(GRANT, clock())
    issued, is_dead = [first], False
    for choice in choices:
        token = issued[choice % len(issued)]
        is_newest = token == issued[-1]
        try:
            used, follower = tokens.use(token, app, clock())
        except TokenRefused as refused:
            assert refused.description == "expired access/refresh token"
            assert is_dead or not is_newest
            is_dead = True
        else:
            assert is_newest
            assert not is_dead
            assert used is family
            assert (follower is not None) is rotates
            issued += [follower] if follower else []
    assert family.is_revoked is is_dead
    assert [tokens.find(token) is family for token in issued] == [
        not is_dead and token == issued[-1] for token in issued
    ]


def test_a_login_page_of_another_browser_is_worth_nothing(browser: Browser, shop: App) -> None:
    page = browser.open(shop.authorize_url())
    browser.client.cookies.clear()

    reply = browser.client.post(str(page.url), data={"username": ADA, "pw": "sandbox-password-1"})

    assert reply.status_code == 400
    assert "This login is no longer valid." in reply.text
    assert "set-cookie" not in reply.headers


def test_the_approval_cannot_come_before_the_login(browser: Browser, shop: App) -> None:
    page = browser.open(shop.authorize_url())
    source = page.url.params["source"]

    skipped = browser.client.post(f"{APPROVAL}?source={source}", data={"save": "Allow"})

    assert (skipped.status_code, "location" in skipped.headers) == (400, False)


def test_an_approval_is_worth_nothing_once_its_user_has_logged_out(browser: Browser, shop: App) -> None:
    browser.open(shop.authorize_url())
    approval = browser.log_in()
    browser.client.get("/secur/logout.jsp")

    answered = browser.client.post(str(approval.url), data={"save": "Allow"})

    assert (answered.status_code, "location" in answered.headers) == (400, False)
    assert browser.client.get(str(approval.url)).status_code == 400


def test_an_approval_is_good_for_one_code(browser: Browser, shop: App) -> None:
    browser.open(shop.authorize_url())
    approval = browser.log_in()
    assert "code" in told(browser.allow())

    again = browser.client.post(str(approval.url), data={"save": "Allow"})

    assert again.status_code == 400


def test_a_planted_session_cookie_is_replaced_at_login(browser: Browser, shop: App) -> None:
    browser.client.cookies.set("sid", "planted", domain="127.0.0.1")
    browser.open(shop.authorize_url())

    browser.log_in()

    assert len({cookie.value for cookie in browser.client.cookies.jar if cookie.name == "sid"} - {"planted"}) == 1


def test_cookies_are_for_the_org_alone(browser: Browser, shop: App) -> None:
    replies = [browser.client.get(shop.authorize_url())]
    browser.open(shop.authorize_url())
    assert browser.page is not None
    replies.append(browser.client.post(str(browser.page.url), data={"username": ADA, "pw": "sandbox-password-1"}))

    cookies = [line for reply in replies for line in reply.headers.get_list("set-cookie")]

    assert [line.split("=")[0] for line in cookies] == ["oauth_browser", "sid"]
    assert all({"HttpOnly", "Secure", "SameSite=lax"} <= set(line.split("; ")) for line in cookies)


def test_what_people_type_is_shown_as_text(sandbox: SandboxProcess, browser: Browser) -> None:
    a_user(sandbox)
    shop = an_app(sandbox, name="<script>alert(1)</script>")
    login = browser.open(shop.authorize_url(login_hint='"><script>alert(2)</script>'))
    assert "<script>" not in login.text

    approval = browser.log_in()

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in approval.text
    assert "<script>" not in approval.text
    policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    assert approval.headers["content-security-policy"] == policy


def test_secrets_stay_out_of_reprs() -> None:
    org = an_org(Clock())
    app = org.oauth.apps.save({"name": "Shop", "jwt_tokens": False, "consumer_secret": "ABCDEF0123456789"})
    family, refresh_token = org.oauth.refresh_tokens.start(GRANT, org.clock())
    access_token = token_reply(org.oauth, app, GRANT, family=family)["access_token"]
    code = org.oauth.codes.issue(Code(GRANT, CALLBACK, "", org.clock()))
    org.oauth.users.set_password("integration@example.com", "her own password")

    server = org.oauth
    shown = f"{app!r} {family!r} {server.refresh_tokens!r} {server.sessions!r} {server.codes!r} {server.users!r}"
    session = server.sessions.find(access_token)
    shown += f"{session!r} {vars(server.sessions)} {vars(server.refresh_tokens)} {vars(server.codes)}"
    for secret in ("ABCDEF0123456789", refresh_token, access_token, code, "her own password"):
        assert secret not in shown


@pytest.mark.parametrize(
    "header", ["{}", "[]", '"x"', "1", "null", '{"alg":"RS256","crit":["x"]}', '{"alg":1}', "\ud800"]
)
@pytest.mark.parametrize("claims", ['{"iss":"key"}', '{"iss":"key","aud":[{}],"exp":1e400}', '{"iss":["key"]}', "[]"])
def test_a_malformed_assertion_is_refused_like_any_other(header: str, claims: str) -> None:
    org = an_org(Clock())
    org.oauth.apps.save({"name": "Robot", "consumer_key": "key", "certificate": PUBLIC_KEY, "flows": ["jwt_bearer"]})
    parts = (base64.urlsafe_b64encode(part.encode("utf-8", "surrogatepass")).decode() for part in (header, claims, "s"))

    with pytest.raises(TokenRefused):
        org.oauth.grant({"grant_type": JWT_BEARER, "assertion": ".".join(parts)})


def test_another_orgs_token_opens_nothing() -> None:
    first, second = (
        an_org(Clock()),
        Org(
            instance_url="https://second.example",
            client_id="another",
            client_secret="secret",
            username="integration@example.com",
            jwt_certificate_pem=None,
        ),
    )
    form = {"grant_type": "client_credentials", "client_id": "id", "client_secret": "secret"}
    token = first.oauth.grant(form)["access_token"]

    assert first.sessions.is_valid(token)
    assert not second.sessions.is_valid(token)
    assert first.organization_id != second.organization_id


def test_a_code_in_the_wrong_hands_is_worth_nothing_without_the_verifier(browser: Browser, shop: App) -> None:
    code = code_of(browser, shop, code_challenge=s256("v" * 43))

    stolen = shop.exchange(browser.client, code)

    assert stolen.status_code == 400
    assert shop.exchange(browser.client, code, code_verifier="v" * 43).status_code == 400
    assert tokens_of(browser, shop)["token_type"] == "Bearer"
