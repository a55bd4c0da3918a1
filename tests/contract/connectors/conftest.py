"""The sandbox over real TLS in a process of its own, empty for each test, and our connectors to it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from crosswalk.connectors.auth0.client import Auth0Client
from crosswalk.connectors.auth0.settings import Auth0Settings
from crosswalk.connectors.salesforce.client import SalesforceClient
from crosswalk.connectors.salesforce.settings import ClientCredentials, SalesforceSettings
from crosswalk.connectors.secret import Secret
from crosswalk_sandbox.process import SandboxProcess
from tests.forking import ForkedSandbox


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with ForkedSandbox(tmp_path_factory.mktemp("sandbox")) as process:
        yield process


@pytest.fixture
def sandbox(sandbox_process: SandboxProcess) -> SandboxProcess:
    """A sandbox without people, records or troubles."""
    sandbox_process.reset()
    sandbox_process.faults(clear=True)
    sandbox_process.settings(latency_ms=0, daily_limit=100_000, token_lifetime_s=7200)
    sandbox_process.auth0_settings(heartbeat_seconds=15.0, subscription_seconds=240.0, enforce_rate_limit=False)
    return sandbox_process


@pytest.fixture
def salesforce_settings(sandbox: SandboxProcess) -> SalesforceSettings:
    org = sandbox.access.salesforce
    return SalesforceSettings(
        login_url=org.instance_url,
        credentials=ClientCredentials(org.client_id, Secret(org.client_secret)),
        ca_file=sandbox.access.ca_file,
    )


@pytest.fixture
async def org(salesforce_settings: SalesforceSettings) -> AsyncIterator[SalesforceClient]:
    async with SalesforceClient(salesforce_settings) as client:
        yield client


@pytest.fixture
def auth0_settings(sandbox: SandboxProcess) -> Auth0Settings:
    tenant = sandbox.access.auth0
    return Auth0Settings(
        domain=tenant.domain,
        client_id=tenant.client_id,
        client_secret=Secret(tenant.client_secret),
        ca_file=Path(sandbox.access.ca_file),
    )


@pytest.fixture
async def tenant(auth0_settings: Auth0Settings) -> AsyncIterator[Auth0Client]:
    async with Auth0Client(auth0_settings) as client:
        yield client
