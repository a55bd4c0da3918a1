"""Whatever is sent to the login: nothing leaves to an address that is not registered, and no code works for another."""

from __future__ import annotations

import string
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from crosswalk_sandbox.auth0 import Tenant
from crosswalk_sandbox.auth0.signin.authorizations import Authorization, Code, RefreshTokens, Reused, verifies

from .conftest import ada
from .signing_in import CALLBACK, Application, Browser, MakeApplication, code_of, returned, s256, types_logged

MOMENT = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
AUTHORIZATION = Authorization("c", "auth0|1", (), "", None, "", None, MOMENT, ("pwd",))
FEW = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
VERIFIERS = st.text(string.ascii_letters + string.digits + "-._~", min_size=43, max_size=128)
ADDRESSES = st.one_of(
    st.text(max_size=60),
    st.sampled_from([CALLBACK, "https://shop.example", "//shop.example/callback", "javascript:alert(1)"]).flatmap(
        lambda base: st.text("/.@:#?%\\&= \taA1", max_size=8).map(lambda extra: base + extra)
    ),
    st.sampled_from(["https://shop.example.evil.example/callback", "https://shop.example@evil.example/callback"]),
)


@FEW
@given(address=ADDRESSES)
@example(address=f"{CALLBACK}?")
@example(address=f"{CALLBACK}/../evil")
@example(address="https://SHOP.example/callback")
def test_only_the_registered_address_is_ever_redirected_to(http: httpx.Client, shop: Application, address: str) -> None:
    answer = http.get(shop.authorize_url(redirect_uri=address, prompt="none"))

    if address == CALLBACK:
        assert returned(answer)["error"] == "login_required"
    else:
        assert answer.status_code == 403
        assert "location" not in answer.headers


@FEW
@given(address=ADDRESSES)
def test_only_registered_addresses_are_left_for_after_logout(
    http: httpx.Client, shop: Application, tenant: Tenant, address: str
) -> None:
    tenant.clients.update(shop.client["client_id"], {"allowed_logout_urls": ["https://shop.example"]})
    for path, name in (("/v2/logout", "returnTo"), ("/oidc/logout", "post_logout_redirect_uri")):
        query = urlencode({"client_id": shop.client["client_id"], name: address})

        location = http.get(f"{path}?{query}").headers.get("location")

        assert location == ("https://shop.example" if address == "https://shop.example" else None)


@FEW
@given(state=st.text(min_size=1, max_size=80), mode=st.sampled_from(["query", "fragment"]))
@example(state="a&code=forged", mode="query")
@example(state="\r\nset-cookie: auth0=forged", mode="fragment")
def test_the_state_comes_back_as_it_was_and_nothing_else_with_it(
    http: httpx.Client, shop: Application, state: str, mode: str
) -> None:
    answer = http.get(shop.authorize_url(state=state, prompt="none", response_mode=mode))

    location = urlsplit(answer.headers["location"])
    told = parse_qsl(location.query if mode == "query" else location.fragment, keep_blank_values=True)
    assert told == [("error", "login_required"), ("error_description", "Login required"), ("state", state)]
    assert "auth0=forged" not in str(answer.headers.get("set-cookie"))


@FEW
@given(
    parameters=st.dictionaries(
        st.sampled_from(
            [
                "client_id",
                "redirect_uri",
                "response_type",
                "response_mode",
                "scope",
                "audience",
                "prompt",
                "max_age",
                "code_challenge",
                "code_challenge_method",
                "organization",
                "invitation",
                "connection",
                "nonce",
                "state",
                "login_hint",
                "screen_hint",
            ]
        ),
        st.text(max_size=40),
    )
)
def test_no_request_breaks_the_login(http: httpx.Client, shop: Application, parameters: dict[str, str]) -> None:
    answer = http.get(shop.authorize_url(**parameters))

    assert answer.status_code in {200, 302, 400, 403}
    location = answer.headers.get("location", "")
    assert location == "" or location.startswith((CALLBACK, "/u/"))


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
                "username",
                "password",
                "realm",
                "audience",
                "scope",
                "mfa_token",
                "otp",
                "organization",
            ]
        ),
        st.one_of(st.text(max_size=30), st.sampled_from(["authorization_code", "refresh_token", "password"])),
    ),
    known=st.booleans(),
)
def test_no_token_request_without_credentials_gets_a_token(
    http: httpx.Client, shop: Application, form: dict[str, str], known: bool
) -> None:
    wanted = {**form, "client_id": shop.client["client_id"]} if known else form

    for answer in (http.post("/oauth/token", data=wanted), http.post("/oauth/token", json=wanted)):
        assert answer.status_code in {400, 401, 403}
        assert set(answer.json()) == {"error", "error_description"}


@given(right=VERIFIERS, wrong=VERIFIERS, method=st.sampled_from(["S256", "plain"]))
def test_only_the_verifier_behind_the_challenge_verifies(right: str, wrong: str, method: str) -> None:
    challenge = s256(right) if method == "S256" else right
    code = a_code(challenge, method)

    assert verifies(code, right)
    assert verifies(code, wrong) is (wrong == right)
    assert not verifies(code, "")
    assert method == "plain" or not verifies(code, challenge)


