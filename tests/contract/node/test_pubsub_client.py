"""The org's events judged by salesforce-pubsub-api-client; `pubsub.test.mjs` lists what it exercises."""

from collections.abc import Iterator
from ssl import create_default_context

import httpx
import pytest

from tests.forking import ForkedSandbox

from .conftest import RunNode


@pytest.fixture
def pubsub_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What a Node process needs to reach a fresh org and its events as its integration user."""
    with ForkedSandbox(tmp_path_factory.mktemp("sandbox")) as process:
        org, ca_file = process.access.salesforce, str(process.access.ca_file)
        form = {"grant_type": "client_credentials", "client_id": org.client_id, "client_secret": org.client_secret}
        with httpx.Client(verify=create_default_context(cafile=ca_file), timeout=10, trust_env=False) as client:
            token: str = client.post(f"{org.instance_url}/services/oauth2/token", data=form).json()["access_token"]
        yield {
            "ORG_URL": org.instance_url,
            "ORG_TOKEN": token,
            "ORG_ID": org.organization_id,
            "PUBSUB_ENDPOINT": org.pubsub_endpoint,
            "CONTROL_URL": process.access.control_url,
            "CLIENT_ID": org.client_id,
            "CLIENT_SECRET": org.client_secret,
            "USERNAME": org.username,
            "PRIVATE_KEY_FILE": str(org.private_key_file),
            "NODE_EXTRA_CA_CERTS": ca_file,
        }


def test_the_pubsub_client_works_with_the_org(run_node: RunNode, pubsub_environment: dict[str, str]) -> None:
    report = run_node("pubsub.test.mjs", pubsub_environment)

    assert "# fail 0" in report
    assert "# pass 7" in report
