"""An Action of the tenant, as openid-client sees it: `actions.test.mjs`."""

from ssl import create_default_context

import httpx
import pytest

from tests.forking import ForkedSandbox

from .conftest import RunNode
from .test_openid_client import management_token, set_up

CODE = """
exports.onExecutePostLogin = async (event, api) => {
  const reply = await fetch(`https://${event.request.hostname}/.well-known/openid-configuration`);
  api.idToken.setCustomClaim('https://shop.example/issuer', (await reply.json()).issuer);
};
"""


@pytest.fixture(scope="module")
def action_environment(tmp_path_factory: pytest.TempPathFactory):
    """A tenant with a person, an application and one Action, and how the test reaches them."""
    with ForkedSandbox(tmp_path_factory.mktemp("sandbox")) as process:
        ca_file, url = str(process.access.ca_file), f"https://{process.access.auth0.domain}"
        tls = create_default_context(cafile=ca_file)
        with httpx.Client(base_url=url, verify=tls, timeout=10, trust_env=False) as client:
            client.headers["authorization"] = f"Bearer {management_token(client, process.access.auth0)}"
            environment = set_up(client)
            bind_action(client)
        yield {"TENANT_URL": url, "NODE_EXTRA_CA_CERTS": ca_file, **environment}


def bind_action(client: httpx.Client) -> None:
    """Create, deploy and bind the Action by plain requests."""
    triggers = [{"id": "post-login", "version": "v3"}]
    body = {"name": "Issuer", "supported_triggers": triggers, "code": CODE}
    action_id = client.post("/api/v2/actions/actions", json=body).raise_for_status().json()["id"]
    client.post(f"/api/v2/actions/actions/{action_id}/deploy").raise_for_status()
    bindings = [{"ref": {"type": "action_id", "value": action_id}}]
    client.patch("/api/v2/actions/triggers/post-login/bindings", json={"bindings": bindings}).raise_for_status()


def test_openid_client_sees_the_claim_of_an_action(run_node: RunNode, action_environment: dict[str, str]) -> None:
    report = run_node("actions.test.mjs", action_environment)

    assert "# fail 0" in report
    assert "# pass 1" in report
