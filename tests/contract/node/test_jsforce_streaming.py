"""The org's Streaming API judged by jsforce 3; `jsforce_streaming.test.mjs` lists what it exercises."""

from collections.abc import Iterator

import pytest

from tests.forking import ForkedSandbox

from .conftest import RunNode


@pytest.fixture
def streaming_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What a Node process needs to log in to a fresh org, and to trouble its events."""
    with ForkedSandbox(tmp_path_factory.mktemp("sandbox")) as process:
        org = process.access.salesforce
        yield {
            "ORG_URL": org.instance_url,
            "CLIENT_ID": org.client_id,
            "CLIENT_SECRET": org.client_secret,
            "CONTROL_URL": process.access.control_url,
            "NODE_EXTRA_CA_CERTS": str(process.access.ca_file),
        }


def test_jsforce_streams_the_events_of_the_org(run_node: RunNode, streaming_environment: dict[str, str]) -> None:
    report = run_node("jsforce_streaming.test.mjs", streaming_environment)

    assert "# fail 0" in report
    assert "# pass 10" in report
