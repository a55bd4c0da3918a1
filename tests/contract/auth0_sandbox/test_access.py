from __future__ import annotations

import time
from typing import Any

import httpx
import pytest
from auth0.management import ManagementClient
from auth0.management.errors import TooManyRequestsError, UnauthorizedError
from joserfc import jwt
from joserfc.jwk import KeySet

from crosswalk_sandbox.auth0 import Tenant

from .conftest import CLIENT_ID, CLIENT_SECRET


def request_body(tenant: Tenant, **changes: str) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "audience": f"https://{tenant.domain}/api/v2/",
        **changes,
    }


@pytest.mark.parametrize("encoding", ["json", "data"])
def test_credentials_buy_a_signed_token(http: httpx.Client, tenant: Tenant, encoding: str) -> None:
    sent: dict[str, Any] = {encoding: request_body(tenant)}

    answer = http.post("/oauth/token", **sent).json()

    keys = KeySet.import_key_set(http.get("/.well-known/jwks.json").json())
    claims = jwt.decode(answer["access_token"], keys, algorithms=["RS256"]).claims
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == 86400
    assert "read:users" in answer["scope"].split()
    assert claims["aud"] == f"https://{tenant.domain}/api/v2/"
    assert claims["iss"] == f"https://{tenant.domain}/"
    assert claims["sub"] == "m2m-client@clients"
    assert claims["exp"] - claims["iat"] == 86400


def test_a_wrong_secret_is_refused(http: httpx.Client, tenant: Tenant) -> None:
    answer = http.post("/oauth/token", json=request_body(tenant, client_secret="guessed"))

    assert answer.status_code == 401
    assert answer.json() == {"error": "access_denied", "error_description": "Unauthorized"}


def test_another_audience_is_refused(http: httpx.Client, tenant: Tenant) -> None:
    answer = http.post("/oauth/token", json=request_body(tenant, audience="https://elsewhere.example/"))

    assert answer.status_code == 403
    assert answer.json()["error"] == "access_denied"


def test_discovery_names_the_endpoints(http: httpx.Client, tenant: Tenant) -> None:
    document = http.get("/.well-known/openid-configuration").json()

    assert document["issuer"] == f"https://{tenant.domain}/"
    assert document["token_endpoint"] == f"https://{tenant.domain}/oauth/token"
    assert document["jwks_uri"] == f"https://{tenant.domain}/.well-known/jwks.json"


def test_the_api_wants_a_token(http: httpx.Client) -> None:
    answer = http.get("/api/v2/users")

    assert answer.status_code == 401
    assert answer.json() == {"statusCode": 401, "error": "Unauthorized", "message": "Missing authentication"}


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "eyJhbGciOiJub25lIn0.e30."])
def test_a_token_of_another_issuer_is_refused(tenant: Tenant, http: httpx.Client, token: str) -> None:
    client = ManagementClient(domain=tenant.domain, token=token, httpx_client=http)

    with pytest.raises(UnauthorizedError) as error:
        client.users.get("auth0|1")
    assert error.value.body["message"] == "Invalid token"


def test_an_unknown_path_has_the_vendors_shape(http: httpx.Client, token: str) -> None:
    answer = http.get("/api/v2/nowhere", headers={"authorization": f"Bearer {token}"})

    assert answer.status_code == 404
    assert answer.json() == {"statusCode": 404, "error": "Not Found", "message": "Not Found"}


def test_a_body_that_is_not_json_is_refused(http: httpx.Client, token: str) -> None:
    answer = http.post("/api/v2/users", content=b"{", headers={"authorization": f"Bearer {token}"})

    assert answer.status_code == 400
    assert answer.json()["message"] == "Invalid request payload JSON format"


def test_every_answer_tells_the_state_of_the_limit(http: httpx.Client, token: str, tenant: Tenant) -> None:
    tenant.reset()
    headers = {"authorization": f"Bearer {token}"}

    first = http.get("/api/v2/users", headers=headers)
    second = http.get("/api/v2/users/auth0%7Cnobody", headers=headers)

    assert first.headers["x-ratelimit-limit"] == "50"
    assert first.headers["x-ratelimit-remaining"] == "49"
    assert int(second.headers["x-ratelimit-remaining"]) >= 48
    assert abs(int(first.headers["x-ratelimit-reset"]) - time.time()) < 5


def test_beyond_the_limit_requests_are_refused_when_it_is_enforced(auth0: ManagementClient, tenant: Tenant) -> None:
    tenant.knobs.enforce_rate_limit = True
    tenant.knobs.rate_limit_burst = 3
    tenant.knobs.rate_limit_per_second = 1
    tenant.reset()

    with pytest.raises(TooManyRequestsError) as error:
        for _ in range(5):
            auth0.users.list(request_options={"max_retries": 0})

    assert error.value.body == {
        "statusCode": 429,
        "error": "Too Many Requests",
        "message": "Global limit has been reached",
        "errorCode": "too_many_requests",
    }
    assert (error.value.headers or {})["x-ratelimit-remaining"] == "0"


def test_the_client_recovers_from_the_limit_by_itself(auth0: ManagementClient, tenant: Tenant) -> None:
    tenant.knobs.enforce_rate_limit = True
    tenant.knobs.rate_limit_burst = 3
    tenant.knobs.rate_limit_per_second = 10
    tenant.reset()

    answers = [auth0.users.list() for _ in range(6)]

    assert len(answers) == 6
