"""The vendor's authentication client: password grants, refresh, revocation, sign-up, tokens of an application."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trustme
from auth0.authentication import Database, GetToken, RevokeToken, Users
from auth0.authentication.exceptions import Auth0Error
from auth0.authentication.token_verifier import AsymmetricSignatureVerifier, JwksFetcher, TokenVerifier

from crosswalk_sandbox.auth0 import Tenant
from crosswalk_sandbox.auth0.signin.otp import new_secret, one_time_password

from .conftest import CLIENT_ID, CLIENT_SECRET, CONNECTION, ada
from .signing_in import PASSWORD, Application, MakeApplication, types_logged

PASSWORD_REALM = "http://auth0.com/oauth/grant-type/password-realm"
MFA_OTP = "http://auth0.com/oauth/grant-type/mfa-otp"


@pytest.fixture(autouse=True)
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the client's HTTP library trust the tenant's certificate."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))


@pytest.fixture
def app(make_application: MakeApplication) -> Application:
    return make_application(grant_types=["password", PASSWORD_REALM, MFA_OTP, "refresh_token"])


@pytest.fixture
def get_token(tenant: Tenant, app: Application) -> GetToken:
    return GetToken(tenant.domain, app.client["client_id"], client_secret=app.client["client_secret"])


def log_in(get_token: GetToken, password: str = PASSWORD, realm: str | None = CONNECTION) -> dict[str, str]:
    scope = "openid email offline_access"
    answer = get_token.login("ada@example.com", password, scope=scope, realm=realm, audience=None)
    return dict(answer)


def test_a_password_buys_tokens_that_the_client_verifies(tenant: Tenant, app: Application, get_token: GetToken) -> None:
    user_id = tenant.create_user(ada())["user_id"]
    client_id, secret = app.client["client_id"], app.client["client_secret"]

    tokens = log_in(get_token)

    keys = AsymmetricSignatureVerifier(f"https://{tenant.domain}/.well-known/jwks.json")
    verifier = TokenVerifier(keys, issuer=f"https://{tenant.domain}/", audience=client_id)
    assert verifier.verify(tokens["id_token"])["sub"] == user_id
    assert Users(tenant.domain).userinfo(tokens["access_token"])["email"] == "ada@example.com"
    assert "id_token" in get_token.refresh_token(tokens["refresh_token"])
    RevokeToken(tenant.domain, client_id, client_secret=secret).revoke_refresh_token(tokens["refresh_token"])
    with pytest.raises(Auth0Error) as error:
        get_token.refresh_token(tokens["refresh_token"])
    assert (error.value.status_code, error.value.error_code) == (403, "invalid_grant")
    assert types_logged(tenant) == ["s", "sepft", "sertft", "srrt", "fertft"]


def test_a_wrong_password_is_refused_and_in_the_end_blocks(tenant: Tenant, get_token: GetToken) -> None:
    tenant.create_user(ada())
    for _ in range(10):
        with pytest.raises(Auth0Error) as wrong:
            log_in(get_token, "guessed")
        assert (wrong.value.status_code, wrong.value.message) == (403, "Wrong email or password.")

    with pytest.raises(Auth0Error) as blocked:
        log_in(get_token)

    assert (blocked.value.status_code, blocked.value.error_code) == (429, "too_many_attempts")
    assert types_logged(tenant)[-3:] == ["fepft", "f", "fepft"]


def test_a_second_factor_comes_after_the_password(tenant: Tenant, app: Application, get_token: GetToken) -> None:
    user_id = tenant.create_user(ada())["user_id"]
    tenant.signin.mfa_policies = ["all-applications"]
    secret = new_secret()
    tenant.signin.enrollments.enroll(user_id, secret, tenant.clock())

    with pytest.raises(Auth0Error) as error:
        log_in(get_token)

    assert (error.value.status_code, error.value.error_code) == (403, "mfa_required")
    code = one_time_password(secret, int(tenant.clock().timestamp()) // 30)
    content: Any = error.value.content
    given = app.token_request(grant_type=MFA_OTP, mfa_token=content["mfa_token"], otp=code)
    tokens = get_token.post(f"https://{tenant.domain}/oauth/token", data=given)
    assert "id_token" in tokens
    assert types_logged(tenant) == ["mfar", "gd_auth_succeed", "s", "sepft"]


def test_a_sign_up_form_of_an_application_creates_a_user(tenant: Tenant, app: Application, get_token: GetToken) -> None:
    database = Database(tenant.domain, app.client["client_id"])

    created = database.signup("Ada@Example.com", PASSWORD, CONNECTION, given_name="Ada", user_metadata={"plan": "free"})

    assert created["email"] == "ada@example.com"
    assert created["email_verified"] is False
    assert tenant.users.get(f"auth0|{created['_id']}")["user_metadata"] == {"plan": "free"}
    assert "access_token" in log_in(get_token)
    with pytest.raises(Auth0Error) as error:
        database.signup("ada@example.com", PASSWORD, CONNECTION)
    assert (error.value.status_code, error.value.error_code) == (400, "invalid_signup")
    assert types_logged(tenant) == ["ss", "s", "sepft", "fs"]


def test_an_application_may_use_only_its_own_grants(tenant: Tenant, make_application: MakeApplication) -> None:
    web = make_application()
    get_token = GetToken(tenant.domain, web.client["client_id"], client_secret=web.client["client_secret"])

    with pytest.raises(Auth0Error) as error:
        log_in(get_token)

    assert error.value.error_code == "unauthorized_client"
    assert error.value.message == f"Grant type '{PASSWORD_REALM}' not allowed for the client."


def test_the_tenants_application_gets_its_management_token(tenant: Tenant) -> None:
    get_token = GetToken(tenant.domain, CLIENT_ID, client_secret=CLIENT_SECRET)

    tokens = get_token.client_credentials(f"https://{tenant.domain}/api/v2/")

    assert "create:clients" in tokens["scope"].split()
    assert JwksFetcher(f"https://{tenant.domain}/.well-known/jwks.json").get_key(tenant.tokens.jwks()["keys"][0]["kid"])
