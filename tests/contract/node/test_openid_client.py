"""The tenant judged by openid-client, a certified OpenID client; `openid_client.test.mjs` lists what it does."""

from collections.abc import Iterator
from ssl import create_default_context
from typing import Any

import httpx
import pytest

from crosswalk_sandbox.process import Auth0Access
from tests.forking import ForkedSandbox

from .conftest import RunNode

CALLBACK = "https://shop.example/callback"
API = "https://orders.example/api"
ADA = {
    "connection": "Username-Password-Authentication",
    "email": "ada@example.com",
    "password": "Difference-Engine-1",
    "name": "Ada Lovelace",
}


@pytest.fixture
def login_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What a Node process needs to log Ada in to a fresh tenant with two applications and an API."""
    with ForkedSandbox(tmp_path_factory.mktemp("sandbox")) as process:
        ca_file = str(process.access.ca_file)
        url = f"https://{process.access.auth0.domain}"
        with httpx.Client(
            base_url=url, verify=create_default_context(cafile=ca_file), timeout=10, trust_env=False
        ) as client:
            client.headers["authorization"] = f"Bearer {management_token(client, process.access.auth0)}"
            environment = set_up(client)
        yield {"TENANT_URL": url, "NODE_EXTRA_CA_CERTS": ca_file, **environment}


def management_token(client: httpx.Client, access: Auth0Access) -> str:
    """Return a token for the Management API."""
    form = {"client_id": access.client_id, "client_secret": access.client_secret}
    form |= {"grant_type": "client_credentials", "audience": f"https://{access.domain}/api/v2/"}
    return str(client.post("/oauth/token", data=form).raise_for_status().json()["access_token"])


def set_up(client: httpx.Client) -> dict[str, str]:
    """Create what the tests use, by the Management API, and return how it is called."""

    def create(path: str, body: dict[str, Any]) -> Any:
        return client.post(f"/api/v2/{path}", json=body).raise_for_status().json()

    web = create(
        "clients",
        {
            "name": "Shop",
            "app_type": "regular_web",
            "callbacks": [CALLBACK],
            "allowed_logout_urls": ["https://shop.example/bye"],
            "refresh_token": {"rotation_type": "rotating", "expiration_type": "non-expiring"},
        },
    )
    single_page = create("clients", {"name": "Shop in the browser", "app_type": "spa", "callbacks": [CALLBACK]})
    create("resource-servers", {"identifier": API, "scopes": [{"value": "read:orders"}]})
    create("client-grants", {"client_id": web["client_id"], "audience": API, "scope": ["read:orders"]})
    create("users", ADA)
    return {
        "CLIENT_ID": web["client_id"],
        "CLIENT_SECRET": web["client_secret"],
        "PUBLIC_CLIENT_ID": single_page["client_id"],
        "AUDIENCE": API,
        "EMAIL": ADA["email"],
        "PASSWORD": ADA["password"],
    }


def test_openid_client_works_with_the_tenant(run_node: RunNode, login_environment: dict[str, str]) -> None:
    report = run_node("openid_client.test.mjs", login_environment)

    assert "# fail 0" in report
    assert "# pass 13" in report
