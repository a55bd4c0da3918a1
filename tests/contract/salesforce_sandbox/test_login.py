"""Both token flows and their refusals."""

import time
from base64 import b64encode
from typing import Any

import httpx
import jwt
import pytest
import requests
from simple_salesforce import Salesforce, SalesforceAuthenticationFailed, SalesforceExpiredSession

from crosswalk_sandbox.process import SandboxProcess

from .builders import API
from .rerouted import rerouted_to

TOKEN = "/services/oauth2/token"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@pytest.fixture
def rerouted(sandbox: SandboxProcess, requests_session: requests.Session) -> requests.Session:
    return rerouted_to(sandbox.access.salesforce.instance_url, requests_session)


def assertion(sandbox: SandboxProcess, key: str | None = None, **claims: Any) -> dict[str, str]:
    org = sandbox.access.salesforce
    payload = {"iss": org.client_id, "sub": org.username, "aud": "https://login.salesforce.com"}
    payload |= {"exp": int(time.time()) + 180, **claims}
    signed = jwt.encode(payload, key or org.private_key_file.read_text(), algorithm="RS256")
    return {"grant_type": JWT_BEARER, "assertion": signed}


def test_client_credentials_reply_has_the_vendors_members(sandbox: SandboxProcess, anonymous: httpx.Client) -> None:
    org = sandbox.access.salesforce
    form = {"grant_type": "client_credentials", "client_id": org.client_id, "client_secret": org.client_secret}

    reply = anonymous.post(TOKEN, data=form)

    assert reply.status_code == 200
    assert reply.headers["content-type"] == "application/json;charset=UTF-8"
    body = reply.json()
    assert set(body) == {"access_token", "instance_url", "id", "token_type", "issued_at", "signature", "scope"}
    assert body["access_token"].startswith("00D")
    assert body["access_token"][15] == "!"
    assert body["instance_url"] == org.instance_url
    assert body["token_type"] == "Bearer"
    assert abs(int(body["issued_at"]) / 1000 - time.time()) < 60


def test_client_credentials_may_come_in_the_authorization_header(
    sandbox: SandboxProcess, anonymous: httpx.Client
) -> None:
    org = sandbox.access.salesforce
    basic = b64encode(f"{org.client_id}:{org.client_secret}".encode()).decode()

    reply = anonymous.post(
        TOKEN, data={"grant_type": "client_credentials"}, headers={"Authorization": f"Basic {basic}"}
    )

    assert reply.status_code == 200


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"client_id": "nobody"}, {"error": "invalid_client_id", "error_description": "client identifier invalid"}),
        ({"client_secret": "wrong"}, {"error": "invalid_client", "error_description": "invalid client credentials"}),
        (
            {"grant_type": "magic"},
            {"error": "unsupported_grant_type", "error_description": "grant type not supported"},
        ),
    ],
)
def test_wrong_client_is_refused_in_the_vendors_words(
    sandbox: SandboxProcess, anonymous: httpx.Client, change: dict[str, str], expected: dict[str, str]
) -> None:
    org = sandbox.access.salesforce
    form = {"grant_type": "client_credentials", "client_id": org.client_id, "client_secret": org.client_secret}

    reply = anonymous.post(TOKEN, data=form | change)

    assert (reply.status_code, reply.json()) == (400, expected)


def test_signed_assertion_opens_the_api(sandbox: SandboxProcess, anonymous: httpx.Client) -> None:
    reply = anonymous.post(TOKEN, data=assertion(sandbox))

    assert set(reply.json()) == {"access_token", "instance_url", "id", "token_type", "scope"}
    header = {"Authorization": f"Bearer {reply.json()['access_token']}"}
    assert anonymous.get(f"{API}/limits", headers=header).status_code == 200


def test_assertion_may_be_addressed_to_the_orgs_own_host(sandbox: SandboxProcess, anonymous: httpx.Client) -> None:
    reply = anonymous.post(TOKEN, data=assertion(sandbox, aud=sandbox.access.salesforce.instance_url))

    assert reply.status_code == 200


