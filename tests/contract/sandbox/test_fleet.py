"""Several tenants and orgs in one sandbox: each with its own keys and people, added and removed while it runs."""

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from crosswalk_sandbox.hosted import OrgSpec, TenantSpec
from crosswalk_sandbox.process import Auth0Access, SalesforceAccess, SandboxFailedError, SandboxProcess
from crosswalk_sandbox.server import Sandbox
from tests.forking import ForkedSandbox


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with ForkedSandbox(tmp_path_factory.mktemp("fleet"), tenants=2, orgs=2) as process:
        yield process


@pytest.fixture
def fleet(running: SandboxProcess) -> SandboxProcess:
    running.reset()
    return running


@pytest.fixture
def anyone(running: SandboxProcess) -> Iterator[httpx.Client]:
    tls = ssl.create_default_context(cafile=str(running.access.ca_file))
    with httpx.Client(verify=tls, trust_env=False, timeout=10) as client:
        yield client


def ask_for_token(client: httpx.Client, at: SalesforceAccess, credentials: SalesforceAccess) -> httpx.Response:
    form = {"grant_type": "client_credentials", "client_id": credentials.client_id}
    form["client_secret"] = credentials.client_secret
    return client.post(f"{at.instance_url}/services/oauth2/token", data=form)


def tenant_token(client: httpx.Client, at: Auth0Access, credentials: Auth0Access) -> httpx.Response:
    body = {"grant_type": "client_credentials", "client_id": credentials.client_id}
    body |= {"client_secret": credentials.client_secret, "audience": f"https://{at.domain}/api/v2/"}
    return client.post(f"https://{at.domain}/oauth/token", json=body)


def test_the_first_ones_are_also_known_by_name(fleet: SandboxProcess) -> None:
    access = fleet.access

    assert list(access.tenants) == ["tenant-1", "tenant-2"]
    assert list(access.orgs) == ["org-1", "org-2"]
    assert access.tenants["tenant-1"] == access.auth0
    assert access.orgs["org-1"] == access.salesforce
    assert access.orgs["org-2"].username == "integration@org-2.example"


def test_credentials_are_good_for_their_own_tenant_or_org_alone(fleet: SandboxProcess, anyone: httpx.Client) -> None:
    first_org, second_org = fleet.access.orgs.values()
    first, second = fleet.access.tenants.values()

    assert ask_for_token(anyone, first_org, first_org).status_code == 200
    assert ask_for_token(anyone, first_org, second_org).status_code == 400
    assert tenant_token(anyone, second, second).status_code == 200
    assert tenant_token(anyone, second, first).status_code == 401


def test_token_of_one_org_opens_no_other(fleet: SandboxProcess, anyone: httpx.Client) -> None:
    first, second = fleet.access.orgs.values()
    token = ask_for_token(anyone, first, first).json()["access_token"]

    replies = [
        anyone.get(f"{each.instance_url}/services/data/v62.0/limits", headers={"Authorization": f"Bearer {token}"})
        for each in (first, second)
    ]

    assert [reply.status_code for reply in replies] == [200, 401]


def test_named_calls_reach_the_named_ones_alone(fleet: SandboxProcess) -> None:
    fleet.seed("company", people=10, tenant="tenant-2", org="org-2")
    fleet.administer("save", org="org-1", object="Contact", fields={"LastName": "Byron"})

    first, second = fleet.state(), fleet.state(tenant="tenant-2", org="org-2")
    assert [row["LastName"] for row in first["salesforce"]["Contact"]] == ["Byron"]
    assert (first["auth0"]["counts"]["users"], second["auth0"]["counts"]["users"]) == (0, 6)
    assert len(second["salesforce"]["Contact"]) == 4

    fleet.reset(org="org-2")
    assert fleet.state(org="org-2")["salesforce"]["Contact"] == []
    assert len(fleet.state()["salesforce"]["Contact"]) == 1


def test_trouble_of_one_org_leaves_the_other_alone(fleet: SandboxProcess, anyone: httpx.Client) -> None:
    fleet.faults(org="org-2", status=503)

    first, second = fleet.access.orgs.values()
    assert ask_for_token(anyone, first, first).status_code == 200
    assert ask_for_token(anyone, second, second).status_code == 503


def test_one_more_of_each_comes_and_goes_while_it_runs(fleet: SandboxProcess, anyone: httpx.Client) -> None:
    tenant, org = fleet.add_tenant("acme-test"), fleet.add_org()
    fleet.seed("company", people=10, tenant="acme-test", org="org-3")

    assert tenant_token(anyone, tenant, tenant).status_code == 200
    assert ask_for_token(anyone, org, org).status_code == 200
    assert fleet.state(tenant="acme-test", org="org-3")["auth0"]["counts"]["users"] == 6

    fleet.remove_tenant("acme-test")
    fleet.remove_org("org-3")
    port = int(org.instance_url.rpartition(":")[2])
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), 1):
        pass
    with pytest.raises(SandboxFailedError, match="expected one of the orgs org-1, org-2, found 'org-3'"):
        fleet.state(org="org-3")


@pytest.mark.parametrize(
    ("name", "words"),
    [("Acme", "3 to 63 lower-case letters, digits and dashes"), ("tenant-2", "there is a tenant 'tenant-2' already")],
)
def test_name_that_cannot_be_given_is_refused(fleet: SandboxProcess, name: str, words: str) -> None:
    with pytest.raises(SandboxFailedError, match=words):
        fleet.add_tenant(name)


def test_port_that_is_taken_is_refused_and_leaves_no_member(fleet: SandboxProcess) -> None:
    taken = int(fleet.access.auth0.domain.rpartition(":")[2])

    with pytest.raises(SandboxFailedError, match=f"cannot bind the sandbox's salesforce port {taken}"):
        fleet.add_org("late", port=taken)
    with pytest.raises(SandboxFailedError, match="expected one of the orgs org-1, org-2, found 'late'"):
        fleet.state(org="late")


def test_web_pages_do_not_reach_the_control_api(fleet: SandboxProcess) -> None:
    url = f"{fleet.access.control_url}/reset"

    assert httpx.post(url, headers={"Origin": "https://somewhere.example"}, timeout=10).status_code == 403
    assert httpx.post(url, timeout=10).status_code == 200


async def test_names_and_ports_are_the_callers_to_choose(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    tenants = [TenantSpec("acme-eu"), TenantSpec("acme-us", port=port)]

    async with Sandbox(tmp_path, tenants=tenants, orgs=[OrgSpec("sales")]) as sandbox:
        line = sandbox.ready_line()
        with pytest.raises(ValueError, match="'sales' is the last org"):
            await sandbox.fleet.remove_org("sales")

    assert line["tenants"]["acme-us"]["domain"] == f"127.0.0.1:{port}"
    assert line["auth0"] == line["tenants"]["acme-eu"]
    assert [each.tenant.name for each in sandbox.fleet.tenants.values()] == ["acme-eu", "acme-us"]
