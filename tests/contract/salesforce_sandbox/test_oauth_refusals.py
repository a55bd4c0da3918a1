"""How token requests are refused: from what is so in the org, and on order."""

import time
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from crosswalk_sandbox.process import SandboxProcess
from crosswalk_sandbox.salesforce.oauth.refusals import REFUSALS

from .logins import ADA, TOKEN, App, Browser, a_user, an_app, refused, tokens_of

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
INTEGRATION = "integration@crosswalk.example"


@pytest.fixture
def ada_id(sandbox: SandboxProcess) -> str:
    return a_user(sandbox)


@pytest.fixture
def certificate(sandbox: SandboxProcess) -> str:
    """The public half of the key that the ready line names."""
    key = load_pem_private_key(sandbox.access.salesforce.private_key_file.read_bytes(), password=None)
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def signed(sandbox: SandboxProcess, issuer: str, subject: str, audience: str) -> str:
    claims = {"iss": issuer, "sub": subject, "aud": audience, "exp": int(time.time()) + 60}
    return jwt.encode(claims, sandbox.access.salesforce.private_key_file.read_text(), algorithm="RS256")


def asserted(sandbox: SandboxProcess, client: httpx.Client, app: App, username: str = ADA) -> httpx.Response:
    assertion = signed(sandbox, app.key, username, "https://login.salesforce.com")
    return client.post(TOKEN, data={"grant_type": JWT_BEARER, "assertion": assertion})


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"flows": []}, ("invalid_grant", "client credentials flow not enabled")),
        ({"run_as": None}, ("invalid_grant", "no client credentials user enabled")),
        ({"run_as": "nobody@example.com"}, ("invalid_grant", "no client credentials user enabled")),
        ({"scopes": ["refresh_token"]}, ("invalid_grant", "no valid scopes defined")),
        (
            {"permitted_users": "admin_approved"},
            ("invalid_app_access", "user is not admin approved to access this app"),
        ),
    ],
)
def test_client_credentials_are_refused_by_what_the_app_is_set_to(
    sandbox: SandboxProcess, anonymous: httpx.Client, settings: dict[str, Any], expected: tuple[str, str]
) -> None:
    robot = an_app(sandbox, flows=["client_credentials"], run_as=INTEGRATION)
    assert robot.ask(anonymous, "client_credentials").status_code == 200
    sandbox.administer("connected-apps", consumer_key=robot.key, **settings)

    assert refused(robot.ask(anonymous, "client_credentials")) == (400, *expected)


def test_a_deactivated_user_gets_no_token_by_any_flow(
    sandbox: SandboxProcess, anonymous: httpx.Client, certificate: str, ada_id: str
) -> None:
    flows = ["client_credentials", "jwt_bearer", "password"]
    approved = {"permitted_users": "admin_approved", "approved_users": [ADA]}
    robot = an_app(sandbox, flows=flows, run_as=ADA, certificate=certificate, **approved)
    assert asserted(sandbox, anonymous, robot).status_code == 200
    sandbox.administer("save", object="User", id=ada_id, fields={"IsActive": False})

    inactive = (400, "inactive_user", "user is inactive")
    assert refused(robot.ask(anonymous, "client_credentials")) == inactive
    assert refused(asserted(sandbox, anonymous, robot)) == inactive
    by_password = robot.ask(anonymous, "password", username=ADA, password="sandbox-password-1")
    assert refused(by_password) == (400, "invalid_grant", "authentication failure")


def test_an_assertion_needs_an_approval_that_reaches_beyond_the_session(
    sandbox: SandboxProcess, anonymous: httpx.Client, certificate: str, ada_id: str
) -> None:
    robot = an_app(sandbox, flows=["authorization_code", "jwt_bearer"], certificate=certificate)
    not_approved = (400, "invalid_grant", "user hasn't approved this consumer")

    assert refused(asserted(sandbox, anonymous, robot)) == not_approved
    tokens_of(Browser(anonymous), robot, scope="api")
    assert refused(asserted(sandbox, anonymous, robot)) == not_approved
    tokens = tokens_of(Browser(anonymous), robot, scope="api refresh_token")
    assert asserted(sandbox, anonymous, robot).status_code == 200

    anonymous.post("/services/oauth2/revoke", data={"token": tokens["refresh_token"]})
    assert refused(asserted(sandbox, anonymous, robot)) == not_approved


def test_an_assertion_for_a_user_who_is_not_admin_approved_is_refused(
    sandbox: SandboxProcess, anonymous: httpx.Client, certificate: str, ada_id: str
) -> None:
    flows = {"flows": ["jwt_bearer"], "permitted_users": "admin_approved"}
    robot = an_app(sandbox, certificate=certificate, approved_users=[INTEGRATION], **flows)

    assert asserted(sandbox, anonymous, robot, INTEGRATION).status_code == 200
    expected = (400, "invalid_app_access", "user is not admin approved to access this app")
    assert refused(asserted(sandbox, anonymous, robot)) == expected
    nobody = refused(asserted(sandbox, anonymous, robot, "nobody@example.com"))
    assert nobody == (400, "invalid_grant", "user hasn't approved this consumer")


def test_an_administrator_who_withdraws_the_approval_ends_the_refreshing(
    sandbox: SandboxProcess, anonymous: httpx.Client, ada_id: str
) -> None:
    shop = an_app(sandbox, permitted_users="admin_approved", approved_users=[ADA])
    token = tokens_of(Browser(anonymous), shop)["refresh_token"]
    sandbox.administer("connected-apps", consumer_key=shop.key, approved_users=[])

    expected = (400, "invalid_app_access", "user is not admin approved to access this app")
    assert refused(shop.refresh(anonymous, token)) == expected