@given(choices=st.lists(st.integers(0, 30), max_size=30), leeway=st.sampled_from([0, 50]))
def test_a_family_of_refresh_tokens_dies_with_the_first_theft(choices: list[int], leeway: int) -> None:
    """Tokens are used in any order, ten seconds apart; one used too late after its exchange ends all of them."""
    client = {"client_id": "c", "refresh_token": {"rotation_type": "rotating", "expiration_type": "", "leeway": leeway}}
    tokens, now = RefreshTokens(), MOMENT
    issued = [tokens.start(AUTHORIZATION, now).current]
    exchanged: dict[str, datetime] = {}
    is_dead = False
    for choice in choices:
        now += timedelta(seconds=10)
        token = issued[choice % len(issued)]
        is_late = token in exchanged and (now - exchanged[token]).total_seconds() > leeway
        try:
            _, follower = tokens.use(token, client, now)
        except KeyError:
            assert is_dead
        except Reused as reused:
            assert is_late and not is_dead
            assert reused.authorization == AUTHORIZATION
            is_dead = True
        else:
            assert not is_late and not is_dead
            assert follower is not None and follower not in issued
            exchanged.setdefault(token, now)
            issued.append(follower)
    assert all((tokens.find(token) is None) == is_dead for token in issued)


def test_a_verifier_without_a_challenge_is_refused() -> None:
    assert verifies(a_code("", ""), "")
    assert not verifies(a_code("", ""), "x" * 43)


def a_code(challenge: str, method: str) -> Code:
    return Code(AUTHORIZATION, CALLBACK, True, challenge, method, MOMENT)


def test_a_login_page_of_another_browsers_cookie_is_worth_nothing(
    browser: Browser, shop: Application, ada_id: str
) -> None:
    page = browser.open(shop.authorize_url())
    browser.client.cookies.set("did", "another-browser", domain="127.0.0.1")

    answer = browser.client.post(str(page.url), data={"username": "ada@example.com", "password": "guessed"})

    assert answer.status_code == 400
    assert "location" not in answer.headers


def test_a_planted_session_cookie_is_replaced_at_login(browser: Browser, shop: Application, ada_id: str) -> None:
    browser.client.cookies.set("auth0", "planted", domain="127.0.0.1")
    browser.open(shop.authorize_url())

    browser.log_in()

    values = {cookie.value for cookie in browser.client.cookies.jar if cookie.name == "auth0"}
    assert len(values - {"planted"}) == 1


def test_what_people_type_is_shown_as_text_on_the_sign_in_pages(
    browser: Browser, make_application: MakeApplication, tenant: Tenant
) -> None:
    shop = make_application(name='Shop "&" Co')
    tenant.create_user(ada(name="<script>alert(1)</script>"))
    page = browser.open(shop.authorize_url(login_hint='"><script>alert(2)</script>', prompt="consent"))
    assert "<script>" not in page.text

    consent = browser.log_in()

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in consent.text
    assert "<script>" not in consent.text
    policy = consent.headers["content-security-policy"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


@pytest.mark.parametrize("page", ["consent", "mfa-otp-challenge", "mfa-otp-enrollment"])
def test_no_page_can_be_skipped(browser: Browser, shop: Application, tenant: Tenant, ada_id: str, page: str) -> None:
    """Posting a later page's form before the password brings the browser back to the password."""
    opened = browser.open(shop.authorize_url())
    state = dict(parse_qsl(urlsplit(str(opened.url)).query))["state"]

    answer = browser.client.post(f"/u/{page}?state={state}", data={"action": "accept", "code": "000000"})

    assert answer.headers["location"] == f"/u/login?state={state}"
    assert types_logged(tenant) == []


def test_the_second_factor_cannot_be_skipped(browser: Browser, shop: Application, tenant: Tenant, ada_id: str) -> None:
    tenant.signin.mfa_policies = ["all-applications"]
    opened = browser.open(shop.authorize_url())
    state = dict(parse_qsl(urlsplit(str(opened.url)).query))["state"]
    browser.log_in()

    answer = browser.client.post(f"/u/consent?state={state}", data={"action": "accept"})

    assert answer.headers["location"] == f"/u/mfa-otp-enrollment?state={state}"
    assert returned(browser.open(shop.authorize_url(prompt="none")))["error"] == "login_required"


def test_secrets_stay_out_of_logs_and_reprs(
    browser: Browser, http: httpx.Client, shop: Application, tenant: Tenant, ada_id: str
) -> None:
    tokens = shop.exchange(http, code_of(browser, shop, scope="openid offline_access")).json()

    written = f"{tenant.logs.entries()} {tenant.signin!r} {tenant.clients!r} {tenant.users.passwords!r}"
    for secret in (
        tokens["refresh_token"],
        tokens["access_token"],
        shop.client["client_secret"],
        "Difference-Engine-1",
    ):
        assert secret not in written
