"""The org judged by jsforce 3; `jsforce.test.mjs` lists what it exercises."""

from collections.abc import Iterator
from ssl import create_default_context

import httpx
import pytest

from tests.forking import ForkedSandbox

from .conftest import RunNode


@pytest.fixture
def org_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What a Node process needs to reach a fresh org as its integration user."""
    with ForkedSandbox(tmp_path_factory.mktemp("sandbox")) as process:
        org, ca_file = process.access.salesforce, str(process.access.ca_file)
        form = {"grant_type": "client_credentials", "client_id": org.client_id, "client_secret": org.client_secret}
        with httpx.Client(verify=create_default_context(cafile=ca_file), timeout=10, trust_env=False) as client:
            token: str = client.post(f"{org.instance_url}/services/oauth2/token", data=form).json()["access_token"]
        yield {"ORG_URL": org.instance_url, "ORG_TOKEN": token, "NODE_EXTRA_CA_CERTS": ca_file}


def test_jsforce_works_with_the_org(run_node: RunNode, org_environment: dict[str, str]) -> None:
    report = run_node("jsforce.test.mjs", org_environment)

    assert "# fail 0" in report
    assert "# pass 13" in report