def test_an_app_may_prove_itself_by_an_assertion(
    sandbox: SandboxProcess, anonymous: httpx.Client, certificate: str, ada_id: str
) -> None:
    shop, other = an_app(sandbox, certificate=certificate), an_app(sandbox)
    token = tokens_of(Browser(anonymous), shop)["refresh_token"]
    audience = f"{sandbox.access.salesforce.instance_url}{TOKEN}"
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

    def asks(issuer: str, subject: str) -> httpx.Response:
        proof = {"client_assertion": signed(sandbox, issuer, subject, audience), "client_assertion_type": kind}
        form = {"grant_type": "refresh_token", "refresh_token": token, **proof}
        return anonymous.post(TOKEN, data=form)

    assert asks(shop.key, shop.key).status_code == 200
    assert refused(asks(shop.key, ADA)) == (400, "invalid_client", "invalid client credentials")
    assert refused(asks(other.key, other.key)) == (400, "invalid_grant", "invalid assertion")


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({}, ("unsupported_grant_type", "grant type not supported")),
        ({"grant_type": "authorization_code"}, ("invalid_request", "missing required parameter: code")),
        ({"grant_type": "refresh_token"}, ("invalid_request", "missing required parameter: refresh_token")),
        ({"grant_type": JWT_BEARER}, ("invalid_grant", "invalid assertion")),
        ({"grant_type": "refresh_token", "client_id": "x"}, ("invalid_client_id", "client identifier invalid")),
    ],
)
def test_what_is_missing_is_told(
    sandbox: SandboxProcess, anonymous: httpx.Client, form: dict[str, str], expected: tuple[str, str]
) -> None:
    shop = an_app(sandbox)

    reply = anonymous.post(TOKEN, data={"client_id": shop.key, "client_secret": shop.secret, **form})

    assert refused(reply) == (400, *expected)
    assert reply.headers["cache-control"] == "no-cache, no-store"


@pytest.mark.parametrize(
    ("reason", "error", "description"),
    [
        ("ip_restricted", "invalid_grant", "ip restricted or invalid login hours"),
        ("login_hours", "invalid_grant", "ip restricted or invalid login hours"),
        ("inactive_org", "inactive_org", "organization is locked, closed, or suspended"),
        ("rate_limit", "rate_limit_exceeded", "login rate exceeded"),
        ("unknown_error", "unknown_error", "retry your request"),
        ("already_processed", "invalid_grant", "token request is already being processed"),
        ("expired_token", "invalid_grant", "expired access/refresh token"),
        ("user_inactive", "invalid_grant", "user is inactive"),
    ],
)
def test_a_refusal_comes_on_order(
    sandbox: SandboxProcess, anonymous: httpx.Client, reason: str, error: str, description: str
) -> None:
    org = sandbox.access.salesforce
    form = {"grant_type": "client_credentials", "client_id": org.client_id, "client_secret": org.client_secret}
    sandbox.administer("token-refusals", reason=reason)

    first, second = anonymous.post(TOKEN, data=form), anonymous.post(TOKEN, data=form)

    assert refused(first) == (400, error, description)
    assert second.status_code == 200


def test_every_known_refusal_can_be_ordered_in_a_row(sandbox: SandboxProcess, anonymous: httpx.Client) -> None:
    for reason in REFUSALS:
        sandbox.administer("token-refusals", reason=reason)
    sandbox.administer("token-refusals", error="invalid_grant", error_description="something new", count=2)

    seen = [refused(anonymous.post(TOKEN, data={}))[1:] for _ in range(len(REFUSALS) + 2)]

    assert seen == [*REFUSALS.values(), *[("invalid_grant", "something new")] * 2]
    sandbox.administer("token-refusals", reason="login_hours", count=9)
    sandbox.administer("token-refusals", clear=True)
    assert refused(anonymous.post(TOKEN, data={})) == (400, "unsupported_grant_type", "grant type not supported")


@pytest.mark.parametrize(
    ("call", "order", "message"),
    [
        ("token-refusals", {"reason": "bad mood"}, "expected as reason one of already_processed, app_access,"),
        ("connected-apps", {"name": "A", "flows": ["implicit"]}, "expected as flow one of authorization_code,"),
        ("connected-apps", {"name": "A", "scopes": ["everything"]}, "expected as scope one of address, api,"),
        ("connected-apps", {"name": "A", "certificate": "none"}, "expected as certificate an RSA certificate"),
        ("connected-apps", {"name": "A", "colour": "red"}, "Object contains unknown field `colour`"),
        ("connected-apps", {}, "Object missing required field `name`"),
        (
            "connected-apps",
            {"name": "A", "refresh_token_policy": "specific_lifetime:1:YEARS"},
            "expected as refresh_token_policy infinite, zero, specific_lifetime:N:UNIT",
        ),
    ],
)
def test_a_wrong_order_is_refused_with_what_would_be_right(
    sandbox: SandboxProcess, call: str, order: dict[str, Any], message: str
) -> None:
    reply = httpx.post(f"{sandbox.access.control_url}/salesforce/{call}", json=order, trust_env=False)

    assert reply.status_code == 400
    assert reply.json()["error"].startswith(message)


def test_apps_are_listed_without_their_secrets_and_forgotten_at_a_reset(sandbox: SandboxProcess) -> None:
    an_app(sandbox)
    url = f"{sandbox.access.control_url}/salesforce/connected-apps"

    listed = httpx.get(url, trust_env=False).json()
    sandbox.reset()
    after = httpx.get(url, trust_env=False).json()

    assert [app["name"] for app in listed] == ["Identity Integration", "Shop"]
    assert all("consumer_secret" not in app for app in listed)
    assert [app["consumer_key"] for app in after] == [sandbox.access.salesforce.client_id]
