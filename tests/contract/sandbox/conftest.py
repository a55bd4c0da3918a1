"""One sandbox process for the tests of faults, time and limits, emptied before each, and clients of both vendors."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import httpx
import pytest
import requests
from auth0.management import ManagementClient
from simple_salesforce import Salesforce

from crosswalk_sandbox.process import SandboxProcess
from tests.forking import ForkedSandbox


@pytest.fixture(scope="session")
def shared_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with ForkedSandbox(tmp_path_factory.mktemp("sandbox")) as process:
        yield process


@pytest.fixture
def sandbox(shared_process: SandboxProcess) -> Iterator[SandboxProcess]:
    shared_process.reset()
    before = shared_process.errors()
    yield shared_process
    assert shared_process.errors() == before


@pytest.fixture
def tls(sandbox: SandboxProcess) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(sandbox.access.ca_file))


@pytest.fixture
def org_http(sandbox: SandboxProcess, tls: ssl.SSLContext) -> Iterator[httpx.Client]:
    """A client of the org with a token."""
    with httpx.Client(
        base_url=sandbox.access.salesforce.instance_url, verify=tls, timeout=5, trust_env=False
    ) as client:
        client.headers["Authorization"] = f"Bearer {org_token(sandbox, client)}"
        yield client


@pytest.fixture
def org(sandbox: SandboxProcess, org_http: httpx.Client) -> Iterator[Salesforce]:
    """The independent client of the org."""
    token = org_http.headers["Authorization"].removeprefix("Bearer ")
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(sandbox.access.ca_file)
        yield Salesforce(instance_url=sandbox.access.salesforce.instance_url, session_id=token, session=session)


@pytest.fixture
def tenant_http(sandbox: SandboxProcess, tls: ssl.SSLContext) -> Iterator[httpx.Client]:
    """A client of the tenant with a token for its Management API."""
    with httpx.Client(
        base_url=f"https://{sandbox.access.auth0.domain}", verify=tls, timeout=5, trust_env=False
    ) as client:
        client.headers["Authorization"] = f"Bearer {tenant_token(sandbox, client)}"
        yield client


@pytest.fixture
def auth0(sandbox: SandboxProcess, tenant_http: httpx.Client, tls: ssl.SSLContext) -> Iterator[ManagementClient]:
    """The independent client of the tenant."""
    token = tenant_http.headers["Authorization"].removeprefix("Bearer ")
    with httpx.Client(verify=tls, timeout=10, trust_env=False) as client:
        yield ManagementClient(domain=sandbox.access.auth0.domain, token=token, httpx_client=client)


def org_token(sandbox: SandboxProcess, http: httpx.Client) -> str:
    """A new access token of the org."""
    org = sandbox.access.salesforce
    form = {"grant_type": "client_credentials", "client_id": org.client_id, "client_secret": org.client_secret}
    return str(http.post("/services/oauth2/token", data=form).json()["access_token"])


def tenant_token(sandbox: SandboxProcess, http: httpx.Client) -> str:
    """A new access token for the tenant's Management API."""
    tenant = sandbox.access.auth0
    body = {
        "grant_type": "client_credentials",
        "client_id": tenant.client_id,
        "client_secret": tenant.client_secret,
        "audience": f"https://{tenant.domain}/api/v2/",
    }
    return str(http.post("/oauth/token", json=body).json()["access_token"])