@pytest.mark.parametrize(
    ("claims", "error", "description"),
    [
        ({"sub": "someone@else.example"}, "invalid_grant", "user hasn't approved this consumer"),
        ({"aud": "https://elsewhere.example"}, "invalid_grant", "audience is invalid"),
        ({"exp": 1_600_000_000}, "invalid_grant", "expired authorization code"),
        ({"exp": 32_503_680_000}, "invalid_grant", "invalid assertion"),
        ({"exp": "soon"}, "invalid_grant", "invalid assertion"),
        ({"iss": "nobody"}, "invalid_client_id", "client identifier invalid"),
    ],
)
def test_wrong_claim_is_refused_in_the_vendors_words(
    sandbox: SandboxProcess, anonymous: httpx.Client, claims: dict[str, Any], error: str, description: str
) -> None:
    org = sandbox.access.salesforce
    payload = {"iss": org.client_id, "sub": org.username, "aud": "https://login.salesforce.com"}
    payload |= {"exp": int(time.time()) + 180, **claims}
    signed = jwt.api_jws.encode(
        httpx.Request("POST", "https://x", json=payload).content, org.private_key_file.read_text(), algorithm="RS256"
    )

    reply = anonymous.post(TOKEN, data={"grant_type": JWT_BEARER, "assertion": signed})

    assert (reply.status_code, reply.json()) == (400, {"error": error, "error_description": description})


def test_assertion_signed_with_another_key_is_refused(sandbox: SandboxProcess, anonymous: httpx.Client) -> None:
    server_key = (sandbox.access.ca_file.parent / "server.pem").read_text()
    signed = jwt.encode(
        {"iss": sandbox.access.salesforce.client_id}, server_key[: server_key.index("-----BEGIN CERT")], "ES256"
    )

    reply = anonymous.post(TOKEN, data={"grant_type": JWT_BEARER, "assertion": signed})

    assert reply.json() == {"error": "invalid_grant", "error_description": "invalid assertion"}


def test_independent_client_logs_in_with_its_own_jwt_flow(sandbox: SandboxProcess, rerouted: requests.Session) -> None:
    access = sandbox.access.salesforce

    org = Salesforce(
        username=access.username,
        consumer_key=access.client_id,
        privatekey_file=str(access.private_key_file),
        session=rerouted,
    )

    assert org.session_id.startswith("00D")


def test_independent_client_logs_in_with_its_own_client_credentials_flow(
    sandbox: SandboxProcess, rerouted: requests.Session
) -> None:
    access = sandbox.access.salesforce

    org = Salesforce(
        consumer_key=access.client_id, consumer_secret=access.client_secret, domain="my-org.my", session=rerouted
    )

    assert org.session_id.startswith("00D")


def test_independent_client_sees_why_it_is_refused(sandbox: SandboxProcess, rerouted: requests.Session) -> None:
    access = sandbox.access.salesforce

    with pytest.raises(SalesforceAuthenticationFailed, match="invalid client credentials"):
        Salesforce(consumer_key=access.client_id, consumer_secret="wrong", domain="my-org.my", session=rerouted)


def test_call_without_a_token_is_refused(anonymous: httpx.Client) -> None:
    reply = anonymous.get(f"{API}/limits")

    assert reply.status_code == 401
    assert reply.json() == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


def test_revoked_token_is_refused(sandbox: SandboxProcess, org: Salesforce) -> None:
    org.limits()

    sandbox.faults(revoke_tokens=True)

    with pytest.raises(SalesforceExpiredSession):
        org.limits()


def test_token_lives_as_long_as_the_org_is_set_to(sandbox: SandboxProcess, anonymous: httpx.Client) -> None:
    sandbox.settings(token_lifetime_s=0)
    body = anonymous.post(TOKEN, data=assertion(sandbox)).json()

    reply = anonymous.get(f"{API}/limits", headers={"Authorization": f"Bearer {body['access_token']}"})

    assert reply.status_code == 401
