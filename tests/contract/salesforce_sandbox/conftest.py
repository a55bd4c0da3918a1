"""One sandbox process for all tests of this folder, emptied before each, and clients that are logged in to its org."""

from collections.abc import Iterator
from ssl import create_default_context

import httpx
import pytest
import requests
from simple_salesforce import Salesforce

from crosswalk_sandbox.process import SandboxProcess
from tests.forking import ForkedSandbox

from .comet import Comet
from .pubsub_client import PubSubClient


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with ForkedSandbox(tmp_path_factory.mktemp("sandbox")) as process:
        yield process


@pytest.fixture
def sandbox(sandbox_process: SandboxProcess) -> SandboxProcess:
    sandbox_process.reset()
    return sandbox_process


@pytest.fixture
def anonymous(sandbox: SandboxProcess) -> Iterator[httpx.Client]:
    """A client of the org without a token."""
    tls = create_default_context(cafile=str(sandbox.access.ca_file))
    with httpx.Client(
        base_url=sandbox.access.salesforce.instance_url, verify=tls, timeout=10, trust_env=False
    ) as client:
        yield client


@pytest.fixture
def token(sandbox: SandboxProcess, anonymous: httpx.Client) -> str:
    org = sandbox.access.salesforce
    form = {"grant_type": "client_credentials", "client_id": org.client_id, "client_secret": org.client_secret}
    access_token: str = anonymous.post("/services/oauth2/token", data=form).json()["access_token"]
    return access_token


@pytest.fixture
def http(anonymous: httpx.Client, token: str) -> httpx.Client:
    """A client of the org with a token."""
    anonymous.headers["Authorization"] = f"Bearer {token}"
    return anonymous


@pytest.fixture
def requests_session(sandbox: SandboxProcess) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(sandbox.access.ca_file)
        yield session


@pytest.fixture
def org(sandbox: SandboxProcess, token: str, requests_session: requests.Session) -> Salesforce:
    """The independent client, logged in."""
    return Salesforce(instance_url=sandbox.access.salesforce.instance_url, session_id=token, session=requests_session)


@pytest.fixture
def pubsub(sandbox: SandboxProcess, token: str) -> Iterator[PubSubClient]:
    """An independent client of the Pub/Sub API, logged in."""
    access = sandbox.access.salesforce
    client = PubSubClient(
        access.pubsub_endpoint,
        sandbox.access.ca_file,
        token=token,
        instance_url=access.instance_url,
        tenant_id=access.organization_id,
    )
    yield client
    client.channel.close()


@pytest.fixture
def comet(http: httpx.Client) -> Comet:
    """An independent client of the Streaming API, logged in, that has shaken hands."""
    client = Comet(http)
    assert client.handshake()["successful"] is True
    return client
